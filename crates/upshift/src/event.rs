//! What happens during a run, as it happens, and the code a service hangs on it.

use std::time::Duration;

use async_trait::async_trait;
use upshift_files::{MigrationId, Phase, SectionKind, Version};

use crate::code::{BoxError, StepContext};
use crate::gate::Verdict;
use crate::plan::{Direction, Plan, Step};
use crate::report::Report;

/// Which step an event is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct StepAt<'s> {
    /// Which migration.
    pub id: &'s MigrationId,
    /// What a person calls it.
    pub label: &'s str,
    /// Its phase.
    pub phase: Phase,
    /// Which way it goes.
    pub direction: Direction,
}

impl Step {
    /// What events say of it.
    pub(crate) fn at(&self) -> StepAt<'_> {
        StepAt { id: &self.id, label: &self.label, phase: self.phase, direction: self.direction }
    }
}

/// One thing that happened during a run.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event<'e> {
    /// Another migrator is at work; this one waits.
    Waiting {
        /// How long it has waited so far.
        waited: Duration,
    },
    /// The migration lock is taken.
    LockTaken {
        /// How long another migrator had it.
        waited: Duration,
    },
    /// The lock is taken and a plan is being carried out.
    RunStarted {
        /// How many steps it has.
        steps: usize,
    },
    /// A step was sent to the server; once more, where it is tried again.
    StepStarted {
        /// Which.
        step: StepAt<'e>,
    },
    /// A statement of a step that runs statement by statement is done.
    StatementFinished {
        /// Which step.
        step: StepAt<'e>,
        /// How many statements are done.
        done: usize,
        /// Of how many.
        of: usize,
    },
    /// Something that no transaction holds is sent again: the connection was lost beside it, and it may have been done
    /// already, which nobody can look up.
    SentAgain {
        /// Which step.
        step: StepAt<'e>,
        /// Which statement, from 1; `None` for Rust code.
        statement: Option<usize>,
    },
    /// A step waits for locks that others hold.
    Blocked {
        /// Which step.
        step: StepAt<'e>,
        /// Who holds them.
        by: &'e [Blocker],
    },
    /// A statement that others were seen to block has its answer: it has its locks, or has given up.
    Unblocked {
        /// Which step.
        step: StepAt<'e>,
        /// How long the statement took so far.
        waited: Duration,
    },
    /// A step met a lock timeout or a deadlock and will be tried again.
    Retrying {
        /// Which step.
        step: StepAt<'e>,
        /// After how long a pause.
        pause: Duration,
        /// The server's words.
        why: &'e str,
    },
    /// A step is done and committed.
    StepFinished {
        /// Which.
        step: StepAt<'e>,
        /// How long it took on the server.
        took: Duration,
    },
    /// A step failed, and the run with it.
    StepFailed {
        /// Which.
        step: StepAt<'e>,
        /// How long its last attempt took, from when it was sent.
        took: Duration,
        /// What was wrong, in one line.
        why: &'e str,
    },
    /// An index that a failed CONCURRENTLY left behind was dropped.
    InvalidIndexDropped {
        /// Its name, with its schema.
        index: &'e str,
    },
    /// Two shapes that should say the same did not, or the one that is not in use failed.
    Shadow {
        /// The switch.
        switch: &'e str,
        /// What was wrong.
        why: &'e str,
    },
    /// A contract's gate was found open or closed, other than the last time.
    Gate {
        /// The contract's version.
        version: Version,
        /// What a person calls the contract.
        label: &'e str,
        /// What was found.
        verdict: &'e Verdict,
    },
    /// What a fleet had to do beside its heartbeats has failed: a contract, or the end of a backfill.
    DutyFailed {
        /// What was wrong, in one line.
        why: &'e str,
        /// After how long a pause it is tried again.
        pause: Duration,
    },
    /// A batch of a backfill is done and committed.
    BatchFinished {
        /// Which step.
        step: StepAt<'e>,
        /// Rows it went over.
        rows: u64,
        /// Rows it changed, as the server or its Rust code says.
        changed: u64,
        /// How long its transaction took on the server.
        took: Duration,
        /// Rows of the next one.
        next: u64,
    },
    /// A batch was rolled back and will be tried again with fewer rows.
    BatchTriedAgain {
        /// Which step.
        step: StepAt<'e>,
        /// Rows of the next attempt.
        next: u64,
        /// The server's words.
        why: &'e str,
    },
    /// A backfill holds for the sake of others.
    BackfillHeld {
        /// Which step.
        step: StepAt<'e>,
        /// For how long, until it looks again.
        pause: Duration,
        /// Why.
        why: &'e str,
    },
    /// The run is over.
    RunFinished {
        /// How many steps were done.
        steps: usize,
        /// How long it took, without the waiting for another migrator.
        took: Duration,
    },
    /// The run has ended before its last step.
    RunFailed {
        /// How many steps were done.
        steps: usize,
        /// How long it took, without the waiting for another migrator.
        took: Duration,
        /// What was wrong, in one line.
        why: &'e str,
    },
}

/// A session that is in the way.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Blocker {
    /// Its process id, for `pg_terminate_backend`.
    pub pid: i32,
    /// Its `application_name`.
    pub application: String,
    /// Its role.
    pub role: String,
    /// How long its transaction has been open.
    pub transaction_age: Duration,
    /// What it runs, or ran last.
    pub query: String,
}

/// Sees every event of a run; for progress, logs, metrics. Called between messages, so it should be quick.
pub trait Observer: Send + Sync {
    /// One event.
    fn event(&self, event: &Event<'_>);
}

impl<F: Fn(&Event<'_>) + Send + Sync> Observer for F {
    fn event(&self, event: &Event<'_>) {
        self(event);
    }
}

/// Code a service runs around its migrations, on the migrating connection.
///
/// A migrator with hooks runs its migrations one after the other instead of pipelining them. `before_step` and
/// `after_step` run inside the migration's transaction where it has one, so what they write is undone with it.
/// Any error of a hook ends the run like an error of the migration.
#[async_trait]
pub trait Hooks: Send + Sync {
    /// Before the first step; outside of any transaction.
    async fn before_run(&self, _plan: &Plan, _context: &mut StepContext<'_>) -> Result<(), BoxError> {
        Ok(())
    }

    /// Before a migration's own statements.
    async fn before_step(&self, _label: &str, _context: &mut StepContext<'_>) -> Result<(), BoxError> {
        Ok(())
    }

    /// After a migration's own statements.
    async fn after_step(&self, _label: &str, _context: &mut StepContext<'_>) -> Result<(), BoxError> {
        Ok(())
    }

    /// Code around each statement; nothing, unless said.
    fn statements(&self) -> Option<&dyn StatementHooks> {
        None
    }

    /// After the last step; outside of any transaction.
    async fn after_run(&self, _report: &Report, _context: &mut StepContext<'_>) -> Result<(), BoxError> {
        Ok(())
    }
}

/// One statement of a migration, on its way to the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct StatementAt<'s> {
    /// Which migration.
    pub id: &'s MigrationId,
    /// What a person calls it.
    pub label: &'s str,
    /// Which way it goes.
    pub direction: Direction,
    /// The section it stands in.
    pub section: SectionKind,
    /// Which of the section's statements it is, from 0.
    pub number: usize,
    /// Its text: as it is sent, that of a query in a guard or a verify as it is written; `None` for Rust code.
    pub text: Option<&'s str>,
    /// What is around it.
    pub around: Around,
}

/// What is around a statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Around {
    /// A transaction.
    Transaction,
    /// Nothing: PostgreSQL refuses it in a transaction block.
    Nothing,
}

/// Code that runs around each statement of migrations, on the migrating connection: for tests that look at what one does.
///
/// What it does in a transaction is part of it, and an error of it ends the run. It must leave the transaction open.
#[async_trait]
pub trait StatementHooks: Send + Sync {
    /// Before a statement, a query of a guard or a verify, or Rust code.
    async fn before_statement(
        &self,
        statement: &StatementAt<'_>,
        context: &mut StepContext<'_>,
    ) -> Result<(), BoxError>;

    /// After it; not when it failed.
    async fn after_statement(
        &self,
        statement: &StatementAt<'_>,
        context: &mut StepContext<'_>,
    ) -> Result<(), BoxError>;

    /// After the transaction with a migration's statements; outside of any.
    async fn after_transaction(&self, label: &str, context: &mut StepContext<'_>) -> Result<(), BoxError>;
}
