//! `baseline`: a database that was built without upshift.

use clap::Args;
use serde_json::json;
use upshift::Version;

use crate::answer::Answer;
use crate::context::Context;
use crate::failure::Failure;

/// Accept a database that was built without upshift: everything up to this version counts as applied, nothing is run.
#[derive(Debug, Clone, Args)]
pub struct Baseline {
    /// The newest migration that the database has already.
    version: Version,
}

impl Baseline {
    pub(super) async fn run(&self, context: &Context) -> Result<Answer, Failure> {
        let set = context.set()?;
        let accepted: Vec<String> = set
            .versioned()
            .iter()
            .filter(|migration| migration.version() <= Some(self.version))
            .map(upshift::files::Migration::label)
            .collect();
        context.migrator()?.baseline(self.version).await?;
        let text = accepted.iter().map(|label| format!("accepted {label}\n")).collect::<String>();
        Ok(Answer::done(text, json!({ "accepted": accepted })))
    }
}
