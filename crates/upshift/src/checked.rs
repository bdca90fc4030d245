//! A run that proves itself: the service's own health check must hold afterwards, or what the run did is taken back.

use std::future::Future;
use std::time::{Duration, Instant};

use upshift_files::{MigrationId, Version};

use crate::code::BoxError;
use crate::error::Error;
use crate::migrator::Migrator;
use crate::plan::{Direction, DownTarget, Refusal, RefusalKind};
use crate::report::Report;

/// How often, and for how long, a service is asked whether it is well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HealthCheck {
    /// How many answers in a row must be good. Default 3.
    pub times: u32,
    /// The time between two questions. Default 1 s.
    pub every: Duration,
    /// How long it may take until they are. Default 30 s.
    pub within: Duration,
}

impl Default for HealthCheck {
    fn default() -> HealthCheck {
        HealthCheck { times: 3, every: Duration::from_secs(1), within: Duration::from_secs(30) }
    }
}

impl Migrator {
    /// As [`Migrator::run`]; then asks `health` until it was good [`HealthCheck::times`] times in a row. When that is not
    /// so in time, what this run has applied is reverted, newest first.
    ///
    /// A run with nothing to do asks nothing.
    ///
    /// ```no_run
    /// # async fn boot(migrator: upshift::Migrator, pool: deadpool_postgres::Pool) -> Result<(), upshift::Error> {
    /// use upshift::HealthCheck;
    /// let serves = async || -> Result<(), upshift::BoxError> {
    ///     pool.get().await?.query_one("select id, status from orders limit 1", &[]).await?;
    ///     Ok(())
    /// };
    /// migrator.run_checked(HealthCheck::default(), serves).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`Migrator::run`]. [`Error::is_unhealthy`] when the check did not hold: [`Error::report`] has what was applied
    /// and what was reverted. What has no way back stays, and the error says so.
    ///
    /// # Cancel safety
    /// Dropping it reverts nothing.
    pub async fn run_checked<H, F>(&self, check: HealthCheck, mut health: H) -> Result<Report, Error>
    where
        H: FnMut() -> F,
        F: Future<Output = Result<(), BoxError>>,
    {
        let report = self.run().await?;
        if report.is_empty() {
            return Ok(report);
        }
        let Err(cause) = holds(check, &mut health).await else { return Ok(report) };
        Err(self.take_back(report, cause).await)
    }

    /// Reverts what a run has applied, newest first.
    async fn take_back(&self, mut report: Report, cause: BoxError) -> Error {
        let applied: Vec<_> =
            report.steps.iter().filter(|it| it.direction == Direction::Up).cloned().collect();
        let mut stays = None;
        for step in applied.iter().rev() {
            let MigrationId::Version(version) = step.id else {
                // What it was before nobody has kept.
                let refusal = Refusal { label: step.label.clone(), kind: RefusalKind::NoDown };
                stays = Some((step.label.clone(), Error::refused(vec![refusal])));
                continue;
            };
            match self.take_one_back(&step.id, version).await {
                Ok(reverted) => report.go_on(&reverted),
                Err(stays) => {
                    stays.report().into_iter().for_each(|reverted| report.go_on(reverted));
                    return Error::unhealthy(cause, Some((step.label.clone(), stays))).with_report(report);
                }
            }
        }
        Error::unhealthy(cause, stays).with_report(report)
    }

    /// Reverts one, unless another migrator was here since: a newer binary, whose migrations this one cannot ask what they
    /// require.
    async fn take_one_back(&self, id: &MigrationId, version: Version) -> Result<Report, Error> {
        let (set, facts) = (self.context.set()?, self.context.read().await?);
        let row = facts.history().get(id);
        let is_unknown = |id: &MigrationId| matches!(id, MigrationId::Version(it) if set.get(*it).is_none());
        let is_behind = |ordinal: i64| row.is_some_and(|row| ordinal > row.ordinal);
        let behind = facts.history().iter().find(|it| is_behind(it.ordinal) && is_unknown(&it.id));
        let (Some(row), Some(behind)) = (row, behind) else {
            return self.down(DownTarget::Only(version)).await;
        };
        let kind = RefusalKind::AppliedBehind { label: behind.label() };
        Err(Error::refused(vec![Refusal { label: row.label(), kind }]))
    }
}

/// Whether the check holds; else the last answer that was not good.
async fn holds<F>(check: HealthCheck, health: &mut impl FnMut() -> F) -> Result<(), BoxError>
where
    F: Future<Output = Result<(), BoxError>>,
{
    let (began, mut good) = (Instant::now(), 0);
    loop {
        let left = check.within.saturating_sub(began.elapsed());
        let answer = match tokio::time::timeout(left, health()).await {
            Ok(answer) => answer,
            Err(_) => Err(format!("it did not answer within {}", crate::report::human(check.within)).into()),
        };
        match answer {
            Ok(()) => good += 1,
            Err(cause) if began.elapsed() >= check.within => return Err(cause),
            Err(_) => good = 0,
        }
        if good >= check.times {
            return Ok(());
        }
        tokio::time::sleep(check.every).await;
    }
}
