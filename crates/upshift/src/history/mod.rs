//! What the database remembers: read here, written by `execute` alone.

#[macro_use]
mod parts;
pub(crate) mod backfill;
pub(crate) mod fleet;
pub(crate) mod health;
pub(crate) mod key;
pub(crate) mod lock;
pub(crate) mod privilege;
pub(crate) mod renumber;
pub(crate) mod snapshot;
pub(crate) mod sql;
mod tables;

use std::collections::BTreeMap;
use std::fmt;

use upshift_files::{Checksum, MigrationId, Phase};

/// What the database remembers of the migrations, as plain data.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct History {
    /// In the order of application.
    rows: Vec<Applied>,
    /// Where in `rows` each migration is: every pending one is looked up at every boot.
    places: BTreeMap<MigrationId, usize>,
}

/// One migration the database remembers.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Applied {
    /// Its place in the order of application.
    pub ordinal: i64,
    /// Its version, or that it is repeatable.
    pub id: MigrationId,
    /// Its name.
    pub name: String,
    /// Which part of a rollout it is.
    pub phase: Phase,
    /// How far it got.
    pub state: AppliedState,
    /// Checksum of the up section that was applied; `None` for a baseline.
    pub up_checksum: Option<Checksum>,
    /// Checksum of the down section that is kept; `None` when there is none.
    pub down_checksum: Option<Checksum>,
}

/// How far a remembered migration got.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum AppliedState {
    /// Applied whole.
    Applied,
    /// Accepted as there by `baseline`, never run by this library.
    Baseline,
    /// Its up stopped after so many statements, and goes on there.
    UpFailed {
        /// Statements that are done.
        done: usize,
    },
    /// Its down stopped after so many statements, and goes on there.
    DownFailed {
        /// Statements that are done.
        done: usize,
    },
}

impl Applied {
    /// Whether it has taken something away, or has begun to: no code that needs that may start.
    pub(crate) fn is_fence(&self) -> bool {
        self.phase == Phase::Contract && !matches!(self.state, AppliedState::DownFailed { .. })
    }

    /// What a person calls it: `20260514093000_add_status`, `R__active_users`.
    pub fn label(&self) -> String {
        match &self.id {
            MigrationId::Version(version) => format!("{version}_{}", self.name),
            MigrationId::Repeatable(name) => format!("R__{name}"),
        }
    }
}

impl History {
    /// A history with these rows, as a test of a plan wants one.
    pub fn of(rows: impl IntoIterator<Item = Applied>) -> History {
        let mut rows: Vec<Applied> = rows.into_iter().collect();
        rows.sort_by_key(|row| row.ordinal);
        let places = rows.iter().enumerate().map(|(place, row)| (row.id.clone(), place)).collect();
        History { rows, places }
    }

    /// The history of a database that was never migrated.
    pub(crate) const fn nothing() -> History {
        History { rows: Vec::new(), places: BTreeMap::new() }
    }

    /// The rows in the order of application.
    pub fn iter(&self) -> impl Iterator<Item = &Applied> {
        self.rows.iter()
    }

    /// The row of this migration.
    pub fn get(&self, id: &MigrationId) -> Option<&Applied> {
        self.rows.get(*self.places.get(id)?)
    }

    /// Whether nothing was ever applied.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }
}

impl fmt::Display for AppliedState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            AppliedState::Applied => f.write_str("applied"),
            AppliedState::Baseline => f.write_str("baseline"),
            AppliedState::UpFailed { done } => write!(f, "failed at statement {}", done + 1),
            AppliedState::DownFailed { done } => write!(f, "failed at statement {} of its down", done + 1),
        }
    }
}

/// The texts of a migration as they were applied.
#[derive(Debug, Clone, Default)]
pub(crate) struct Texts {
    pub(crate) up: Option<String>,
    pub(crate) down: Option<String>,
    pub(crate) irreversible: Option<String>,
    /// The indexes that were there when the statement that did not finish began.
    pub(crate) indexes_before: Option<Vec<u32>>,
    /// Why it did not finish.
    pub(crate) error: Option<String>,
}
