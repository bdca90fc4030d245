//! `down`: reverts what was applied.

use clap::Args;
use upshift::Plan;
use upshift_report::json;

use super::report_file::ReportFile;
use super::target::DownTo;
use crate::answer::Answer;
use crate::context::Context;
use crate::failure::Failure;

/// Revert what was applied, last first; the last migration alone, unless said.
#[derive(Debug, Clone, Args)]
pub struct Down {
    #[command(flatten)]
    target: DownTo,
    /// Show what would be done, and do nothing.
    #[arg(long, conflicts_with = "file")]
    dry_run: bool,
    #[command(flatten)]
    report: ReportFile,
}

impl Down {
    pub(super) fn report(&self) -> &ReportFile {
        &self.report
    }

    pub(super) async fn run(&self, context: &Context) -> Result<Answer, Failure> {
        let migrator = context.migrator()?;
        let target = self.target.target();
        let plan = migrator.plan_down(target).await?;
        if self.dry_run {
            return Ok(Answer::of_the_engine(plan.to_string(), json::plan(&plan)));
        }
        confirm(context, &plan).await?;
        self.report.of("down", context, migrator.down_agreed(target, &plan)).await
    }
}

/// Asks before a plan reverts anything: what was written since is lost with the columns that go.
pub(super) async fn confirm(context: &Context, plan: &Plan) -> Result<(), Failure> {
    let labels: Vec<&str> = plan.steps().map(upshift::Step::label).collect();
    let question = match labels.as_slice() {
        [] => return Ok(()),
        [one] => format!("reverting {one} may destroy data"),
        [first, .., last] => {
            format!("reverting {} migrations, {first} to {last}, may destroy data", labels.len())
        }
    };
    context.terminal.confirm(&question).await
}
