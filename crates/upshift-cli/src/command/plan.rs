//! `plan`: what would be done.

use clap::Args;
use upshift::{DownTarget, Plan, Version};
use upshift_report::json;

use super::target::{DownTo, UpTo};
use crate::answer::Answer;
use crate::context::Context;
use crate::failure::Failure;

/// What `up` or `down` would do. Writes nothing.
#[derive(Debug, Clone, Args)]
pub struct PlanArguments {
    #[command(flatten)]
    up: UpTo,
    /// The way back instead: what `down` would do.
    #[arg(long)]
    down: bool,
    /// With --down: everything.
    #[arg(long, requires = "down", conflicts_with_all = ["to", "count", "only"])]
    all: bool,
    /// As a script for psql, which leaves the same schema and the same history.
    #[arg(long)]
    sql: bool,
    /// Without a connection: as if nothing were applied, or everything up to --from.
    #[arg(long)]
    offline: bool,
    /// With --offline: the newest version that counts as applied.
    #[arg(long, value_name = "VERSION", requires = "offline")]
    from: Option<Version>,
}

impl PlanArguments {
    pub(super) async fn run(&self, context: &Context) -> Result<Answer, Failure> {
        let plan = self.plan(context).await?;
        let mut data = json::plan(&plan);
        if !self.sql {
            return Ok(Answer::of_the_engine(plan.to_string(), data));
        }
        let script = plan.to_sql();
        data["sql"] = serde_json::json!(script);
        Ok(Answer::done(script, data))
    }

    async fn plan(&self, context: &Context) -> Result<Plan, Failure> {
        let migrator = if self.offline { context.migrator_offline()? } else { context.migrator()? };
        Ok(match (self.offline, self.down) {
            (false, false) => migrator.plan(self.up.target()).await?,
            (false, true) => migrator.plan_down(self.back()?).await?,
            (true, false) => migrator.plan_offline(self.from, &self.up.target())?,
            (true, true) => {
                let head = context.set()?.head();
                let Some(newest) = self.from.or(head) else {
                    return Err(Failure::refused("there is no migration that could be reverted"));
                };
                migrator.plan_down_offline(newest, self.back()?)?
            }
        })
    }

    fn back(&self) -> Result<DownTarget, Failure> {
        let only = match self.up.only.as_slice() {
            [] => None,
            [one] => Some(*one),
            _ => return Err(Failure::usage("--down takes one --only")),
        };
        let down = DownTo { to: self.up.to, count: self.up.count, only, all: self.all };
        Ok(down.target())
    }
}
