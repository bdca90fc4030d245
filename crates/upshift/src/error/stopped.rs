//! Why a backfill is not begun, or does not go on.

use std::fmt;
use std::time::Duration;

use crate::report::human;

/// Why a backfill is not begun, or does not go on.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Stopped {
    /// Its table is not there.
    NoTable {
        /// As the header names it.
        table: String,
    },
    /// What the header names is no table whose rows can be gone over, such as a view.
    NotATable {
        /// With its schema.
        table: String,
    },
    /// Row-level security hides rows of the table from the role.
    HiddenRows {
        /// With its schema.
        table: String,
    },
    /// The column that the header names does not order the table.
    NoKey {
        /// The column.
        key: String,
        /// The table, with its schema.
        table: String,
    },
    /// The table has no key, and the migration no `verify` section.
    NoVerify {
        /// The table, with its schema.
        table: String,
    },
    /// The table has no key, so its rows may be met twice, and the statement does not bear that.
    Twice {
        /// The table, with its schema.
        table: String,
    },
    /// The table has no key, and the statement names the ends of a range of one.
    NoEnds {
        /// The table, with its schema.
        table: String,
    },
    /// Batches of another text are done.
    Changed,
    /// It has begun under another number.
    Elsewhere {
        /// That number.
        version: upshift_files::Version,
    },
    /// Its code is not registered with this migrator.
    NoCode,
    /// It is no backfill that runs in batches.
    NotInBatches,
    /// It is blocked; by what, in words.
    Blocked {
        /// As the plan says it.
        by: String,
    },
    /// It never began, so there is nothing to say about it.
    NotBegun,
    /// An operator has paused it.
    Paused {
        /// Who, and why.
        words: String,
    },
    /// An operator has cancelled it.
    Cancelled {
        /// Who, and why.
        words: String,
    },
    /// A batch failed, in another process.
    Failed {
        /// Of what.
        words: String,
    },
    /// It has held for too long.
    Held {
        /// Why.
        why: String,
        /// For how long.
        held: Duration,
    },
    /// It went over a table without a key so many times, and its `verify` section is still not true.
    NeverTrue {
        /// How many times.
        passes: u32,
    },
    /// Its state is another one than what was asked for needs.
    NotNow {
        /// What was asked for.
        asked: &'static str,
        /// Its state.
        state: String,
    },
}

impl fmt::Display for Stopped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Stopped::NoTable { table } => write!(f, "its table {table} is not there"),
            Stopped::NotATable { table } => write!(f, "{table} is no table"),
            Stopped::HiddenRows { table } => {
                write!(f, "row-level security hides rows of {table} from this role")
            }
            Stopped::NoKey { key, table } => write!(f, "its key {key} does not order the table {table}"),
            Stopped::NoVerify { table } => {
                write!(f, "the table {table} has no key, and the migration no verify section")
            }
            Stopped::Twice { table } => {
                write!(f, "the table {table} has no key, so a row that moves may be inserted twice")
            }
            Stopped::NoEnds { table } => {
                write!(f, "the table {table} has no key, and its statement says `:from` and `:to`")
            }
            Stopped::Changed => f.write_str("it was edited after some of its batches were done"),
            Stopped::Elsewhere { version } => write!(f, "it has begun under the number {version}"),
            Stopped::NoCode => f.write_str("its Rust code is not registered with this migrator"),
            Stopped::NotInBatches => f.write_str("it is no pending backfill that runs batch by batch"),
            Stopped::Blocked { by } => write!(f, "it is blocked: {by}"),
            Stopped::NotBegun => f.write_str("it has not begun, or is applied already"),
            Stopped::Paused { words } => write!(f, "it is paused {words}"),
            Stopped::Cancelled { words } => write!(f, "it is cancelled {words}"),
            Stopped::Failed { words } => write!(f, "one of its batches failed: {words}"),
            Stopped::Held { why, held } => write!(f, "it has held for {}: {why}", human(*held)),
            Stopped::NeverTrue { passes } => {
                write!(f, "its verify section is not true after {passes} passes over its table")
            }
            Stopped::NotNow { asked, state } => write!(f, "it cannot be {asked}: it is {state}"),
        }
    }
}

impl Stopped {
    /// What to do now, in one line.
    pub fn help(&self) -> &'static str {
        match self {
            Stopped::NoTable { .. } => "apply the migration that makes it first, or name it with its schema",
            Stopped::Elsewhere { .. } => {
                "accept the new numbers with `migrator.repair().accept_renumbered(\"why\")`: it goes on where it stopped"
            }
            Stopped::NotATable { .. } => "name a table, partitioned or not",
            Stopped::HiddenRows { .. } => {
                "run backfills as a role with BYPASSRLS, or as the owner of a table without FORCE ROW LEVEL SECURITY: what \
                 it does not see it does not fill, and its verify section would not see either"
            }
            Stopped::NoKey { .. } => {
                "name a column that is never null and that a valid btree index begins with, or leave `key=` out"
            }
            Stopped::NoVerify { .. } => {
                "without a key rows may move while it runs: add a `-- upshift: verify` section that is true when all are \
                 done, or give the table a key"
            }
            Stopped::Twice { .. } | Stopped::NoEnds { .. } => {
                "give the table a primary key, or write an UPDATE or DELETE without `:from` and `:to`"
            }
            Stopped::Changed => {
                "put the text back, go on with the new one (`migrator.backfills().accept_text(version)`), or begin anew \
                 (`migrator.backfills().restart(version)`)"
            }
            Stopped::NoCode => "register it with `Migrator::backfill(version, …)`",
            Stopped::NotInBatches => {
                "name a pending migration whose header says `-- upshift: backfill table=…`"
            }
            Stopped::Blocked { .. } => "apply first what it requires",
            Stopped::NotBegun => "see `migrator.backfills().progress()` for what has",
            Stopped::Paused { .. } => "let it go on with `migrator.backfills().resume(version)`",
            Stopped::Cancelled { .. } => "begin it anew with `migrator.backfills().restart(version)`",
            Stopped::Failed { .. } => {
                "mend what it says, then `migrator.backfills().resume(version)` or apply the migration by name"
            }
            Stopped::Held { .. } => {
                "run again when that is over, or set other limits with `Migrator::backfill_policy`"
            }
            Stopped::NeverTrue { .. } => {
                "give the table a key, or see what keeps on writing rows that its statement does not mend"
            }
            Stopped::NotNow { .. } => "see `migrator.backfills().progress()`",
        }
    }
}
