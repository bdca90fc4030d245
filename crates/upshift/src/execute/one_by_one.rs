//! Steps that run statement by statement: the place is kept, and the next run goes on there.

use std::ops::Range;
use std::sync::atomic::Ordering;
use std::time::Instant;

use super::Executor;
use super::leftover::{Interrupted, can_be_looked_up, is_there_already};
use crate::around::{self, first_of, statement_of};
use crate::error::{Error, Failure, Left};
use crate::event::{Around, Event};
use crate::facts::read_texts;
use crate::ident::literal;
use crate::plan::messages::{
    RESET, ended, forget_prepared, going_on, limits, place, queries, session_limits, statement,
};
use crate::plan::{Message, Purpose, SqlScript, Step, StepBody, Unit};

/// What the row says of a statement outside of transactions whose end nobody wrote down.
const DID_NOT_FINISH: &str = "did not finish";
/// What it says behind a statement that is done, with the next one not begun.
const BETWEEN: &str = "stopped between two statements";

/// How a statement before which we stand was left by an earlier attempt.
enum Before {
    /// It was never sent, or the server said that it failed.
    Fresh,
    /// It may have been on its way when the connection was lost.
    Interrupted { indexes: Option<Vec<u32>> },
}

/// A failure on the way: of the migration, or of us.
pub(super) enum Broken {
    Migration(Box<Failure>),
    Ours(Error),
}

impl From<Error> for Broken {
    fn from(error: Error) -> Broken {
        Broken::Ours(error)
    }
}

impl Executor<'_> {
    /// One step, statement by statement.
    pub(super) async fn one_by_one(&mut self, step: &Step) -> Result<(), Error> {
        let began = Instant::now();
        self.started(step);
        self.retries.store(0, Ordering::Relaxed);
        let mut done = step.done;
        let outcome = self.statements(step, &mut done).await;
        if let Err(broken) = outcome {
            return Err(self.broken(step, done, broken).await);
        }
        let spent = i64::try_from(began.elapsed().as_millis()).unwrap_or(i64::MAX);
        self.finished(step, spent, self.retries.load(Ordering::Relaxed));
        Ok(())
    }

    async fn statements(&self, step: &Step, done: &mut usize) -> Result<(), Broken> {
        let began = Instant::now();
        let before = self.enter(step).await?;
        self.hooked(step, Purpose::Begin).await?;
        match &step.body {
            StepBody::Code { .. } => {
                if matches!(before, Before::Interrupted { .. }) {
                    self.sent_again(step, None);
                }
                let (client, at) = (self.lock.session.client(), first_of(step, None, Around::Nothing));
                around::before(self.context, client, &at).await?;
                let called = self.code(step).await;
                called.map_err(|cause| Broken::Migration(Box::new(Failure::in_code(step, cause))))?;
                around::after(self.context, client, &at).await?;
            }
            StepBody::Sql(script) => self.units(step, script, before, done).await?,
            // It is no step of this kind.
            StepBody::Backfill(_) => {}
        }
        self.hooked(step, Purpose::Commit).await?;
        self.leave(step, began).await
    }

    /// Marks the step as begun, or reads how the last attempt left it; checks its guard.
    async fn enter(&self, step: &Step) -> Result<Before, Broken> {
        // The step before may have left something that only the next transaction would have put back.
        self.end_settings().await.map_err(|cause| Error::database("reset the session", cause))?;
        self.prepare().await?;
        self.session_limits(step).await?;
        let goes_on = matches!(step.reason, crate::plan::Reason::Resumed { .. });
        if !goes_on {
            for query in queries(step.guard.as_ref(), Purpose::Guard) {
                self.send(step, &query).await?;
            }
            self.begun(step).await?;
            return Ok(Before::Fresh);
        }
        let ordinal = step.ordinal.unwrap_or_default();
        let texts = read_texts(self.lock.session.client(), &self.plan.writer.tables, ordinal).await?;
        self.record(&going_on(step, &self.plan.writer)).await?;
        if let StepBody::Sql(script) = &step.body {
            // The session that was told is gone.
            for at in script.settings_before(step.done) {
                self.send(step, &statement(script, at)).await?;
            }
        }
        Ok(match texts.error.as_deref() {
            Some(DID_NOT_FINISH) => Before::Interrupted { indexes: texts.indexes_before },
            _ => Before::Fresh,
        })
    }

    async fn units(
        &self,
        step: &Step,
        script: &SqlScript,
        before: Before,
        done: &mut usize,
    ) -> Result<(), Broken> {
        let mut before = before;
        for unit in step.units().unwrap_or(&[]) {
            if unit.end() <= step.done {
                continue;
            }
            let left = std::mem::replace(&mut before, Before::Fresh);
            match unit {
                Unit::Alone(at) => self.alone(step, script, *at, left).await?,
                Unit::InTransaction(at) => self.in_transaction(step, script, *at).await?,
                Unit::Written(range) => self.written(step, script, range.clone()).await?,
                Unit::Apart(range) => {
                    let statements: Vec<Message> = range.clone().map(|at| statement(script, at)).collect();
                    self.one_transaction(step, &statements).await?;
                    self.keep_place(step, range.end, BETWEEN, None).await?;
                }
            }
            around::ended(self.context, self.lock.session.client(), step).await?;
            *done = unit.end();
            let of = script.statements.len();
            self.context.tell(&Event::StatementFinished { step: step.at(), done: *done, of });
        }
        Ok(())
    }

    /// A statement and its place in one transaction: exactly once.
    async fn in_transaction(&self, step: &Step, script: &SqlScript, at: usize) -> Result<(), Broken> {
        let begin = match self.lock.server.pid {
            // The session has the limits, or those the migration has set instead.
            Some(_) => Message::plain(Purpose::Begin, "begin"),
            None => Message::plain(Purpose::Begin, format!("begin;{}", limits(step, &self.plan.writer))),
        };
        let place = place(step, at + 1, Some(BETWEEN.to_owned()), None, &self.plan.writer);
        let commit = Message::plain(Purpose::Commit, "commit");
        let messages = [begin, statement(script, at), self.as_ourselves(step), place, commit];
        match self.one_transaction(step, &messages).await {
            // Refused for what the catalog says, such as REINDEX of a partitioned table: no text could tell.
            Err(Broken::Migration(failure)) if failure.is_refused_in_transaction() => {
                self.alone(step, script, at, Before::Fresh).await
            }
            outcome => outcome,
        }
    }

    /// A transaction that the file wrote itself, and its place in it.
    async fn written(&self, step: &Step, script: &SqlScript, range: Range<usize>) -> Result<(), Broken> {
        let mut messages: Vec<Message> = range.clone().map(|at| statement(script, at)).collect();
        let place = place(step, range.end, Some(BETWEEN.to_owned()), None, &self.plan.writer);
        let before_commit = messages.len().saturating_sub(1);
        messages.splice(before_commit..before_commit, [self.as_ourselves(step), place]);
        self.one_transaction(step, &messages).await
    }

    /// Messages that are one transaction, tried again as a whole while others hold the locks it needs.
    async fn one_transaction(&self, step: &Step, messages: &[Message]) -> Result<(), Broken> {
        let mut budget = self.budget();
        loop {
            let mut outcome = Ok(());
            for message in messages {
                outcome = self.send_or_roll_back(step, message).await;
                if outcome.is_err() {
                    break;
                }
            }
            match outcome {
                Err(Broken::Migration(failure)) if self.pause(step, &failure, &mut budget).await => {}
                outcome => return outcome,
            }
        }
    }

    /// A statement outside of any transaction; its place is written behind it.
    async fn alone(&self, step: &Step, script: &SqlScript, at: usize, before: Before) -> Result<(), Broken> {
        let Some(kind) = script.statements.get(at).map(|statement| &statement.kind) else { return Ok(()) };
        let mut budget = self.budget();
        let (mut indexes, interrupted) = match before {
            Before::Interrupted { indexes } => (indexes, true),
            Before::Fresh => (None, false),
        };
        if interrupted && self.interrupted(kind, indexes.as_deref()).await? == Interrupted::Done {
            return Ok(self.keep_place(step, at + 1, BETWEEN, None).await?);
        }
        if interrupted && !can_be_looked_up(kind) {
            self.sent_again(step, Some(at + 1));
        }
        loop {
            self.drop_left_behind(kind, indexes.as_deref()).await?;
            indexes = self.indexes_before(kind).await?;
            self.keep_place(step, at, DID_NOT_FINISH, indexes.clone()).await?;
            let outcome = match self.send_alone(step, script, at).await {
                Err(Broken::Migration(failure)) if interrupted && is_there_already(&failure, kind) => Ok(()),
                outcome => outcome,
            };
            match outcome {
                Ok(()) => return Ok(self.keep_place(step, at + 1, BETWEEN, None).await?),
                Err(Broken::Migration(failure)) => {
                    // What a failed CONCURRENTLY leaves is taken away at once: until then it costs every writer.
                    self.drop_left_behind(kind, indexes.as_deref()).await?;
                    if !self.pause(step, &failure, &mut budget).await {
                        return Err(Broken::Migration(failure));
                    }
                }
                ours => return ours,
            }
        }
    }

    /// Says that something is sent again which may have been done already.
    fn sent_again(&self, step: &Step, statement: Option<usize>) {
        tracing::warn!(migration = %step.label, ?statement, "sent again, and it may have been done already: the connection was lost beside it");
        self.context.tell(&Event::SentAgain { step: step.at(), statement });
    }

    async fn send_alone(&self, step: &Step, script: &SqlScript, at: usize) -> Result<(), Broken> {
        let message = statement(script, at);
        if !script.is_concurrent(at) || self.lock.server.pid.is_none() {
            return self.send_within(step, &message, Around::Nothing).await;
        }
        let limit = self.lift_lock_timeout().await?;
        let outcome = self.send_within(step, &message, Around::Nothing).await;
        if !matches!(&outcome, Err(broken) if broken.is_connection_lost()) {
            self.set_lock_timeout(&limit).await?;
        }
        outcome
    }

    /// Gives the limit there was, be it ours or one that the migration has set.
    async fn lift_lock_timeout(&self) -> Result<String, Error> {
        let lifting = |cause| Error::database("lift the lock timeout for CONCURRENTLY", cause);
        const NOW: &str = "select pg_catalog.current_setting('lock_timeout') as limit";
        let rows = self.lock.session.client().query_typed(NOW, &[]).await.map_err(lifting)?;
        let limit = rows.first().map_or(Ok(String::new()), |row| row.try_get("limit")).map_err(lifting)?;
        self.set_lock_timeout("0").await?;
        Ok(limit)
    }

    async fn set_lock_timeout(&self, limit: &str) -> Result<(), Error> {
        self.batch("set the lock timeout", &format!("set session lock_timeout = {}", literal(limit))).await
    }

    /// The end: verify, reset, and the history row, in one transaction.
    async fn leave(&self, step: &Step, began: Instant) -> Result<(), Broken> {
        let writer = &self.plan.writer;
        let spent = i64::try_from(began.elapsed().as_millis()).ok();
        let mut messages = vec![Message::plain(Purpose::Begin, "begin")];
        messages.extend(queries(step.verify.as_ref(), Purpose::Verify));
        messages.extend(forget_prepared(step));
        messages.push(Message::plain(Purpose::Reset, RESET));
        messages.extend(self.restore());
        messages.push(ended(step, spent, writer));
        messages.push(Message::plain(Purpose::Commit, "commit"));
        for message in &messages {
            self.send_or_roll_back(step, message).await?;
        }
        Ok(self.prepare().await?)
    }

    /// Keeps the place, and the failure's words, and makes the error of it.
    async fn broken(&self, step: &Step, done: usize, broken: Broken) -> Error {
        let mut failure = match broken {
            Broken::Migration(failure) => failure,
            Broken::Ours(error) => return error,
        };
        if matches!(step.body, StepBody::Sql(_)) {
            failure.left = Left::Statements(done);
        }
        if let Err(cause) = self.end_settings().await {
            tracing::debug!(%cause, "the settings of a failed migration could not be reset");
        }
        if !failure.is_guard() {
            let place = place(step, done, Some(failure.words()), None, &self.plan.writer);
            // The connection may be what failed; then the row still says that the statement did not finish.
            if let Err(error) = self.write_down(&place).await {
                tracing::warn!(%error, "the place could not be kept");
            }
        }
        self.failed(step, *failure).await
    }

    /// What the migration has set ends with it, so that its failure can be written down.
    pub(super) async fn end_settings(&self) -> Result<(), tokio_postgres::Error> {
        if self.wire.is_spoiled() {
            return Ok(());
        }
        self.lock.session.client().batch_execute(RESET).await?;
        match self.restore() {
            Some(restore) => self.wire.ask(&restore).await.map(|_| ()),
            None => Ok(()),
        }
    }

    /// Writes the place outside of the migration's own transactions.
    async fn keep_place(
        &self,
        step: &Step,
        done: usize,
        words: &str,
        indexes: Option<Vec<u32>>,
    ) -> Result<(), Error> {
        let place = place(step, done, Some(words.to_owned()), indexes, &self.plan.writer);
        let begin = Message::plain(Purpose::Begin, "begin");
        let commit = Message::plain(Purpose::Commit, "commit");
        for message in [&begin, &self.as_ourselves(step), &place, &commit] {
            if let Err(cause) = self.wire.ask(message).await {
                let rolled_back = self.lock.session.client().batch_execute("rollback").await;
                tracing::debug!(?rolled_back, "rolled back the writing of a place");
                return Err(Error::database("keep the place of a migration", cause));
            }
        }
        Ok(())
    }

    pub(super) async fn record(&self, message: &Message) -> Result<(), Error> {
        let asked = self.wire.ask(message).await;
        asked.map(|_| ()).map_err(|cause| Error::database("keep the place of a migration", cause))
    }

    /// Session limits for what runs outside of transactions. Behind a pooler a session belongs to nobody, so there they
    /// stay the server's.
    async fn session_limits(&self, step: &Step) -> Result<(), Error> {
        if self.lock.server.pid.is_none() {
            return Ok(());
        }
        self.batch("set the limits of a migration", &session_limits(step, &self.plan.writer)).await
    }

    async fn send(&self, step: &Step, message: &Message) -> Result<(), Broken> {
        self.send_within(step, message, Around::Transaction).await
    }

    /// Sends a message, and calls the code of the service around it where it is a statement of the migration.
    async fn send_within(&self, step: &Step, message: &Message, around: Around) -> Result<(), Broken> {
        let Some(at) = statement_of(step, message, around) else {
            return self.send_message(step, message).await;
        };
        around::before(self.context, self.lock.session.client(), &at).await?;
        self.send_message(step, message).await?;
        Ok(around::after(self.context, self.lock.session.client(), &at).await?)
    }

    async fn send_message(&self, step: &Step, message: &Message) -> Result<(), Broken> {
        let watch =
            crate::watch::Watch::new(self.context, self.lock.server.pid, self.plan.writer.timeouts.lock / 2);
        let mut flight = super::flight::Flight::new(self.wire, &watch);
        flight.send(step, message).await;
        flight.land().await;
        let Some(failed) = flight.failed.take() else { return Ok(()) };
        let mut failure = Failure::at_message(step, failed.purpose, failed.cause);
        failure.blame(watch.seen());
        Err(Broken::Migration(Box::new(failure)))
    }

    pub(super) async fn send_or_roll_back(&self, step: &Step, message: &Message) -> Result<(), Broken> {
        let outcome = self.send(step, message).await;
        if outcome.is_err() {
            let rolled_back = self.lock.session.client().batch_execute("rollback").await;
            tracing::debug!(?rolled_back, "rolled back");
        }
        outcome
    }

    async fn hooked(&self, step: &Step, when: Purpose) -> Result<(), Broken> {
        let Some(hooks) = self.context.hooks() else { return Ok(()) };
        let mut context = crate::code::StepContext::new(self.lock.session.client(), step.version());
        let called = match when {
            Purpose::Begin => {
                hooks.before_step(&step.label, &mut context).await.map_err(|it| ("before_step", it))
            }
            _ => hooks.after_step(&step.label, &mut context).await.map_err(|it| ("after_step", it)),
        };
        called.map_err(|(when, cause)| Broken::Ours(Error::hook(when, cause)))
    }
}

impl Broken {
    fn is_connection_lost(&self) -> bool {
        match self {
            Broken::Migration(failure) => failure.server.as_ref().is_some_and(|it| it.is_connection_lost()),
            Broken::Ours(error) => error.is_connection_lost(),
        }
    }
}
