//! Backfills under the lock: the batches that are left, then one transaction that ends the migration.

use std::time::{Duration, Instant};

use super::Executor;
use crate::backfill::{Broken, Caller, Patience, Work, Worked};
use crate::error::{Error, Stopped};
use crate::plan::{Step, StepMode};
use crate::settings::Grouping;

impl Executor<'_> {
    /// Does the batches that nobody has done yet; then verifies, and writes the history.
    pub(super) async fn in_batches(&mut self, step: &Step) -> Result<(), Error> {
        let began = Instant::now();
        self.started(step);
        match self.batches(step).await {
            Ok(()) => {}
            Err(Broken::Migration(failure)) => return Err(self.failed(step, *failure).await),
            Err(Broken::Ours(error)) => {
                self.audit_failure(step, error.in_one_line()).await;
                return Err(error);
            }
        }
        self.spent = began.elapsed();
        self.transactional(&[step]).await
    }

    async fn batches(&self, step: &Step) -> Result<(), Broken> {
        // The step before may have left something that only the next transaction would have put back.
        self.end_settings().await.map_err(|cause| Error::database("reset the session", cause))?;
        self.prepare().await?;
        let (client, pid) = (self.lock.session.client(), self.lock.server.pid);
        let mut work = Work::open(self.context, client, pid, step, Caller::Up).await?;
        let stuck = self.plan.writer.timeouts.retry;
        let why = match work.slice(Patience::ToTheEnd { stuck }).await? {
            Worked::Finished => return Ok(()),
            Worked::Gone => Stopped::NotBegun,
            Worked::Paused(words) => Stopped::Paused { words },
            Worked::Cancelled(words) => Stopped::Cancelled { words },
            Worked::Failed(words) => Stopped::Failed { words },
            Worked::Held(why) => Stopped::Held { why, held: stuck },
            Worked::TimeIsUp => Stopped::Held { why: "its time is up".to_owned(), held: stuck },
        };
        Err(Error::backfill_stopped(&step.label, why).into())
    }

    /// Whether a step's work is done in batches, before the transaction that ends it.
    pub(super) fn is_in_batches(&self, step: &Step) -> bool {
        step.mode() == StepMode::InBatches && self.plan.grouping == Grouping::Each
    }

    /// How long the batches of the step that ends now took.
    pub(super) fn take_spent(&mut self) -> i64 {
        i64::try_from(std::mem::replace(&mut self.spent, Duration::ZERO).as_millis()).unwrap_or(i64::MAX)
    }
}
