//! `reset`: back to the beginning, and up again if asked.

use clap::Args;
use upshift::{DownTarget, Target};
use upshift_report::json;

use super::down::confirm;
use crate::answer::Answer;
use crate::context::Context;
use crate::failure::Failure;

/// Revert everything by its downs, for a development database.
#[derive(Debug, Clone, Args)]
pub struct Reset {
    /// And apply everything again.
    #[arg(long)]
    up: bool,
}

impl Reset {
    pub(super) async fn run(&self, context: &Context) -> Result<Answer, Failure> {
        let migrator = context.migrator()?;
        let plan = migrator.plan_down(DownTarget::All).await?;
        confirm(context, &plan).await?;
        let mut report = migrator.down_agreed(DownTarget::All, &plan).await?;
        if self.up {
            match migrator.up(Target::Head).await {
                Ok(applied) => report.go_on(&applied),
                // The error's own report has the way up alone.
                Err(error) => return Err(Failure::from(error).after(report)),
            }
        }
        Ok(Answer::of_the_engine(report.to_string(), json::report(&report)))
    }
}
