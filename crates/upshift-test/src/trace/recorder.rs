//! Looks before and after each statement, from inside of the engine's own transactions.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio_postgres::types::Type;
use upshift::{
    Around, BoxError, Direction, Hooks, StatementAt, StatementHooks, StepContext, Version, async_trait,
};
use upshift_lint::statement::{LockMode, Name};

use super::look::{Counts, Look};
use super::seed::Seeder;
use super::turnstile::{Stopped, Turnstile};
use super::value::{EmptyTable, Rows, Scan, Seen, TracedLock, TracedStatement, TracedStep};
use crate::database::reach::Reach;

/// What a database has been through.
#[derive(Debug, Default)]
pub(super) struct Record {
    pub(super) steps: Vec<TracedStep>,
    pub(super) empty: Vec<EmptyTable>,
    /// Migrations that failed with rows in the tables, and the server's words.
    pub(super) refused: Vec<Refused>,
}

/// A migration that fails with rows in the tables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refused {
    pub(super) label: String,
    pub(super) direction: Direction,
    /// The server's words.
    pub(super) words: String,
}

impl Record {
    pub(super) fn refused(&self, label: &str, direction: Direction) -> Option<&str> {
        let found = self.refused.iter().find(|one| one.label == label && one.direction == direction);
        found.map(|one| one.words.as_str())
    }
}

/// The hooks of one run.
#[derive(Clone)]
pub(super) struct Recorder(Arc<Inner>);

struct Inner {
    reach: Reach,
    history: String,
    direction: Direction,
    totals: Totals,
    /// Migrations before this version are not looked at.
    since: Option<Version>,
    /// The last of those: behind it there are to be rows.
    eve: Option<String>,
    /// How many steps stood in the record when the run began: they are run again, and not looked at.
    known: usize,
    state: Mutex<State>,
    seeder: tokio::sync::Mutex<Option<Seeder>>,
}

#[derive(Default)]
struct State {
    record: Record,
    /// The step at hand, before it is in the record.
    step: Option<TracedStep>,
    /// The relations there were when the open transaction began.
    there: Option<BTreeSet<u32>>,
    /// Which statements of the step belong to the open transaction: from here on.
    first: usize,
    before: Look,
    turnstile: Option<Turnstile>,
    /// When the last statement began, or ended.
    clock: Option<Instant>,
}

/// Whether what a session has read stands in the server's totals as soon as it says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Totals {
    /// From 15 on.
    Told,
    /// A process of its own writes them down, some time later.
    Late,
}

/// What a run is recorded with.
pub(super) struct Surroundings<'s> {
    pub(super) reach: Reach,
    /// The schema of the history.
    pub(super) history: &'s str,
    pub(super) direction: Direction,
    pub(super) totals: Totals,
    pub(super) since: Option<Version>,
    /// The last migration before that.
    pub(super) eve: Option<String>,
}

impl Recorder {
    pub(super) fn new(with: Surroundings<'_>, record: Record, seeder: Option<Seeder>) -> Recorder {
        let Surroundings { reach, history, direction, totals, since, eve } = with;
        let known = record.steps.len();
        let state = Mutex::new(State { record, ..State::default() });
        let seeder = tokio::sync::Mutex::new(seeder);
        Recorder(Arc::new(Inner {
            reach,
            history: history.to_owned(),
            direction,
            totals,
            since,
            eve,
            known,
            state,
            seeder,
        }))
    }

    /// What was recorded, and the rest of the seeds; the step at hand is left out when the run has failed in it.
    pub(super) async fn take(&self, outcome: Outcome) -> (Record, Option<Seeder>) {
        let seeder = self.0.seeder.lock().await.take();
        let mut state = self.0.state();
        let last = state.step.take().filter(|_| outcome == Outcome::Whole);
        state.record.steps.extend(last);
        state.turnstile = None;
        (std::mem::take(&mut state.record), seeder)
    }
}

/// How a run has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    Whole,
    Failed,
}

impl Inner {
    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        // Nothing that is half done is kept in it across a panic.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a migration is looked at: it is new enough, and was not recorded before.
    fn is_watched(&self, version: Option<Version>, label: &str) -> bool {
        let early = matches!((version, self.since), (Some(version), Some(since)) if version < since);
        let state = self.state();
        let again = |step: &TracedStep| step.label == label && step.direction == self.direction;
        !early && !state.record.steps.get(..self.known).is_some_and(|known| known.iter().any(again))
    }

    /// Begins a step, where it is another one than before.
    fn begin_step(&self, at: &StatementAt<'_>) {
        let mut state = self.state();
        if state.step.as_ref().is_some_and(|step| step.label == at.label) {
            return;
        }
        let words = state.record.refused(at.label, self.direction).map(str::to_owned);
        let rows = words.map_or(Rows::AsAsked, |words| Rows::FailsWithRows { words });
        let step = TracedStep {
            id: at.id.clone(),
            label: at.label.to_owned(),
            direction: at.direction,
            rows,
            statements: Vec::new(),
        };
        let last = state.step.replace(step);
        state.record.steps.extend(last);
        (state.first, state.there) = (0, None);
    }

    /// Fills what is empty, unless the migration is not looked at, or is known to fail with rows.
    async fn seed(&self, label: &str, context: &StepContext<'_>) -> Result<(), BoxError> {
        let is_eve = self.known == 0 && self.eve.as_deref() == Some(label);
        let skip = !self.is_watched(context.version(), label) && !is_eve
            || self.state().record.refused(label, self.direction).is_some();
        let mut seeder = self.seeder.lock().await;
        let Some(seeder) = seeder.as_mut().filter(|_| !skip) else { return Ok(()) };
        let empty = seeder.fill(label).await?;
        self.state().record.empty.extend(empty);
        Ok(())
    }

    /// Takes what a statement did out of the looks before and behind it.
    fn finish(&self, at: &StatementAt<'_>, after: &Look, stopped: Option<Stopped>, took: Duration) {
        let mut state = self.state();
        let before = std::mem::take(&mut state.before);
        let there = state.there.clone().unwrap_or_default();
        let around = at.around;
        let locks = match &stopped {
            Some(stopped) => stopped.locks.clone(),
            None => new_locks(&before, after),
        };
        let mut statement = TracedStatement {
            section: at.section,
            number: at.number,
            text: at.text.map(str::to_owned),
            around,
            locks: Vec::new(),
            rewrites: Vec::new(),
            rebuilds: Vec::new(),
            scans: Vec::new(),
            made: Vec::new(),
            dropped: Vec::new(),
            waits: stopped.map_or(0, |stopped| stopped.waits),
            took,
            wal: u64::try_from(after.wal - before.wal).unwrap_or(0),
        };
        for (oid, modes) in locks {
            // What the transaction made itself nobody else can see. An index of before may be on a table of before alone.
            let Some(on) = before.seen(oid).filter(|_| there.contains(&oid)) else { continue };
            statement.locks.extend(modes.into_iter().map(|mode| TracedLock {
                on: on.clone(),
                mode,
                held: took,
            }));
        }
        statement.compare(&before, after, &there, self.totals);
        statement.locks.sort_by(|one, other| (&one.on, other.mode).cmp(&(&other.on, one.mode)));
        state.step.iter_mut().for_each(|step| step.statements.push(statement.clone()));
    }
}

/// The locks that are new behind a statement.
fn new_locks(before: &Look, after: &Look) -> BTreeMap<u32, BTreeSet<LockMode>> {
    let mut new = BTreeMap::new();
    for (oid, modes) in &after.locks {
        let had = before.locks.get(oid).cloned().unwrap_or_default();
        let gained: BTreeSet<LockMode> = modes.difference(&had).copied().collect();
        if !gained.is_empty() {
            new.insert(*oid, gained);
        }
    }
    new
}

impl TracedStatement {
    fn compare(&mut self, before: &Look, after: &Look, there: &BTreeSet<u32>, totals: Totals) {
        for (oid, relation) in &before.relations {
            let Some(seen) = before.seen(*oid) else { continue };
            let Some(now) = after.relations.get(oid) else {
                if !seen.is_part() {
                    self.dropped.push(seen.relation);
                }
                continue;
            };
            if !there.contains(oid) {
                continue;
            }
            if now.file != relation.file && relation.kind != "t" && !is_toast_part(&seen) {
                self.rewrites.push(seen.clone());
            }
            let (times, tuples) = read(relation.counts, now.counts, self.around, totals);
            if times > 0 && matches!(relation.kind.as_str(), "r" | "p" | "m") {
                self.scans.push(Scan { table: seen.relation, times, tuples });
            }
        }
        let old = there.iter().filter_map(|oid| before.relations.get(oid)).map(|it| (&it.name, it.file));
        let old: BTreeMap<&Name, u32> = old.collect();
        for (oid, relation) in after.relations.iter().filter(|(oid, _)| !before.relations.contains_key(oid)) {
            let Some(seen) = after.seen(*oid).filter(|seen| !is_toast_part(seen)) else { continue };
            match old.get(&seen.relation) {
                None => self.made.push(seen.relation),
                Some(file) if *file != relation.file => self.rebuilds.push(seen),
                // It took over the file of the one before.
                Some(_) => {}
            }
        }
        self.rewrites.sort();
        self.made.sort();
        self.dropped.sort();
    }
}

fn is_toast_part(seen: &Seen) -> bool {
    seen.relation.schema.as_deref() == Some("pg_toast")
}

/// How often a table was read between two looks, and how many rows that gave.
fn read(before: Counts, now: Counts, around: Around, totals: Totals) -> (u64, u64) {
    let difference = |own: i64, all: i64| {
        let whole = match (around, totals) {
            (Around::Transaction, _) => own,
            // What it did may stand in the totals by now.
            (Around::Nothing, Totals::Told) => own + all,
            (Around::Nothing, Totals::Late) => 0,
        };
        u64::try_from(whole).unwrap_or(0)
    };
    (
        difference(now.scans - before.scans, now.scans_before - before.scans_before),
        difference(now.tuples - before.tuples, now.tuples_before - before.tuples_before),
    )
}

#[async_trait]
impl Hooks for Recorder {
    async fn before_step(&self, label: &str, context: &mut StepContext<'_>) -> Result<(), BoxError> {
        self.0.seed(label, context).await
    }

    fn statements(&self) -> Option<&dyn StatementHooks> {
        Some(self)
    }
}

#[async_trait]
impl StatementHooks for Recorder {
    async fn before_statement(
        &self,
        at: &StatementAt<'_>,
        context: &mut StepContext<'_>,
    ) -> Result<(), BoxError> {
        let inner = &self.0;
        if !inner.is_watched(context.version(), at.label) {
            return Ok(());
        }
        inner.begin_step(at);
        let look = Look::at(context.client(), &inner.history).await?;
        let turnstile = match at.around {
            Around::Nothing => Some(self.turnstile(&look, context).await?),
            Around::Transaction => None,
        };
        let mut state = inner.state();
        if state.there.is_none() {
            state.there = Some(look.relations.keys().copied().collect());
        }
        (state.before, state.turnstile, state.clock) = (look, turnstile, Some(Instant::now()));
        Ok(())
    }

    async fn after_statement(
        &self,
        at: &StatementAt<'_>,
        context: &mut StepContext<'_>,
    ) -> Result<(), BoxError> {
        let inner = &self.0;
        if !inner.is_watched(context.version(), at.label) {
            return Ok(());
        }
        let (took, turnstile) = {
            let mut state = inner.state();
            (state.clock.map(|clock| clock.elapsed()).unwrap_or_default(), state.turnstile.take())
        };
        let stopped = match turnstile {
            Some(turnstile) => Some(turnstile.end().await?),
            None => None,
        };
        let look = Look::at(context.client(), &inner.history).await?;
        inner.finish(at, &look, stopped, took);
        inner.state().clock = Some(Instant::now());
        Ok(())
    }

    async fn after_transaction(&self, label: &str, context: &mut StepContext<'_>) -> Result<(), BoxError> {
        self.0.state().end_transaction();
        self.0.seed(label, context).await
    }
}

impl Recorder {
    async fn turnstile(&self, look: &Look, context: &StepContext<'_>) -> Result<Turnstile, BoxError> {
        let rows = context.query("select pg_catalog.pg_backend_pid() as pid", &[] as &[(_, Type)]).await?;
        let pid: i32 = rows.first().map_or(Ok(0), |row| row.try_get("pid"))?;
        let lockable = look.relations.iter().filter(|(_, it)| matches!(it.kind.as_str(), "r" | "p"));
        let tables = lockable.map(|(oid, it)| (*oid, it.name.to_string())).collect();
        Ok(Turnstile::begin(&self.0.reach, pid, tables).await?)
    }
}

impl State {
    /// What a statement locked it holds to the end of its transaction.
    fn end_transaction(&mut self) {
        let tail = self.clock.take().map(|clock| clock.elapsed()).unwrap_or_default();
        let Some(step) = &mut self.step else { return };
        let mut held = tail;
        for statement in step.statements.iter_mut().skip(self.first).rev() {
            held += statement.took;
            statement.locks.iter_mut().for_each(|lock| lock.held = held);
        }
        (self.first, self.there) = (step.statements.len(), None);
    }
}
