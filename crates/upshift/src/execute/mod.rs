//! The only writer: carries a plan out, step by step, under the lock.

mod batches;
mod catalog;
mod flight;
mod gate;
mod leftover;
mod one_by_one;
mod ongoing;
mod transaction;

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use crate::backoff::Backoff;
use crate::code::StepContext;
use crate::context::Context;
use crate::error::{Error, Failure, Left};
use crate::event::Event;
use crate::gatekeeper::Gatekeeper;
use crate::history::sql;
use crate::lock::Lock;
use crate::plan::messages::{AuditEntry, as_ourselves};
use crate::plan::{Direction, Entry, Message, Plan, Purpose, Step, StepMode};
use crate::report::Report;
use crate::settings::Grouping;
use crate::wire::Wire;
use ongoing::Ongoing;

/// Carries a plan out; with a gatekeeper its contracts are judged again, each in its own transaction.
///
/// What is done when it fails is in the error's report.
pub(crate) async fn execute(
    context: &Context,
    plan: &Plan,
    lock: &Lock,
    gatekeeper: Option<&Gatekeeper>,
    report: &mut Report,
) -> Result<(), Error> {
    let records = plan.entries.iter().filter(|entry| matches!(entry, Entry::Record(_))).count();
    let mut wire = lock.wire();
    if plan.steps().any(|step| step.says(&["deallocate", "discard"])) {
        // It may take away what the connection has prepared.
        wire.prepared = &[];
    }
    let (spent, retries) = (Duration::ZERO, AtomicU32::new(0));
    let (began, ongoing) = (Instant::now(), Ongoing::default());
    let mut executor =
        Executor { context, plan, lock, gatekeeper, wire, report, records, spent, retries, began, ongoing };
    context.tell(&Event::RunStarted { steps: plan.steps().count() });
    let outcome = executor.run().await;
    executor.ended(&outcome);
    outcome
}

/// One plan, one lock, one report.
struct Executor<'e> {
    context: &'e Context,
    plan: &'e Plan,
    lock: &'e Lock,
    gatekeeper: Option<&'e Gatekeeper>,
    wire: Wire<'e>,
    report: &'e mut Report,
    /// Edited downs that this plan keeps: each writes an audit row before the first step.
    records: usize,
    /// How long the batches of the step at hand took, before the transaction that ends it.
    spent: Duration,
    /// How often the step at hand was tried again; atomic, since a run may be carried from thread to thread.
    retries: AtomicU32,
    began: Instant,
    ongoing: Ongoing,
}

impl<'e> Executor<'e> {
    async fn run(&mut self) -> Result<(), Error> {
        if self.context.hooks().is_some() {
            // Each transaction says so for itself, and so does what runs statement by statement.
            self.prepare().await?;
        }
        self.hook_before_run().await?;
        self.entries().await?;
        self.hook_after_run().await
    }

    /// A server that looks after its clients notices when this one is gone, even in the middle of a statement.
    async fn prepare(&self) -> Result<(), Error> {
        match self.watching("set session") {
            Some(sql) => self.batch("look after its client", &sql).await,
            None => Ok(()),
        }
    }

    async fn entries(&mut self) -> Result<(), Error> {
        for entry in &self.plan.entries {
            if let Entry::Record(record) = entry {
                let message = record.message(&self.plan.writer);
                let asked = self.wire.ask(&message).await;
                asked.map_err(|cause| Error::database("keep an edited down in the history", cause))?;
            }
        }
        let steps: Vec<&Step> = self.plan.steps().collect();
        if self.plan.grouping == Grouping::AllInOne {
            return self.grouped(&steps).await;
        }
        let mut at = 0;
        while at < steps.len() {
            let in_transaction = |step: &&&Step| step.mode() == StepMode::InTransaction;
            let run = steps[at..].iter().take_while(in_transaction).count();
            match steps.get(at..at + run) {
                Some(transactional @ [_, ..]) => self.transactional(transactional).await?,
                _ => {
                    if let Some(step) = steps.get(at) {
                        self.by_itself(step).await?;
                    }
                }
            }
            at += run.max(1);
        }
        Ok(())
    }

    async fn by_itself(&mut self, step: &Step) -> Result<(), Error> {
        match step.mode() {
            StepMode::InBatches => self.in_batches(step).await,
            StepMode::OneByOne | StepMode::InTransaction => self.one_by_one(step).await,
        }
    }

    /// The number of the last audit row: one for each step and each edited down of this plan.
    fn audited(&self) -> i64 {
        self.lock.lease.audited + self.records as i64 + self.report.steps.len() as i64
    }

    /// Pauses before another attempt when the error is one that goes away, and the budget allows it.
    async fn pause(&self, step: &Step, failure: &Failure, budget: &mut Backoff) -> bool {
        let state = failure.server.as_ref().and_then(|server| server.sqlstate());
        // lock_not_available, deadlock_detected, serialization_failure.
        if !matches!(state, Some("55P03" | "40P01" | "40001")) {
            return false;
        }
        if self.wire.is_spoiled() {
            return false;
        }
        let Some(pause) = budget.pause() else { return false };
        self.retries.fetch_add(1, Ordering::Relaxed);
        let why = failure.server.as_ref().map_or(String::new(), ToString::to_string);
        tracing::warn!(migration = %step.label, why, "migration tried again");
        self.context.tell(&Event::Retrying { step: step.at(), pause, why: &why });
        tokio::time::sleep(pause).await;
        true
    }

    fn budget(&self) -> Backoff {
        let timeouts = &self.plan.writer.timeouts;
        Backoff::new(timeouts.retry, Duration::from_millis(100), Duration::from_secs(10))
    }

    /// Writes a failure into the audit, and makes the error of it.
    async fn failed(&self, step: &Step, mut failure: Failure) -> Error {
        if let Some(place) = &mut failure.place {
            place.path = self.context.source().shown(&place.path);
        }
        let words = failure.words();
        self.audit_failure(step, format!("{failure}: {words}")).await;
        if failure.left == Left::Nothing {
            tracing::error!(migration = %step.label, error = words, "migration failed");
        } else {
            tracing::error!(migration = %step.label, error = words, "migration failed in the middle");
        }
        Error::failed(failure)
    }

    /// Writes an attempt that failed into the audit.
    async fn audit_failure(&self, step: &Step, detail: String) {
        let action = match step.direction {
            Direction::Up => "apply",
            Direction::Down => "revert",
        };
        let checksum = match step.direction {
            Direction::Up => step.texts.up_checksum,
            Direction::Down => step.texts.down_checksum,
        };
        let entry = AuditEntry::done(action, &step.id, &step.name).failed().checksum(checksum).detail(detail);
        let values = entry.values(&self.plan.writer);
        let message = Message::bound(Purpose::Record, self.plan.writer.tables.sql(sql::RECORD_AUDIT), values);
        // The error at hand is the one to tell: where the audit cannot be written, the connection or the lease is gone,
        // and whoever holds the lease now writes his own.
        if let Err(cause) = self.write_down(&message).await {
            tracing::warn!(migration = %step.label, %cause, "the failure could not be written into the audit");
        }
    }

    /// Writes what is to be remembered of a failure: on another connection where ours is spoiled, which is as good, since
    /// the lease is ours still, or the fence refuses it.
    async fn write_down(&self, message: &Message) -> Result<(), Error> {
        let other;
        let mut wire = self.wire;
        if wire.is_spoiled() {
            other = crate::session::borrow(self.context.pool()).await?;
            (wire.client, wire.prepared) = (&other, &[]);
        }
        let written = wire.ask(message).await;
        written.map(|_| ()).map_err(|cause| Error::database("write down that a migration failed", cause))
    }

    /// `set session …` or ` set local …` for a server that can look after its clients.
    fn watching(&self, set: &str) -> Option<String> {
        // A quarter of a second is how long a killed deploy may hold its locks; the check itself is one poll().
        self.lock.server.watches_clients.then(|| format!("{set} client_connection_check_interval = 250;"))
    }

    /// Settings the pool had made on the connection, which a reset would lose.
    fn restore(&self) -> Option<Message> {
        let settings = &self.lock.server.settings;
        if settings.is_empty() {
            return None;
        }
        let calls = (0..settings.len())
            .map(|at| format!("pg_catalog.set_config(${}, ${}, false)", 2 * at + 1, 2 * at + 2));
        let sql = format!("select {}", calls.collect::<Vec<_>>().join(", "));
        let texts = settings.iter().flat_map(|(name, value)| [name, value]);
        let values = texts.map(|text| crate::plan::Param::text(text.as_str())).collect();
        Some(Message::bound(Purpose::Reset, sql.into(), values))
    }

    /// Our own role, for the open transaction alone: a migration's may not write the history.
    fn as_ourselves(&self, step: &Step) -> Message {
        let role = self.lock.server.settings.iter().find(|(name, _)| name == "role");
        as_ourselves(step, role.map(|(_, role)| role.as_str()))
    }

    async fn batch(&self, doing: &'static str, sql: &str) -> Result<(), Error> {
        self.lock.session.client().batch_execute(sql).await.map_err(|cause| Error::database(doing, cause))
    }

    async fn hook_before_run(&self) -> Result<(), Error> {
        let Some(hooks) = self.context.hooks() else { return Ok(()) };
        let mut context = StepContext::new(self.lock.session.client(), None);
        hooks.before_run(self.plan, &mut context).await.map_err(|cause| Error::hook("before_run", cause))
    }

    async fn hook_after_run(&self) -> Result<(), Error> {
        let Some(hooks) = self.context.hooks() else { return Ok(()) };
        let mut context = StepContext::new(self.lock.session.client(), None);
        hooks.after_run(self.report, &mut context).await.map_err(|cause| Error::hook("after_run", cause))
    }
}
