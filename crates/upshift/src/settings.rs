//! What a migrator may be told: policies, time limits, who it is.

use std::time::Duration;

/// What to do with states of the history that need a decision of yours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Policy {
    /// A pending migration that is older than an applied one.
    pub out_of_order: OutOfOrder,
    /// An applied migration, older than the head, that the set does not have.
    pub missing: Missing,
}

/// What to do with a pending migration that is older than an applied one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OutOfOrder {
    /// Refuse the whole plan and name the migration: it was written for an older schema than the one it would meet.
    #[default]
    Refuse,
    /// Apply it now, after the newer ones.
    Apply,
}

/// What to do with an applied migration, older than the head of the set, that the set does not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Missing {
    /// Refuse the whole plan and name the migration: this binary was built from another history.
    #[default]
    Refuse,
    /// Go on without it.
    Accept,
}

/// Whether the pending migrations each have a transaction of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Grouping {
    /// One transaction a migration: a failure leaves those before it applied.
    #[default]
    Each,
    /// One transaction for all of them: a failure leaves nothing.
    AllInOne,
}

/// The time limits of statements and of their retries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// `lock_timeout` of every statement that can queue for a table lock. Default 2 s: as long as a migration may hold
    /// up the traffic behind it. The first attempt waits 50 ms, and each one after it twice as long, up to this.
    pub lock: Duration,
    /// `statement_timeout` of every statement; `None`, the default, is no limit, whatever the role or the server say:
    /// a limit made for a service's queries must not end a migration in the middle.
    pub statement: Option<Duration>,
    /// How long a migration that meets lock timeouts is tried again, in all. Default 5 minutes.
    pub retry: Duration,
}

impl Default for Timeouts {
    fn default() -> Timeouts {
        Timeouts { lock: Duration::from_secs(2), statement: None, retry: Duration::from_secs(300) }
    }
}

/// How a backfill goes over a table that is in use: what a batch may take, and when it holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BackfillPolicy {
    /// How long a batch should take. Its size follows. Default 250 ms.
    pub batch: Duration,
    /// Rows of the first batch, unless the header says another number. Default 1,000.
    pub first_rows: u64,
    /// Rows of a batch at most, unless the header says another number. Default 100,000.
    pub most_rows: u64,
    /// `lock_timeout` of a batch: how long it may wait for a row or the table while it keeps the rows it has. Default
    /// 300 ms; a header's `lock-timeout` counts instead.
    pub lock: Duration,
    /// `statement_timeout` of each statement of a batch. Default 800 ms, so that no batch lasts over a second; a header's
    /// `statement-timeout` counts instead.
    pub statement: Duration,
    /// It holds while a replica has not replayed what is older than this. Default 10 s; `None`: no matter.
    pub replica_lag: Option<Duration>,
    /// It holds while a replica has not replayed so many bytes. Default 512 MiB; `None`: no matter.
    pub replica_bytes: Option<u64>,
    /// It holds while so many WAL segments are not archived. Default 40; `None`: no matter.
    pub unarchived_segments: Option<u64>,
    /// It holds when so many sessions waited for rows of a batch at its end. Default 1; `None`: no matter.
    pub waiting_sessions: Option<u64>,
    /// How long it holds at first; each time in a row it is twice as long. Default 250 ms.
    pub first_hold: Duration,
    /// How long it holds at most before it looks again. Default 30 s.
    pub longest_hold: Duration,
    /// How often a table without a key is gone over until its `verify` section is true. Default 5.
    pub passes: u32,
}

impl Default for BackfillPolicy {
    fn default() -> BackfillPolicy {
        BackfillPolicy {
            batch: Duration::from_millis(250),
            first_rows: 1_000,
            most_rows: 100_000,
            lock: Duration::from_millis(300),
            statement: Duration::from_millis(800),
            replica_lag: Some(Duration::from_secs(10)),
            replica_bytes: Some(512 << 20),
            unarchived_segments: Some(40),
            waiting_sessions: Some(1),
            first_hold: Duration::from_millis(250),
            longest_hold: Duration::from_secs(30),
            passes: 5,
        }
    }
}

/// What a run does about drift: a schema that somebody has changed behind upshift's back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DriftPolicy {
    /// Nothing: no snapshot is kept and none is compared.
    #[default]
    Ignore,
    /// A run that does something keeps a snapshot of the schema at its end. Where the schema had drifted before it, its
    /// report says so, and what had drifted goes on to be drift.
    Watch,
    /// The same, and a run that has something to do is refused while the schema has drifted.
    Refuse,
}

/// How to wait for another migrator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LockPolicy {
    /// How long to wait, in all, for another migrator to finish. Default 10 minutes.
    pub wait: Duration,
}

impl Default for LockPolicy {
    fn default() -> LockPolicy {
        LockPolicy { wait: Duration::from_secs(600) }
    }
}

/// Who migrates: written into history and audit.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Identity {
    /// The service's name.
    pub service: Option<String>,
    /// Its release.
    pub release: Option<String>,
    /// Its host; the address the server sees when `None`.
    pub host: Option<String>,
}

/// A limit as PostgreSQL reads it: whole milliseconds, at least 1, since 0 would mean "no limit".
pub(crate) fn milliseconds(limit: Duration) -> u128 {
    limit.as_millis().clamp(1, i32::MAX as u128)
}
