//! Where a rollout stands: what was read, and what that means.

use std::fmt;

use futures_util::future::try_join;
use tokio_postgres::Client;
use upshift_files::{Migration, MigrationSet, Phase, Version};

use crate::backfill::read_progress;
use crate::error::Error;
use crate::facts::Facts;
use crate::gate::{Contract, GateFacts, GatePolicy, Instance, Verdict, Watch, Word, judge};
use crate::gatekeeper::{Company, read_facts, read_nobody};
use crate::history::sql::Tables;
use crate::history::{AppliedState, History};
use crate::progress::BackfillProgress;
use crate::report::human;

/// Where a rollout stands: every backfill and contract of the set, and who is alive.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct RolloutStatus {
    /// The backfills and contracts of the set, in order.
    pub migrations: Vec<RolloutMigration>,
    /// Who was registered in the last day, in the order they joined.
    pub instances: Vec<Instance>,
    /// What operators said.
    pub words: Vec<Word>,
    /// The database's clock when this was read.
    pub at: time::OffsetDateTime,
}

/// Where a backfill or a contract stands.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RolloutMigration {
    /// Its version.
    pub version: Version,
    /// What a person calls it.
    pub label: String,
    /// Backfill or contract.
    pub phase: Phase,
    /// How far it is.
    pub state: RolloutState,
}

/// How far a backfill or a contract is.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum RolloutState {
    /// It is done.
    Applied,
    /// It stopped in the middle.
    Stopped,
    /// A backfill that has not begun.
    Pending,
    /// A backfill that has begun, and how far it is.
    Backfill(Box<BackfillProgress>),
    /// A contract, and what its gate says.
    Gate(Verdict),
}

/// What is to be known of a rollout beside the history.
pub(crate) struct Seen {
    gate: GateFacts,
    progress: Vec<BackfillProgress>,
}

impl Seen {
    /// Reads it: one round trip.
    pub(crate) async fn read(
        client: &Client,
        tables: &Tables,
        set: &MigrationSet,
        facts: &Facts,
    ) -> Result<Seen, Error> {
        match facts {
            Facts::Current(_) => {
                let (gate, progress) =
                    try_join(read_facts(client, tables), read_progress(client, tables, Some(set))).await?;
                Ok(Seen { gate, progress })
            }
            // Tables that nobody has registered in, nor worked on a backfill.
            Facts::Untouched | Facts::Older { .. } => {
                Ok(Seen { gate: read_nobody(client).await?, progress: Vec::new() })
            }
        }
    }

    /// How far the backfills are that have begun and are not applied.
    pub(crate) fn progress(&self) -> &[BackfillProgress] {
        &self.progress
    }
}

impl RolloutStatus {
    /// Where it stands with this history.
    pub(crate) fn of(
        set: &MigrationSet,
        history: &History,
        seen: Seen,
        policy: &GatePolicy,
    ) -> RolloutStatus {
        let Seen { gate, progress } = seen;
        let state = |migration: &Migration, version: Version| match history.get(migration.id()) {
            Some(row) => match row.state {
                AppliedState::Applied | AppliedState::Baseline => RolloutState::Applied,
                AppliedState::UpFailed { .. } | AppliedState::DownFailed { .. } => RolloutState::Stopped,
            },
            None => match (Contract::of(set, version), progress.iter().find(|it| it.version == version)) {
                (Some(contract), _) => RolloutState::Gate(judge(&contract, &gate, policy, &Watch::Bystander)),
                (None, Some(progress)) => RolloutState::Backfill(Box::new(progress.clone())),
                (None, None) => RolloutState::Pending,
            },
        };
        let migrations = later(set, state);
        RolloutStatus { migrations, instances: gate.instances, words: gate.words, at: gate.now }
    }

    /// Where it stands with everything applied.
    pub(crate) fn settled(set: &MigrationSet, company: Company) -> RolloutStatus {
        let migrations = later(set, |_, _| RolloutState::Applied);
        let Company { now, instances, words } = company;
        RolloutStatus { migrations, instances, words, at: now }
    }
}

/// The backfills and contracts of the set, each with its state.
fn later(set: &MigrationSet, state: impl Fn(&Migration, Version) -> RolloutState) -> Vec<RolloutMigration> {
    let later = set.versioned().iter().filter(|it| it.header().phase != Phase::Expand);
    let standing = later.filter_map(|it| {
        let version = it.version()?;
        let (label, phase, state) = (it.label(), it.header().phase, state(it, version));
        Some(RolloutMigration { version, label, phase, state })
    });
    standing.collect()
}

impl fmt::Display for RolloutState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RolloutState::Applied => f.write_str("applied"),
            RolloutState::Stopped => f.write_str("stopped in the middle"),
            RolloutState::Pending => f.write_str("pending"),
            RolloutState::Backfill(progress) => progress.fmt(f),
            RolloutState::Gate(Verdict::Open) => f.write_str("its gate is open"),
            RolloutState::Gate(Verdict::Closed(_)) => f.write_str("waits"),
        }
    }
}

impl fmt::Display for RolloutStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let widest = self.migrations.iter().map(|it| it.label.chars().count()).max().unwrap_or(0);
        for migration in &self.migrations {
            writeln!(f, "{:8}  {:widest$}  {}", migration.phase, migration.label, migration.state)?;
            if let RolloutState::Gate(Verdict::Closed(reasons)) = &migration.state {
                reasons.iter().try_for_each(|reason| writeln!(f, "          - {reason}"))?;
            }
        }
        for instance in &self.instances {
            let ago = |moment: time::OffsetDateTime| {
                human(std::time::Duration::try_from(self.at - moment).unwrap_or_default())
            };
            let state = match instance.left_at {
                Some(left) => format!("left {} ago", ago(left)),
                None if instance.expires_at > self.at => format!("alive, seen {} ago", ago(instance.seen_at)),
                None => format!("lease over, seen {} ago", ago(instance.seen_at)),
            };
            writeln!(f, "instance  {instance}: {state}")?;
        }
        for word in &self.words {
            let about = word.version.map_or("all contracts".to_owned(), |it| it.to_string());
            writeln!(f, "{:8}  {about}: {}, said by {}", word.kind.text(), word.reason, word.role)?;
        }
        Ok(())
    }
}
