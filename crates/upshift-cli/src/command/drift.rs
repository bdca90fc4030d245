//! `drift`: what somebody has changed behind upshift's back.

use clap::Args;
use serde_json::json;
use upshift::Drift;

use crate::answer::Answer;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;

/// What somebody has changed in the schema since the last run kept a snapshot of it. Writes nothing.
#[derive(Debug, Clone, Args)]
pub struct DriftArguments {}

impl DriftArguments {
    pub(super) async fn run(&self, context: &Context) -> Result<Answer, Failure> {
        let drift = context.migrator()?.drift().await?;
        let (known, exit) = match &drift {
            Drift::None { .. } => (true, Exit::Done),
            Drift::Found { .. } => (true, Exit::No),
            _ => (false, Exit::No),
        };
        let data = json!({
            "known": known,
            "drifted": drift.is_found(),
            "relations": drift.relations(),
            "diff": drift.diff(),
            "text": drift.to_string(),
        });
        Ok(Answer::of_the_engine(drift.to_string(), data).exit(exit))
    }
}
