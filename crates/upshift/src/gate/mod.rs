//! Whether a contract may run: facts about everybody who could still touch the schema, and a pure judgement of them.
//!
//! A binary that embeds a contract says by that: my code no longer needs what this removes. The gate of a contract is
//! open when everybody alive has said so.

mod judge;
mod reason;
mod share;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::time::Duration;

use time::OffsetDateTime;
use upshift_files::Version;

pub(crate) use judge::{Contract, Watch, judge};
pub use reason::{ClosedBy, Verdict};
pub use share::Share;

/// How a contract's gate opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Gate {
    /// When every instance that could still touch the schema has declared that it tolerates the contract.
    #[default]
    Leases,
    /// As [`Gate::Leases`], and a person has approved: [`crate::Rollout::approve`].
    Manual,
    /// As [`Gate::Leases`], and everything the contract stands on has been live for so long.
    After(Duration),
    /// At once, whoever is alive: for a service with a single instance, and for tests.
    Immediate,
}

/// Whom a gate waits for, and for how long.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GatePolicy {
    /// How it opens. Default [`Gate::Leases`].
    pub gate: Gate,
    /// How long an instance counts as alive after its last heartbeat, by the database's clock. Default 60 s.
    pub lease: Duration,
    /// The time between two heartbeats. Default 10 s.
    pub heartbeat: Duration,
    /// How long after the end of its lease an instance may still be at work. Default 60 s.
    pub grace: Duration,
    /// How many judgements in a row, a heartbeat apart, must find the gate open. Default 3.
    pub checks: u32,
    /// Sessions with one of these `application_name`s are of no service: a `psql`, a dashboard. Default none.
    pub allowed: Vec<String>,
    /// Services of which an instance that tolerates the contract must have registered as well: see [`crate::Migrator::tolerates`].
    pub waits_for: Vec<String>,
}

impl GatePolicy {
    /// How long an instance without a heartbeat may go on: a third of the lease is left to stop in.
    pub(crate) fn patience(&self) -> Duration {
        self.lease / 3 * 2
    }
}

impl Default for GatePolicy {
    fn default() -> GatePolicy {
        GatePolicy {
            gate: Gate::Leases,
            lease: Duration::from_secs(60),
            heartbeat: Duration::from_secs(10),
            grace: Duration::from_secs(60),
            checks: 3,
            allowed: Vec::new(),
            waits_for: Vec::new(),
        }
    }
}

/// One process of a service, as it has registered itself.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Instance {
    /// Its own name, made at random when it joined.
    pub id: String,
    /// Its service.
    pub service: String,
    /// Its release.
    pub release: Option<String>,
    /// Its host.
    pub host: Option<String>,
    /// How its sessions look in `pg_stat_activity`.
    pub tag: SessionTag,
    /// The contracts its code tolerates.
    pub contracts: BTreeSet<Version>,
    /// When it joined, by the database's clock.
    pub joined_at: OffsetDateTime,
    /// Its last heartbeat.
    pub seen_at: OffsetDateTime,
    /// The end of its lease.
    pub expires_at: OffsetDateTime,
    /// When it said goodbye.
    pub left_at: Option<OffsetDateTime>,
}

/// What tells the sessions of one instance from those of another.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub struct SessionTag {
    /// The role it is logged in as.
    pub role: String,
    /// Its `application_name`; empty when it has none.
    pub application: String,
    /// Where it comes from: an address, or `local`.
    pub address: String,
}

/// A session of the database that is not ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SessionFact {
    pub(crate) pid: i32,
    pub(crate) tag: SessionTag,
    /// When its open transaction began.
    pub(crate) transaction_since: Option<OffsetDateTime>,
}

/// A transaction that was prepared and is neither committed nor rolled back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PreparedFact {
    pub(crate) gid: String,
    pub(crate) role: String,
    pub(crate) since: OffsetDateTime,
}

/// What an operator said about a contract, or about all of them.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Word {
    /// What.
    pub kind: WordKind,
    /// About which migration; `None` is about all.
    pub version: Option<Version>,
    /// Why, in the operator's words.
    pub reason: String,
    /// The role that said it.
    pub role: String,
    /// When.
    pub at: OffsetDateTime,
}

/// What an operator may say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum WordKind {
    /// It stays closed.
    Hold,
    /// A person has looked, and it may run when nothing else keeps it closed.
    Approval,
}

impl WordKind {
    pub(crate) fn text(self) -> &'static str {
        match self {
            WordKind::Hold => "hold",
            WordKind::Approval => "approval",
        }
    }
}

/// Everything a judgement needs to know of the database, read at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct GateFacts {
    /// The database's clock.
    pub(crate) now: OffsetDateTime,
    pub(crate) instances: Vec<Instance>,
    pub(crate) words: Vec<Word>,
    pub(crate) sessions: Vec<SessionFact>,
    pub(crate) prepared: Vec<PreparedFact>,
    /// Switches that operators have set.
    pub(crate) switches: Vec<SwitchFact>,
    /// When each migration was applied.
    pub(crate) applied: Vec<AppliedFact>,
}

/// To whom a switch shows the new shape.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SwitchFact {
    pub(crate) name: String,
    pub(crate) share: Share,
    pub(crate) at: OffsetDateTime,
}

/// When a migration was applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AppliedFact {
    pub(crate) version: Version,
    pub(crate) at: OffsetDateTime,
}
