//! `status`: where every migration stands.

use clap::Args;

use crate::answer::Answer;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::json;

/// Where every migration stands. Writes nothing.
#[derive(Debug, Clone, Args)]
pub struct Status {
    /// Exit with 4 where the schema does not fit: something is pending or refused.
    #[arg(long)]
    check: bool,
    /// These states alone: pending, applied, blocked, failed, changed, missing … May be said more than once.
    #[arg(long, value_name = "STATE")]
    state: Vec<String>,
}

impl Status {
    pub(super) async fn run(&self, context: &Context) -> Result<Answer, Failure> {
        let migrator = context.migrator()?;
        let mut status = migrator.status().await?;
        if !self.state.is_empty() {
            let wanted = |state: &upshift::State| {
                let words = state.to_string();
                self.state.iter().any(|asked| words.starts_with(&asked.replace('-', " ")))
            };
            status.migrations.retain(|migration| wanted(&migration.state));
        }
        let answer = Answer::of_the_engine(status.to_string(), json::status(&status));
        if !self.check {
            return Ok(answer);
        }
        let fits = migrator.health().await?.is_fit();
        Ok(if fits { answer } else { answer.exit(Exit::No) })
    }
}
