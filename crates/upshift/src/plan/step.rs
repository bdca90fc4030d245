//! One step of a plan: one migration, one direction.

use std::fmt;
use std::time::Duration;

use upshift_files::{Checksum, Migration, MigrationId, Phase, Transaction, Version};

use super::batched::Batched;
use super::script::{Mode, SqlScript};

/// Which way a step goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Direction {
    /// Apply.
    Up,
    /// Revert.
    Down,
}

/// Why a step is in the plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reason {
    /// It is pending.
    Pending,
    /// It is pending and older than an applied one, which the policy allows.
    OutOfOrder,
    /// A repeatable migration whose text is another one than was applied.
    Edited,
    /// A repeatable migration; something was reverted since, and what it made may be gone with that.
    Again,
    /// It stopped in the middle and goes on after so many statements.
    Resumed {
        /// How many statements are done.
        done: usize,
    },
    /// The target of a `down` asks for it.
    Reverted,
    /// The target of a `down` asks for it; its down comes from the history, since this binary has none.
    RevertedFromHistory,
}

/// How a step is run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum StepMode {
    /// In one transaction, together with its history row.
    InTransaction,
    /// Statement by statement, the place kept after each.
    OneByOne,
    /// Batch by batch over the rows of a table, each batch in a transaction of its own; its history row behind the last.
    InBatches,
}

/// One migration, one direction.
#[derive(Debug, Clone)]
pub struct Step {
    pub(crate) id: MigrationId,
    pub(crate) label: String,
    pub(crate) name: String,
    pub(crate) path: String,
    pub(crate) direction: Direction,
    pub(crate) reason: Reason,
    pub(crate) phase: Phase,
    pub(crate) body: StepBody,
    pub(crate) guard: Option<SqlScript>,
    pub(crate) verify: Option<SqlScript>,
    pub(crate) lock_timeout: Option<Duration>,
    pub(crate) statement_timeout: Option<Duration>,
    pub(crate) texts: Texts,
    /// The row of the history, when there is one already.
    pub(crate) ordinal: Option<i64>,
    /// Statements that are done already.
    pub(crate) done: usize,
}

/// What a step runs.
#[derive(Debug, Clone)]
pub(crate) enum StepBody {
    Sql(SqlScript),
    /// A Rust function, found by the path of its text.
    Code {
        path: String,
        transaction: Transaction,
    },
    Backfill(Box<Batched>),
}

/// What the history keeps of a migration.
#[derive(Debug, Clone, Default)]
pub(crate) struct Texts {
    pub(crate) up_checksum: Option<Checksum>,
    pub(crate) down_checksum: Option<Checksum>,
    pub(crate) verify_checksum: Option<Checksum>,
    pub(crate) guard_checksum: Option<Checksum>,
    pub(crate) up: Option<String>,
    pub(crate) down: Option<String>,
    pub(crate) irreversible: Option<String>,
}

impl Texts {
    pub(crate) fn of(migration: &Migration) -> Texts {
        use upshift_files::{Body, Down};
        let (up_checksum, up) = match migration.up() {
            Body::Sql(section) => (section.checksum(), Some(section.text().to_owned())),
            Body::Code(code) => (code.checksum(), None),
        };
        let (down_checksum, down, irreversible) = match migration.down() {
            Down::Sql(section) => (Some(section.checksum()), Some(section.text().to_owned()), None),
            Down::Irreversible { because } => (None, None, Some(because.clone())),
            Down::Code | Down::Absent => (None, None, None),
        };
        Texts {
            up_checksum: Some(up_checksum),
            down_checksum,
            verify_checksum: migration.verify().map(|section| section.checksum()),
            guard_checksum: migration.guard().map(|section| section.checksum()),
            up,
            down,
            irreversible,
        }
    }
}

impl Step {
    /// Which migration.
    pub fn id(&self) -> &MigrationId {
        &self.id
    }

    /// What a person calls it: `20260514093000_add_status`, `R__active_users`.
    pub fn label(&self) -> &str {
        &self.label
    }

    /// The file it comes from.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Which way it goes.
    pub fn direction(&self) -> Direction {
        self.direction
    }

    /// Why it is in the plan.
    pub fn reason(&self) -> Reason {
        self.reason
    }

    /// Its phase.
    pub fn phase(&self) -> Phase {
        self.phase
    }

    /// How it is run.
    pub fn mode(&self) -> StepMode {
        match &self.body {
            StepBody::Sql(SqlScript { mode: Mode::InTransaction { .. }, .. })
            | StepBody::Code { transaction: Transaction::On, .. } => StepMode::InTransaction,
            StepBody::Sql(_) | StepBody::Code { .. } => StepMode::OneByOne,
            StepBody::Backfill(_) => StepMode::InBatches,
        }
    }

    pub(crate) fn version(&self) -> Option<Version> {
        match self.id {
            MigrationId::Version(version) => Some(version),
            MigrationId::Repeatable(_) => None,
        }
    }

    /// Whether its text may set something of the session, such as a role, that its history row must not meet.
    ///
    /// Words, not grammar: a reset too many is one message, and most migrations have none of these words.
    pub(crate) fn may_touch_session(&self) -> bool {
        const WORDS: [&str; 8] = ["set", "set_config", "reset", "discard", "role", "call", "do", "execute"];
        match &self.body {
            StepBody::Sql(script) => script.calls_functions() || self.says(&WORDS),
            StepBody::Code { .. } | StepBody::Backfill(_) => true,
        }
    }

    /// The statements of its section, where it has any.
    pub(crate) fn script(&self) -> Option<&SqlScript> {
        match &self.body {
            StepBody::Sql(script) => Some(script),
            StepBody::Backfill(batched) => batched.script(),
            StepBody::Code { .. } => None,
        }
    }

    /// What it does batch by batch.
    pub(crate) fn batched(&self) -> Option<&Batched> {
        match &self.body {
            StepBody::Backfill(batched) => Some(batched),
            StepBody::Sql(_) | StepBody::Code { .. } => None,
        }
    }

    /// Whether one of these words stands in its text, be it in a string or a comment.
    pub(crate) fn says(&self, words: &[&str]) -> bool {
        let Some(script) = self.script() else { return false };
        let mut written = script.section.text().split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        written.any(|word| words.iter().any(|it| word.eq_ignore_ascii_case(it)))
    }

    /// Whether Rust code does its work.
    pub(crate) fn is_code(&self) -> bool {
        match &self.body {
            StepBody::Code { .. } => true,
            StepBody::Backfill(batched) => batched.script().is_none(),
            StepBody::Sql(_) => false,
        }
    }
}

impl fmt::Display for Direction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Direction::Up => "up",
            Direction::Down => "down",
        })
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reason::Pending => f.write_str("pending"),
            Reason::OutOfOrder => f.write_str("pending, out of order"),
            Reason::Edited => f.write_str("its text changed"),
            Reason::Again => f.write_str("something was reverted since"),
            Reason::Resumed { done } => write!(f, "goes on after statement {done}"),
            Reason::Reverted => f.write_str("asked for"),
            Reason::RevertedFromHistory => f.write_str("asked for; its down comes from the history"),
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verb = match self.direction {
            Direction::Up => "apply  ",
            Direction::Down => "revert ",
        };
        write!(f, "{verb} {}: {}", self.label, self.reason)?;
        match self.mode() {
            StepMode::InTransaction => Ok(()),
            StepMode::OneByOne => f.write_str(", statement by statement"),
            StepMode::InBatches => f.write_str(", batch by batch"),
        }
    }
}
