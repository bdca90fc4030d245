//! Steps that run in transactions: a whole run of them on its way at once, each in a transaction of its own.
//!
//! Each transaction begins with a check that raises unless the step before it is in the history, so that nothing runs
//! after a failure though it was sent already.

use super::Executor;
use super::flight::{Answer, Flight, Waiting};
use crate::around::{after, before, ended, first_of, statement_of};
use crate::backoff::Backoff;
use crate::code::{BoxError, StepContext};
use crate::error::{Error, Failure};
use crate::event::{Around, Blocker};
use crate::plan::messages::{
    LockWait, begin, begin_judged, between, closing, commit, fencing, guard, lock_wait, queries, statement,
    whole,
};
use crate::plan::{Direction, Message, Mode, Param, Purpose, Step, StepBody, StepMode};
use crate::watch::Watch;

/// How many steps may be on their way: the first deploy of a grown service is one round trip.
const MOST_STEPS: usize = 1024;
/// How many bytes of SQL a window of steps may have, so that a window is one round trip.
const MOST_BYTES: usize = 1 << 20;

/// What is sent, or called, for one step: in order.
enum Act<'p> {
    Send(Message),
    Gate(&'p Step),
    Code(&'p Step),
    Before(&'p Step),
    After(&'p Step),
}

/// One transaction: its steps and what it does.
struct Transactional<'p> {
    steps: &'p [&'p Step],
    acts: Vec<(&'p Step, Act<'p>)>,
}

/// Why a window stopped.
enum Stop<'p> {
    Server(&'p Step, Purpose, tokio_postgres::Error),
    Code(&'p Step, BoxError),
    Hook(&'p Step, &'static str, BoxError),
    Ours(Error),
}

/// What a hook has done when the savepoint before it is gone.
const MEDDLED: &str = "it ended the migration's transaction, or went on after an error of the server";

impl Executor<'_> {
    /// A run of steps, each in its own transaction.
    pub(super) async fn transactional(&mut self, steps: &[&Step]) -> Result<(), Error> {
        let (mut at, mut retries, mut budget) = (0, 0, self.budget());
        while at < steps.len() {
            let window = &steps[at..at + self.window(&steps[at..])];
            let audited = self.audited();
            let transactions =
                (0..window.len()).map(|n| self.transaction(&window[n..=n], audited + n as i64, retries));
            let (done, stop) = self.fly(transactions.collect(), retries).await;
            at += done;
            if done > 0 {
                (retries, budget) = (0, self.budget());
            }
            if let Some((stop, seen)) = stop {
                self.pause_or_fail(stop, seen, &mut budget).await?;
                retries += 1;
            }
        }
        Ok(())
    }

    /// All steps in one transaction.
    pub(super) async fn grouped(&mut self, steps: &[&Step]) -> Result<(), Error> {
        let (mut retries, mut budget) = (0, self.budget());
        while !steps.is_empty() {
            let (done, stop) =
                self.fly(vec![self.transaction(steps, self.audited(), retries)], retries).await;
            if done > 0 {
                return Ok(());
            }
            if let Some((stop, seen)) = stop {
                self.pause_or_fail(stop, seen, &mut budget).await?;
                retries += 1;
            }
        }
        Ok(())
    }

    /// Pauses before another attempt, or makes the error of what stopped the run.
    async fn pause_or_fail(
        &self,
        stop: Stop<'_>,
        seen: Vec<Blocker>,
        budget: &mut Backoff,
    ) -> Result<(), Error> {
        let (step, mut failure) = match stop {
            Stop::Server(step, purpose, cause) => (step, Failure::at_message(step, purpose, cause)),
            Stop::Code(step, cause) => (step, Failure::in_code(step, cause)),
            Stop::Hook(step, when, cause) => {
                let error = Error::hook(when, cause);
                self.audit_failure(step, error.in_one_line()).await;
                return Err(error);
            }
            Stop::Ours(error) => return Err(error),
        };
        failure.blame(seen);
        if self.pause(step, &failure, budget).await {
            return Ok(());
        }
        Err(self.failed(step, failure).await)
    }

    /// How many steps go together.
    fn window(&self, steps: &[&Step]) -> usize {
        if self.lock.server.pid.is_none() {
            // Behind a pooler no transaction is sent behind another one: see `Way::Transaction` of the lock.
            return 1;
        }
        let mut bytes = 0;
        let fitting = steps.iter().take(MOST_STEPS).take_while(|step| {
            bytes += 2 * step.texts.up.as_ref().map_or(0, String::len)
                + step.texts.down.as_ref().map_or(0, String::len);
            bytes <= MOST_BYTES
        });
        fitting.count().max(1)
    }

    fn transaction<'p>(&self, steps: &'p [&'p Step], audited: i64, retries: u32) -> Transactional<'p> {
        let wait = LockWait::Growing(retries);
        let writer = &self.plan.writer;
        let mut acts = Vec::new();
        if let Some(first) = steps.first() {
            let is_judged = steps.iter().any(|step| self.gatekeeper_of(step).is_some());
            let begin = if is_judged { begin_judged } else { begin };
            let mut begin = begin(first, writer, wait);
            if let Some(watching) = self.watching(" set local") {
                begin.sql.to_mut().push_str(&watching);
            }
            acts.push((*first, Act::Send(begin)));
            acts.extend(self.restore().map(|restore| (*first, Act::Send(restore))));
            acts.push((*first, Act::Send(guard(Param::Int(Some(audited)), writer))));
        }
        for (at, step) in steps.iter().enumerate() {
            if at > 0 {
                acts.push((*step, Act::Send(between(step, writer, wait))));
                acts.extend(self.restore().map(|restore| (*step, Act::Send(restore))));
            }
            acts.extend(self.acts(step).into_iter().map(|act| (*step, act)));
        }
        acts.extend(steps.last().map(|last| (*last, Act::Send(commit()))));
        Transactional { steps, acts }
    }

    /// What one step does between BEGIN with its guard and COMMIT.
    fn acts<'p>(&self, step: &'p Step) -> Vec<Act<'p>> {
        let hooked = self.context.hooks().is_some();
        let mut acts: Vec<Act<'p>> = Vec::new();
        if self.gatekeeper_of(step).is_some() {
            acts.push(Act::Send(fencing(&self.plan.writer)));
            acts.push(Act::Gate(step));
        }
        // Its batches are done, and its guard was asked before them.
        let in_batches = self.is_in_batches(step);
        let guard = step.guard.as_ref().filter(|_| !in_batches);
        acts.extend(queries(guard, Purpose::Guard).map(Act::Send));
        if hooked {
            acts.push(Act::Before(step));
        }
        match &step.body {
            StepBody::Code { .. } => acts.push(Act::Code(step)),
            StepBody::Backfill(_) if in_batches => {}
            StepBody::Backfill(_) => acts.extend(whole(step, &self.plan.writer).into_iter().map(Act::Send)),
            StepBody::Sql(script) => {
                if let Mode::InTransaction { inner } = &script.mode {
                    acts.extend(inner.clone().map(|at| Act::Send(statement(script, at))));
                }
            }
        }
        if hooked {
            acts.push(Act::After(step));
        }
        let restore = self.restore();
        for message in closing(step, &self.plan.writer) {
            let after_reset = message.purpose == Purpose::Reset;
            acts.push(Act::Send(message));
            if after_reset {
                acts.extend(restore.clone().map(Act::Send));
            }
        }
        acts
    }

    /// Sends transactions one behind the other; how many were committed, and what stopped the rest.
    async fn fly<'p>(
        &mut self,
        transactions: Vec<Transactional<'p>>,
        retries: u32,
    ) -> (usize, Option<(Stop<'p>, Vec<Blocker>)>) {
        let first = transactions.first().and_then(|it| it.steps.first());
        let wait = first.map_or(self.plan.writer.timeouts.lock, |step| {
            lock_wait(step, &self.plan.writer, LockWait::Growing(retries))
        });
        let watch = Watch::new(self.context, self.lock.server.pid, wait / 2);
        let mut flight = Flight::new(self.wire, &watch);
        let mut broken = None;
        for transaction in &transactions {
            // One that runs in batches was started before them.
            for step in transaction.steps {
                if !self.is_in_batches(step) {
                    self.started(step);
                }
            }
            broken = self.act(&mut flight, transaction).await;
            if broken.is_some() || flight.failed.is_some() {
                break;
            }
        }
        // Each is told when it is done, and not when all of them are: one of those behind it may take an hour.
        let mut done = 0;
        loop {
            let answers = flight.take_committed();
            done = self.committed(&transactions, done, &answers, retries);
            if flight.land_next().await == Waiting::ForNothing {
                break;
            }
        }
        let failed = flight.failed.take();
        drop(flight);
        let stop = failed.map(|failed| Stop::Server(failed.step, failed.purpose, failed.cause)).or(broken);
        (done, stop.map(|stop| (stop, watch.seen())))
    }

    /// Reports the steps of the transactions that were committed, behind those that are `done`; counts those all.
    fn committed(
        &mut self,
        transactions: &[Transactional<'_>],
        mut done: usize,
        answers: &[Answer],
        retries: u32,
    ) -> usize {
        let each = answers.split_inclusive(|answer| *answer == Answer::Committed);
        for (transaction, answers) in transactions.iter().skip(done).zip(each) {
            let recorded = answers.iter().filter_map(|answer| match answer {
                Answer::Recorded { milliseconds } => Some(*milliseconds),
                Answer::Committed => None,
            });
            for (step, milliseconds) in transaction.steps.iter().zip(recorded) {
                let milliseconds = milliseconds + self.take_spent();
                self.finished(step, milliseconds, if done == 0 { retries } else { 0 });
            }
            done += 1;
        }
        done
    }

    /// Does what one transaction does; what of our own side broke it.
    async fn act<'f, 'p>(
        &self,
        flight: &mut Flight<'f, 'p>,
        transaction: &'f Transactional<'p>,
    ) -> Option<Stop<'p>> {
        for (step, act) in &transaction.acts {
            if let Act::Send(message) = act {
                if self.context.statement_hooks().is_none() {
                    flight.send(step, message).await;
                } else if let Err(stop) = self.watched(flight, step, message).await {
                    return stop;
                }
                continue;
            }
            flight.land().await;
            if flight.failed.is_some() {
                self.give_up("before Rust code").await;
                return None;
            }
            if let Err(stop) = self.called(act).await {
                self.give_up("after an error of Rust code").await;
                return Some(stop);
            }
        }
        None
    }

    /// Sends a message, and calls the code of the service around it; what stopped it.
    async fn watched<'f, 'p>(
        &self,
        flight: &mut Flight<'f, 'p>,
        step: &'p Step,
        message: &'f Message,
    ) -> Result<(), Option<Stop<'p>>> {
        let client = self.lock.session.client();
        let at = statement_of(step, message, Around::Transaction);
        flight.land().await;
        let outcome = match (&at, flight.failed.is_some()) {
            (_, true) => Err(None),
            (Some(at), false) => before(self.context, client, at).await.map_err(Some),
            (None, false) => Ok(()),
        };
        if let Err(error) = outcome {
            self.give_up("before a statement").await;
            return Err(error.map(Stop::Ours));
        }
        flight.send(step, message).await;
        flight.land().await;
        let outcome = match (&at, flight.failed.is_some()) {
            (_, true) => Err(None),
            (Some(at), false) => after(self.context, client, at).await.map_err(Some),
            (None, false) if message.purpose == Purpose::Commit => {
                ended(self.context, client, step).await.map_err(Some)
            }
            (None, false) => Ok(()),
        };
        if let Err(error) = outcome {
            self.give_up("behind a statement").await;
            return Err(error.map(Stop::Ours));
        }
        Ok(())
    }

    /// Ends a transaction that the server may have given up already.
    async fn give_up(&self, when: &'static str) {
        let rolled_back = self.lock.session.client().batch_execute("rollback").await;
        tracing::debug!(?rolled_back, "rolled back {when}");
    }

    /// Calls Rust code inside the open transaction, and proves that it has left the transaction as it was.
    async fn called<'p>(&self, act: &Act<'p>) -> Result<(), Stop<'p>> {
        let client = self.lock.session.client();
        let step = match act {
            Act::Send(_) => return Ok(()),
            Act::Gate(step) => return self.gate(step).await,
            Act::Code(step) | Act::Before(step) | Act::After(step) => *step,
        };
        let broken = |cause| Stop::Server(step, Purpose::Begin, cause);
        client.batch_execute("savepoint upshift_code").await.map_err(broken)?;
        let mut context = StepContext::new(client, step.version());
        let hook = match (act, self.context.hooks()) {
            (Act::Before(_), Some(hooks)) => {
                Some(("before_step", hooks.before_step(&step.label, &mut context).await))
            }
            (Act::After(_), Some(hooks)) => {
                Some(("after_step", hooks.after_step(&step.label, &mut context).await))
            }
            _ => {
                let at = first_of(step, None, Around::Transaction);
                before(self.context, client, &at).await.map_err(Stop::Ours)?;
                self.code(step).await.map_err(|cause| Stop::Code(step, cause))?;
                after(self.context, client, &at).await.map_err(Stop::Ours)?;
                None
            }
        };
        let hook =
            hook.map(|(when, outcome)| outcome.map(|()| when).map_err(|cause| Stop::Hook(step, when, cause)));
        let hook = hook.transpose()?;
        // Fails when the code has ended the transaction, or has gone on after an error of the server.
        let released = client.batch_execute("release savepoint upshift_code").await;
        released.map_err(|cause| match hook {
            Some(when) => Stop::Hook(step, when, MEDDLED.into()),
            None => Stop::Server(step, Purpose::Release, cause),
        })
    }

    async fn gate<'p>(&self, step: &'p Step) -> Result<(), Stop<'p>> {
        let Some(gatekeeper) = self.gatekeeper_of(step) else { return Ok(()) };
        self.judged(gatekeeper, step).await.map_err(Stop::Ours)
    }

    /// Calls the Rust function of a step.
    pub(super) async fn code(&self, step: &Step) -> Result<(), BoxError> {
        let StepBody::Code { path, .. } = &step.body else { return Ok(()) };
        let code = self.context.source().code(path);
        let function = code.and_then(|code| match step.direction {
            Direction::Up => Some(code.up),
            Direction::Down => code.down,
        });
        let Some(function) = function else {
            return Err(format!("the function of {path} is not in this binary").into());
        };
        let mut context = StepContext::new(self.lock.session.client(), step.version());
        let called = function(&mut context).await;
        if called.is_err() && step.mode() == StepMode::OneByOne && self.lock.server.pid.is_none() {
            // What it asked last may have failed, and its answer be on its way.
            self.wire.spoil();
        }
        called
    }
}
