//! `reset`: back to the beginning, and up again if asked.

use clap::Args;
use upshift::{DownTarget, Target};

use super::down::confirm;
use crate::answer::Answer;
use crate::context::Context;
use crate::failure::Failure;
use crate::json;

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
        confirm(context, &migrator, DownTarget::All).await?;
        let mut report = migrator.down(DownTarget::All).await?;
        if self.up {
            let applied = match migrator.up(Target::Head).await {
                Ok(applied) => applied,
                Err(error) => {
                    // The error's own report has the way up alone.
                    context.terminal.tell(&report.to_string());
                    return Err(error.into());
                }
            };
            report.steps.extend(applied.steps);
            report.blocked = applied.blocked;
            report.took += applied.took;
            report.waited += applied.waited;
        }
        Ok(Answer::of_the_engine(report.to_string(), json::report(&report)))
    }
}
