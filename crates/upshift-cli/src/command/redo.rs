//! `redo`: the last migration again.

use clap::Args;
use upshift::DownTarget;

use super::down::confirm;
use crate::answer::Answer;
use crate::context::Context;
use crate::failure::Failure;
use crate::json;

/// Revert the last migration and apply it again, as it is now.
#[derive(Debug, Clone, Args)]
pub struct Redo {}

impl Redo {
    pub(super) async fn run(&self, context: &Context) -> Result<Answer, Failure> {
        let migrator = context.migrator()?;
        confirm(context, &migrator, DownTarget::Steps(1)).await?;
        let report = migrator.redo().await?;
        Ok(Answer::of_the_engine(report.to_string(), json::report(&report)))
    }
}
