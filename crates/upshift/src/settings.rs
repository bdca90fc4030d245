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
    /// up the traffic behind it.
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
