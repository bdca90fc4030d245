//! The last migration once more: reverted, and applied again.

use upshift_files::MigrationId;

use crate::context::Here;
use crate::error::Error;
use crate::migrator::Migrator;
use crate::plan::{DownTarget, Plan, Target, refuse_again};
use crate::report::Report;

impl Migrator {
    /// Reverts the last applied migration and applies it again, as it is now.
    ///
    /// # Errors
    /// As [`Migrator::down`] and [`Migrator::up`].
    pub async fn redo(&self) -> Result<Report, Error> {
        self.refuse_redo().await?;
        self.up_again(self.down(DownTarget::Steps(1)).await?).await
    }

    /// The same, as far as it begins with this plan: [`Migrator::down_agreed`] with one step.
    ///
    /// # Errors
    /// As [`Migrator::redo`]; the plan is another one.
    pub async fn redo_agreed(&self, agreed: &Plan) -> Result<Report, Error> {
        self.refuse_redo().await?;
        self.up_again(self.down_agreed(DownTarget::Steps(1), agreed).await?).await
    }

    /// Refuses before anything is reverted what could not be applied again.
    fn refuse_redo(&self) -> Here<'_, ()> {
        Box::pin(async move {
            let (set, facts) = self.context.set_and_facts().await?;
            let again = refuse_again(&set, facts.history(), &self.context.up_request(&Target::Head));
            again.map_err(|why| self.context.unplanned(why))
        })
    }

    /// Applies what was reverted.
    async fn up_again(&self, reverted: Report) -> Result<Report, Error> {
        let mut report = reverted.clone();
        let Some(step) = reverted.steps.first() else { return Ok(report) };
        let MigrationId::Version(version) = step.id else { return Ok(report) };
        let applied = self.up(Target::Only(vec![version])).await.map_err(|error| {
            let mut done = reverted.clone();
            error.report().into_iter().for_each(|second| done.go_on(second));
            error.with_report(done)
        })?;
        report.go_on(&applied);
        Ok(report)
    }
}
