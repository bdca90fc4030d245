//! What a trace saw, as values.

use std::time::Duration;

use upshift::files::SectionKind;
use upshift::{Around, Direction, MigrationId};
use upshift_lint::effect::Major;
use upshift_lint::statement::{LockMode, Name};

/// What a migration set did to a real database, statement by statement. `Display` is the table a person reads.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Trace {
    /// The server's major version.
    pub major: Major,
    /// The migrations, in the order they ran.
    pub steps: Vec<TracedStep>,
    /// The tables that stayed empty although rows were asked for.
    pub empty: Vec<EmptyTable>,
}

/// One migration.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct TracedStep {
    /// Which one.
    pub id: MigrationId,
    /// What a person calls it.
    pub label: String,
    /// Which way it went.
    pub direction: Direction,
    /// What stood in the tables there were.
    pub rows: Rows,
    /// Its statements, in the order they ran; those of its guard and verify among them.
    pub statements: Vec<TracedStatement>,
}

/// What stood in the tables before a migration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rows {
    /// A few rows in each, but for [`Trace::empty`]; or none, where none were asked for.
    AsAsked,
    /// None but those of the migrations: with rows it fails, in these words of the server.
    FailsWithRows {
        /// The server's words.
        words: String,
    },
}

/// One statement.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct TracedStatement {
    /// The section it stands in.
    pub section: SectionKind,
    /// Which of the section's statements it is, from 0.
    pub number: usize,
    /// Its text; `None` for Rust code.
    pub text: Option<String>,
    /// Whether it ran in a transaction.
    pub around: Around,
    /// Every lock it took on a relation that others can see, and did not have before.
    pub locks: Vec<TracedLock>,
    /// The relations that it wrote anew, into another file.
    pub rewrites: Vec<Seen>,
    /// The indexes that it dropped and built again under their name, into another file.
    pub rebuilds: Vec<Seen>,
    /// The tables that it read from one end to the other; outside of transactions the server tells from 15 on.
    pub scans: Vec<Scan>,
    /// The relations it made.
    pub made: Vec<Name>,
    /// The relations it dropped.
    pub dropped: Vec<Name>,
    /// How often it waited for other transactions to end, whatever they do: statements outside of transactions alone.
    pub waits: usize,
    /// How long it took.
    pub took: Duration,
    /// How much the server wrote into its log meanwhile.
    pub wal: u64,
}

/// A relation, and the table that those have to do with who meet it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Seen {
    /// The relation itself.
    pub relation: Name,
    /// The table it is an index or the TOAST table of; the relation where it is neither.
    pub table: Name,
}

/// A lock.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct TracedLock {
    /// What is locked.
    pub on: Seen,
    /// How.
    pub mode: LockMode,
    /// How long: to the end of its transaction, without the time that looking took.
    pub held: Duration,
}

/// A table that was read whole.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Scan {
    /// The table.
    pub table: Name,
    /// How often.
    pub times: u64,
    /// How many rows it gave.
    pub tuples: u64,
}

/// A table that stayed empty.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct EmptyTable {
    /// The table.
    pub table: Name,
    /// Before which migration that was seen first.
    pub behind: String,
    /// The server's words.
    pub why: String,
}

impl Seen {
    /// Whether it is an index or a TOAST table.
    pub fn is_part(&self) -> bool {
        self.relation != self.table
    }
}

impl TracedStatement {
    /// The strongest lock it took on a relation.
    pub fn strongest(&self, relation: &Name) -> Option<LockMode> {
        self.locks.iter().filter(|lock| lock.on.relation == *relation).map(|lock| lock.mode).max()
    }
}
