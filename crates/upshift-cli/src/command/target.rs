//! How far `up` and `down` go, as arguments.

use clap::Args;
use upshift::{DownTarget, Target, Version};

/// How far to go.
#[derive(Debug, Clone, Default, Args)]
#[group(multiple = false)]
pub(crate) struct UpTo {
    /// Up to and including this version.
    #[arg(long, value_name = "VERSION")]
    pub(crate) to: Option<Version>,
    /// So many migrations; repeatables are counted behind the versions.
    #[arg(long, short = 'n', value_name = "N")]
    pub(crate) count: Option<usize>,
    /// These and no others, also those that a gate would block. May be said more than once.
    #[arg(long, value_name = "VERSION")]
    pub(crate) only: Vec<Version>,
}

impl UpTo {
    pub(crate) fn target(&self) -> Target {
        match (self.to, self.count, self.only.as_slice()) {
            (Some(version), ..) => Target::Version(version),
            (None, Some(count), _) => Target::Steps(count),
            (None, None, []) => Target::Head,
            (None, None, only) => Target::Only(only.to_vec()),
        }
    }
}

/// How far to go back; the last migration alone, unless said.
#[derive(Debug, Clone, Default, Args)]
#[group(multiple = false)]
pub(crate) struct DownTo {
    /// Everything above this version, which itself stays.
    #[arg(long, value_name = "VERSION")]
    pub(crate) to: Option<Version>,
    /// So many migrations [default: 1].
    #[arg(long, short = 'n', value_name = "N")]
    pub(crate) count: Option<usize>,
    /// This one and no other, whatever was applied later.
    #[arg(long, value_name = "VERSION")]
    pub(crate) only: Option<Version>,
    /// Everything.
    #[arg(long)]
    pub(crate) all: bool,
}

impl DownTo {
    pub(crate) fn target(&self) -> DownTarget {
        match (self.to, self.count, self.only) {
            _ if self.all => DownTarget::All,
            (Some(version), ..) => DownTarget::Version(version),
            (None, Some(count), _) => DownTarget::Steps(count),
            (None, None, Some(version)) => DownTarget::Only(version),
            (None, None, None) => DownTarget::Steps(1),
        }
    }
}
