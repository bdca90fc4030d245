//! The lines of a plan.

use std::fmt;

use upshift_files::{MigrationId, Phase};

use super::step::{Step, Texts};

/// One line of a plan.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Entry {
    /// This runs.
    Run(Box<Step>),
    /// This is pending and does not run.
    Blocked(Blocked),
    /// The down of an applied migration was edited: the new text is kept in the history.
    Record(Box<RecordDown>),
}

/// A pending migration that does not run, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Blocked {
    /// Which.
    pub id: MigrationId,
    /// What a person calls it.
    pub label: String,
    /// By what.
    pub by: BlockedBy,
}

/// What a pending migration waits for.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum BlockedBy {
    /// On a database in use a backfill runs beside the service, and a contract when its gate opens: `Migrator::join` sees
    /// to both. `Target::Only` runs them at once.
    Phase(Phase),
    /// It requires a migration that is not applied.
    Requires(MigrationId),
}

/// The down of an applied migration that was edited.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct RecordDown {
    /// Which migration.
    pub id: MigrationId,
    /// What a person calls it.
    pub label: String,
    pub(crate) name: String,
    pub(crate) texts: Texts,
}

/// Something a person should know though nothing follows from it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Note {
    /// Applied, above the head of the set: an older binary on a newer schema.
    Newer(String),
    /// Applied, older than the head, not in the set, and accepted by the policy.
    Missing(String),
    /// Stays applied though everything is reverted: it has no down.
    Stays(String),
    /// Somebody had changed the schema before this run: what and where, in one line. It is drift still.
    Drifted(String),
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Entry::Run(step) => step.fmt(f),
            Entry::Blocked(blocked) => write!(f, "blocked {}: {}", blocked.label, blocked.by),
            Entry::Record(record) => write!(f, "record  {}: its down was edited", record.label),
        }
    }
}

impl fmt::Display for BlockedBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            BlockedBy::Phase(Phase::Contract) => {
                f.write_str("a contract waits for its gate, which `migrator.join()` looks after")
            }
            BlockedBy::Phase(phase) => {
                write!(f, "a {phase} runs beside the service, which `migrator.join()` looks after")
            }
            BlockedBy::Requires(MigrationId::Version(version)) => {
                write!(f, "requires {version}, which is not applied")
            }
            BlockedBy::Requires(MigrationId::Repeatable(name)) => {
                write!(f, "requires R__{name}, which is not applied")
            }
        }
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Note::Newer(label) => write!(f, "{label} is applied and newer than this binary"),
            Note::Missing(label) => {
                write!(f, "{label} is applied and missing in this binary, accepted by the policy")
            }
            Note::Drifted(summary) => f.write_str(summary),
            Note::Stays(label) => write!(f, "{label} has no down and stays applied"),
        }
    }
}
