//! Where a database stands against a set: for a person, and for a health check.

use std::collections::BTreeMap;
use std::fmt;

use upshift_files::{Layout, Migration, MigrationId, MigrationSet};

use crate::backfill::read_progress;
use crate::context::Here;
use crate::drift::Drift;
use crate::error::Error;
use crate::facts::{Facts, HistoryRow, read_details};
use crate::history::{AppliedState, History};
use crate::migrator::Migrator;
use crate::plan::{BlockedBy, Note, Plan, Target, Unplanned, late_behind, newest_applied};
use crate::progress::BackfillProgress;
use crate::report::{human, utc};
use crate::session;

/// Where a database stands against a set of migrations.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Status {
    /// How the files are written.
    pub layout: Layout,
    /// Every migration of the set and of the history: versions ascending, then repeatables.
    pub migrations: Vec<MigrationStatus>,
    /// Why no plan could be made, each in one line.
    pub refused: Vec<String>,
}

/// Where one migration stands.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct MigrationStatus {
    /// Which.
    pub id: MigrationId,
    /// What a person calls it.
    pub label: String,
    /// Where it stands.
    pub state: State,
    /// What the history says of it.
    pub applied: Option<HistoryRow>,
    /// How far it is, where it is a backfill that has begun and is not applied.
    pub backfill: Option<BackfillProgress>,
}

/// Where a migration stands.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum State {
    /// Not applied yet.
    Pending,
    /// Pending, and something holds it.
    Blocked(BlockedBy),
    /// Pending, and older than an applied one.
    OutOfOrder,
    /// Done.
    Applied,
    /// Accepted by a baseline.
    Baseline,
    /// Half done, statement by statement; the words of [`AppliedState`].
    Failed(AppliedState),
    /// Applied, and its text is another one now.
    Changed,
    /// Applied, older than the head, and not in the set.
    Missing,
    /// Applied, and newer than the head of the set.
    Newer,
}

/// Whether the schema fits the binary.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Health {
    /// Everything this binary needs is applied.
    Fits,
    /// It fits, and a newer release has migrated further.
    Ahead {
        /// What is applied and not in this binary.
        newer: Vec<String>,
    },
    /// Something this binary needs is pending.
    Behind {
        /// What is pending.
        pending: Vec<String>,
    },
    /// The history does not fit the set: edited, missing, out of order.
    Refused {
        /// Why, each in one line.
        why: Vec<String>,
    },
}

impl Health {
    /// Whether a service may serve.
    pub fn is_fit(&self) -> bool {
        matches!(self, Health::Fits | Health::Ahead { .. })
    }
}

impl Migrator {
    /// Where the database stands. Writes nothing.
    ///
    /// # Errors
    /// The files have mistakes, or the database cannot be read.
    pub async fn status(&self) -> Result<Status, Error> {
        self.status_here().await
    }

    fn status_here(&self) -> Here<'_, Status> {
        Box::pin(async move {
            let set = self.context.source().set()?;
            let client = session::borrow(self.context.pool()).await?;
            let facts = Facts::read(&client, self.context.tables()).await?;
            let rows = match facts {
                Facts::Untouched => Vec::new(),
                _ => read_details(&client, self.context.tables()).await?,
            };
            let (refused, blocked) =
                match Plan::up(&set, facts.history(), &self.context.up_request(&Target::Head)) {
                    Ok(plan) => {
                        (Vec::new(), plan.blocked().map(|it| (it.id.clone(), it.by.clone())).collect())
                    }
                    Err(Unplanned::Refused(refusals)) => {
                        (refusals.iter().map(ToString::to_string).collect(), BTreeMap::new())
                    }
                    Err(mistakes) => return Err(mistakes.into()),
                };
            let mut migrations = states(&set, facts.history(), rows, &blocked);
            let is_batched = |migration: &Migration| {
                migration.header().backfill.is_some() && facts.history().get(migration.id()).is_none()
            };
            let progress = match set.iter().any(is_batched) {
                true => read_progress(&client, self.context.tables()).await?,
                false => Vec::new(),
            };
            for progress in progress {
                let id = MigrationId::Version(progress.version);
                if let Some(status) = migrations.iter_mut().find(|status| status.id == id) {
                    status.backfill = Some(progress);
                }
            }
            Ok(Status { layout: set.layout(), migrations, refused })
        })
    }

    /// What somebody has changed in the schema since the last run kept a snapshot of it. Writes nothing.
    ///
    /// Which objects it is about: [`Migrator::drift_filter`]. What keeps a snapshot: [`Migrator::drift_policy`].
    ///
    /// # Locks
    /// ACCESS SHARE on catalogs, and on tables while PostgreSQL prints what depends on them: a session that holds one
    /// exclusively is waited for as long as [`crate::Timeouts::lock`].
    ///
    /// # Errors
    /// The database cannot be read, or a table is locked for longer.
    pub async fn drift(&self) -> Result<Drift, Error> {
        self.drift_here().await
    }

    fn drift_here(&self) -> Here<'_, Drift> {
        Box::pin(crate::recorder::drift(&self.context))
    }

    /// Whether the schema fits this binary: for a readiness check. One round trip; writes nothing.
    ///
    /// # Errors
    /// The files have mistakes, or the database cannot be read.
    pub async fn health(&self) -> Result<Health, Error> {
        self.health_here().await
    }

    fn health_here(&self) -> Here<'_, Health> {
        Box::pin(async move {
            let (set, facts) = self.set_and_facts().await?;
            let plan = match Plan::up(&set, facts.history(), &self.context.up_request(&Target::Head)) {
                Ok(plan) => plan,
                Err(Unplanned::Refused(refusals)) => {
                    return Ok(Health::Refused { why: refusals.iter().map(ToString::to_string).collect() });
                }
                Err(mistakes) => return Err(mistakes.into()),
            };
            let pending: Vec<String> = plan.steps().map(|step| step.label().to_owned()).collect();
            if !pending.is_empty() {
                return Ok(Health::Behind { pending });
            }
            let newer: Vec<String> = plan
                .notes()
                .iter()
                .filter_map(|note| match note {
                    Note::Newer(label) => Some(label.clone()),
                    Note::Missing(_) | Note::Stays(_) | Note::Drifted(_) => None,
                })
                .collect();
            Ok(if newer.is_empty() { Health::Fits } else { Health::Ahead { newer } })
        })
    }
}

/// Every migration of the set and of the history, in order.
fn states(
    set: &MigrationSet,
    history: &History,
    rows: Vec<HistoryRow>,
    blocked: &BTreeMap<MigrationId, BlockedBy>,
) -> Vec<MigrationStatus> {
    let mut details: BTreeMap<i64, HistoryRow> = rows.into_iter().map(|row| (row.ordinal, row)).collect();
    let known: BTreeMap<&MigrationId, &Migration> =
        set.iter().map(|migration| (migration.id(), migration)).collect();
    let mut all: BTreeMap<MigrationId, String> = BTreeMap::new();
    all.extend(set.iter().map(|migration| (migration.id().clone(), migration.label())));
    history.iter().for_each(|row| {
        all.entry(row.id.clone()).or_insert_with(|| row.label());
    });
    let newest = newest_applied(history);
    let status = |(id, label): (MigrationId, String)| {
        let row = history.get(&id);
        let state = match (known.get(&id), row) {
            (Some(migration), Some(row)) => applied_state(migration, row),
            (Some(migration), None) => match (blocked.get(&id), late_behind(set, newest, migration)) {
                (Some(by), _) => State::Blocked(by.clone()),
                (None, Some(_)) => State::OutOfOrder,
                (None, None) => State::Pending,
            },
            (None, Some(_)) => match (&id, set.head()) {
                (MigrationId::Version(version), Some(head)) if *version < head => State::Missing,
                _ => State::Newer,
            },
            (None, None) => State::Pending,
        };
        let applied = row.and_then(|row| details.remove(&row.ordinal));
        MigrationStatus { id, label, state, applied, backfill: None }
    };
    all.into_iter().map(status).collect()
}

fn applied_state(migration: &Migration, row: &crate::history::Applied) -> State {
    let now = crate::plan::Texts::of(migration).up_checksum;
    match row.state {
        AppliedState::UpFailed { .. } | AppliedState::DownFailed { .. } => State::Failed(row.state),
        _ if row.up_checksum.is_some() && row.up_checksum != now => State::Changed,
        AppliedState::Baseline => State::Baseline,
        // A repeatable that is to be applied again.
        AppliedState::Applied if row.up_checksum.is_none() => State::Pending,
        AppliedState::Applied => State::Applied,
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            State::Pending => f.write_str("pending"),
            State::Blocked(_) => f.write_str("blocked"),
            State::OutOfOrder => f.write_str("out of order"),
            State::Applied => f.write_str("applied"),
            State::Baseline => f.write_str("baseline"),
            State::Failed(state) => state.fmt(f),
            State::Changed => f.write_str("changed"),
            State::Missing => f.write_str("missing"),
            State::Newer => f.write_str("newer"),
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} files", self.layout)?;
        let widest =
            |text: fn(&MigrationStatus) -> usize| self.migrations.iter().map(text).max().unwrap_or(0);
        let labels = widest(|it| it.label.chars().count());
        let states = widest(|it| it.state.to_string().chars().count());
        for migration in &self.migrations {
            let state = migration.state.to_string();
            write!(f, "{:labels$}  {state:states$}", migration.label)?;
            if let Some(row) = &migration.applied {
                let took = human(std::time::Duration::from_millis(row.duration_ms.unsigned_abs()));
                write!(f, "  {}  {took:>10}  {}", utc(row.applied_at), row.role)?;
                if let Some(release) = &row.release {
                    write!(f, "  {} {release}", row.service.as_deref().unwrap_or(""))?;
                }
                if let Some(error) = &row.error {
                    write!(f, "  {error}")?;
                }
            }
            if let State::Blocked(by) = &migration.state {
                write!(f, "  {by}")?;
            }
            if let Some(progress) = &migration.backfill {
                write!(f, "  ({progress})")?;
            }
            writeln!(f)?;
        }
        self.refused.iter().try_for_each(|why| writeln!(f, "refused: {why}"))
    }
}
