//! Where a database stands against a set, for a person.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use tokio_postgres::Client;
use upshift_files::{Layout, Migration, MigrationId, MigrationSet, Phase};

use crate::backfill::read_progress;
use crate::context::{Here, Planned};
use crate::drift::Drift;
use crate::error::Error;
use crate::facts::{Facts, HistoryRow, read_details};
use crate::history::{Applied, AppliedState, History};
use crate::migrator::Migrator;
use crate::plan::{BlockedBy, late_behind, newest_applied};
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
    /// Which part of a rollout it is.
    pub phase: Phase,
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
            let set = self.context.set()?;
            let client = session::borrow(self.context.pool()).await?;
            let read = self.read_status(&client, &set).await;
            let (facts, rows, progress) = client.answered(read)?;
            let planned = self.context.planned(&set, facts.history())?;
            Ok(Status::of(&set, facts.history(), &planned, rows, &progress))
        })
    }

    async fn read_status(
        &self,
        client: &Client,
        set: &MigrationSet,
    ) -> Result<(Facts, Vec<HistoryRow>, Vec<BackfillProgress>), Error> {
        let tables = self.context.tables();
        let facts = Facts::read(client, tables).await?;
        let rows = match facts {
            Facts::Untouched => Vec::new(),
            _ => read_details(client, tables).await?,
        };
        let is_batched = |migration: &Migration| {
            migration.header().backfill.is_some() && facts.history().get(migration.id()).is_none()
        };
        let progress = match facts {
            Facts::Current(_) if set.iter().any(is_batched) => {
                read_progress(client, tables, Some(set)).await?
            }
            // Tables in which nobody has worked on a backfill.
            _ => Vec::new(),
        };
        Ok((facts, rows, progress))
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
}

impl Status {
    /// Where a database with this history stands.
    pub(crate) fn of(
        set: &MigrationSet,
        history: &History,
        planned: &Planned,
        rows: Vec<HistoryRow>,
        progress: &[BackfillProgress],
    ) -> Status {
        let refused = match planned {
            Ok(_) => Vec::new(),
            Err(refusals) => refusals.iter().map(ToString::to_string).collect(),
        };
        let mut migrations = states(set, history, rows, &blocked(planned));
        for progress in progress {
            let id = MigrationId::Version(progress.version);
            if let Some(status) = migrations.iter_mut().find(|status| status.id == id) {
                status.backfill = Some(progress.clone());
            }
        }
        Status { layout: set.layout(), migrations, refused }
    }
}

/// How many migrations of the set and of the history stand where.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Counts {
    /// Not applied yet, and nothing holds them.
    pub pending: usize,
    /// Pending, and something holds them.
    pub blocked: usize,
    /// Half done.
    pub failed: usize,
    /// Done, or accepted by a baseline.
    pub applied: usize,
    /// Changed since they were applied, missing, or newer than this binary.
    pub other: usize,
}

impl Counts {
    /// Counts, with this history.
    pub(crate) fn of(set: &MigrationSet, history: &History, planned: &Planned) -> Counts {
        let mut counts = Counts::default();
        each(set, history, &blocked(planned)).for_each(|(_, state)| *counts.those(&state) += 1);
        counts
    }

    /// With everything applied.
    pub(crate) fn settled(set: &MigrationSet) -> Counts {
        Counts { applied: set.len(), ..Counts::default() }
    }

    fn those(&mut self, state: &State) -> &mut usize {
        match state {
            State::Pending | State::OutOfOrder => &mut self.pending,
            State::Blocked(_) => &mut self.blocked,
            State::Failed(_) => &mut self.failed,
            State::Applied | State::Baseline => &mut self.applied,
            State::Changed | State::Missing | State::Newer => &mut self.other,
        }
    }
}

impl From<&Status> for Counts {
    fn from(status: &Status) -> Counts {
        let mut counts = Counts::default();
        status.migrations.iter().for_each(|it| *counts.those(&it.state) += 1);
        counts
    }
}

/// What holds pending migrations.
fn blocked(planned: &Planned) -> BTreeMap<&MigrationId, &BlockedBy> {
    match planned {
        Ok(plan) => plan.blocked().map(|it| (&it.id, &it.by)).collect(),
        Err(_) => BTreeMap::new(),
    }
}

/// Every migration of the set and of the history, in order.
fn states(
    set: &MigrationSet,
    history: &History,
    rows: Vec<HistoryRow>,
    blocked: &BTreeMap<&MigrationId, &BlockedBy>,
) -> Vec<MigrationStatus> {
    let mut details: BTreeMap<i64, HistoryRow> = rows.into_iter().map(|row| (row.ordinal, row)).collect();
    let status = |(known, state): (Known<'_>, State)| {
        let (id, label, phase) = match known {
            Known::Migration(it) => (it.id(), it.label(), it.header().phase),
            Known::Row(row) => (&row.id, row.label(), row.phase),
        };
        let applied = history.get(id).and_then(|row| details.remove(&row.ordinal));
        MigrationStatus { id: id.clone(), label, phase, state, applied, backfill: None }
    };
    let mut all: Vec<MigrationStatus> = each(set, history, blocked).map(status).collect();
    all.sort_by(|one, other| one.id.cmp(&other.id));
    all
}

/// What is known of a migration.
enum Known<'k> {
    Migration(&'k Migration),
    /// It is not in the set.
    Row(&'k Applied),
}

/// Where each migration of the set stands, and then each that only the history has.
fn each<'k>(
    set: &'k MigrationSet,
    history: &'k History,
    blocked: &'k BTreeMap<&MigrationId, &BlockedBy>,
) -> impl Iterator<Item = (Known<'k>, State)> {
    let known: BTreeSet<&MigrationId> = set.iter().map(Migration::id).collect();
    let newest = newest_applied(history);
    let of_the_set = move |migration: &'k Migration| {
        let state = match (history.get(migration.id()), blocked.get(migration.id())) {
            (Some(row), _) => applied_state(migration, row),
            (None, Some(by)) => State::Blocked((*by).clone()),
            (None, None) => match late_behind(set, newest, migration) {
                Some(_) => State::OutOfOrder,
                None => State::Pending,
            },
        };
        (Known::Migration(migration), state)
    };
    let of_the_history = |row: &'k Applied| {
        let state = match (&row.id, set.head()) {
            (MigrationId::Version(version), Some(head)) if *version < head => State::Missing,
            _ => State::Newer,
        };
        (Known::Row(row), state)
    };
    let unknown = history.iter().filter(move |row| !known.contains(&row.id));
    set.iter().map(of_the_set).chain(unknown.map(of_the_history))
}

fn applied_state(migration: &Migration, row: &Applied) -> State {
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
