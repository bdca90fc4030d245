//! `down`: reverts what was applied.

use clap::Args;
use upshift::Plan;

use super::target::DownTo;
use crate::answer::Answer;
use crate::context::Context;
use crate::failure::Failure;
use crate::json;

/// Revert what was applied, last first; the last migration alone, unless said.
#[derive(Debug, Clone, Args)]
pub struct Down {
    #[command(flatten)]
    target: DownTo,
    /// Show what would be done, and do nothing.
    #[arg(long)]
    dry_run: bool,
}

impl Down {
    pub(super) async fn run(&self, context: &Context) -> Result<Answer, Failure> {
        let migrator = context.migrator()?;
        let target = self.target.target();
        let plan = migrator.plan_down(target).await?;
        if self.dry_run {
            return Ok(Answer::done(plan.to_string(), json::plan(&plan)));
        }
        confirm(context, &plan)?;
        let report = migrator.down(target).await?;
        Ok(Answer::done(report.to_string(), json::report(&report)))
    }
}

/// Asks before a plan reverts anything: what was written since is lost with the columns that go.
pub(super) fn confirm(context: &Context, plan: &Plan) -> Result<(), Failure> {
    let labels: Vec<&str> = plan.steps().map(upshift::Step::label).collect();
    match labels.as_slice() {
        [] => Ok(()),
        [one] => context.terminal.confirm(&format!("reverting {one} may destroy data")),
        [first, .., last] => context
            .terminal
            .confirm(&format!("reverting {} migrations, {first} to {last}, may destroy data", labels.len())),
    }
}
