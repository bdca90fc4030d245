//! `down`: reverts what was applied.

use clap::Args;
use upshift::{DownTarget, Migrator, Plan};

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
        if self.dry_run {
            let plan = migrator.plan_down(target).await?;
            return Ok(Answer::of_the_engine(plan.to_string(), json::plan(&plan)));
        }
        confirm(context, &migrator, target).await?;
        let report = migrator.down(target).await?;
        Ok(Answer::of_the_engine(report.to_string(), json::report(&report)))
    }
}

/// Asks before anything is reverted: what was written since is lost with the columns that go. What was shown is what
/// runs: where it is something else by the time of the answer, nothing does.
pub(super) async fn confirm(
    context: &Context,
    migrator: &Migrator,
    target: DownTarget,
) -> Result<(), Failure> {
    let shown = labels(&migrator.plan_down(target).await?);
    let question = match shown.as_slice() {
        [] => return Ok(()),
        [one] => format!("reverting {one} may destroy data"),
        [first, .., last] => {
            format!("reverting {} migrations, {first} to {last}, may destroy data", shown.len())
        }
    };
    context.terminal.confirm(&question).await?;
    match labels(&migrator.plan_down(target).await?) == shown {
        true => Ok(()),
        false => Err(Failure::busy("somebody has migrated meanwhile: it would revert something else now")
            .help("look at `upshift status`, and ask again")),
    }
}

fn labels(plan: &Plan) -> Vec<String> {
    plan.steps().map(|step| step.label().to_owned()).collect()
}
