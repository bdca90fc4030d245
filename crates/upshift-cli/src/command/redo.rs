//! `redo`: the last migration again.

use clap::Args;
use upshift::DownTarget;

use super::down::confirm;
use super::report_file::ReportFile;
use crate::answer::Answer;
use crate::context::Context;
use crate::failure::Failure;

/// Revert the last migration and apply it again, as it is now.
#[derive(Debug, Clone, Args)]
pub struct Redo {
    #[command(flatten)]
    report: ReportFile,
}

impl Redo {
    pub(super) fn report(&self) -> &ReportFile {
        &self.report
    }

    pub(super) async fn run(&self, context: &Context) -> Result<Answer, Failure> {
        let migrator = context.migrator()?;
        let plan = migrator.plan_down(DownTarget::Steps(1)).await?;
        confirm(context, &plan).await?;
        self.report.of("redo", context, migrator.redo_agreed(&plan)).await
    }
}
