//! What will be done and why, as a value: pure functions of the set, the history and the policy.

mod again;
pub(crate) mod batched;
mod down;
mod entry;
pub(crate) mod message;
mod record;
mod refusal;
mod renumbered;
mod script;
mod step;
#[cfg(test)]
mod tests;
mod to_sql;
mod up;

use std::fmt;

use upshift_files::Version;

pub(crate) use again::refuse_again;
pub(crate) use batched::parts as name_parts;
pub(crate) use batched::{BatchBody, Batched, Bounds, Cut, Sent};
pub use entry::{Blocked, BlockedBy, Entry, Note, RecordDown};
pub(crate) use message as messages;
pub(crate) use message::{Lease, Message, Param, Purpose, Writer};
pub(crate) use refusal::Unplanned;
pub use refusal::{Refusal, RefusalKind};
pub use renumbered::Renumbered;
pub(crate) use renumbered::{Begun, Going, Known, renumbered};
pub(crate) use script::{Mode, SqlScript, Unit};
pub use step::{Direction, Reason, Step, StepMode};
pub(crate) use step::{StepBody, Texts};

pub(crate) use down::{DownRequest, selected};
pub(crate) use up::{UpRequest, late_behind, newest_applied, unknown_target, waits_on_purpose};

use crate::settings::Grouping;

/// How far `up` goes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Target {
    /// Everything pending, repeatables too.
    #[default]
    Head,
    /// Every pending migration up to and including this version.
    Version(Version),
    /// This many pending migrations: versions in their order, then repeatables.
    Steps(usize),
    /// These migrations and no others, in version order; also those a gate would block.
    Only(Vec<Version>),
}

/// How far `down` goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum DownTarget {
    /// The last so many, in the reverse order of their application.
    Steps(usize),
    /// Everything above this version, which itself stays.
    Version(Version),
    /// This one and no other, whatever was applied later; refused where something that is applied requires it, or where
    /// neither the set nor the history has it.
    Only(Version),
    /// Everything.
    All,
}

/// What will be done, in order, and why; what is blocked, and by what.
///
/// `Display` is what a person reads; [`Plan::to_sql`] what psql can run.
#[derive(Debug, Clone)]
pub struct Plan {
    pub(crate) direction: Direction,
    pub(crate) entries: Vec<Entry>,
    pub(crate) notes: Vec<Note>,
    pub(crate) grouping: Grouping,
    pub(crate) writer: Writer,
}

impl Plan {
    /// Every entry in order: what runs, what is blocked.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The steps that run, in order.
    pub fn steps(&self) -> impl Iterator<Item = &Step> {
        self.entries.iter().filter_map(|entry| match entry {
            Entry::Run(step) => Some(step.as_ref()),
            Entry::Blocked(_) | Entry::Record(_) => None,
        })
    }

    /// The steps that go on with something that stopped in the middle.
    pub(crate) fn resumed(&self) -> impl Iterator<Item = &Step> {
        self.steps().filter(|step| matches!(step.reason, Reason::Resumed { .. }))
    }

    /// What is pending and blocked.
    pub fn blocked(&self) -> impl Iterator<Item = &Blocked> {
        self.entries.iter().filter_map(|entry| match entry {
            Entry::Blocked(blocked) => Some(blocked),
            Entry::Run(_) | Entry::Record(_) => None,
        })
    }

    /// What a person should know though nothing follows from it: newer migrations, accepted missing ones.
    pub fn notes(&self) -> &[Note] {
        &self.notes
    }

    /// Which way it goes.
    pub fn direction(&self) -> Direction {
        self.direction
    }

    /// Whether carrying it out would write nothing.
    pub fn is_empty(&self) -> bool {
        !self.entries.iter().any(|entry| matches!(entry, Entry::Run(_) | Entry::Record(_)))
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.entries.is_empty() {
            writeln!(f, "nothing to do")?;
        }
        for entry in &self.entries {
            writeln!(f, "{entry}")?;
        }
        self.notes.iter().try_for_each(|note| writeln!(f, "note: {note}"))
    }
}
