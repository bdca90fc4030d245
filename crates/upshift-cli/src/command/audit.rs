//! `audit`: its rows, and whether it is as it was written.

use clap::Subcommand;
use serde_json::json;
use upshift::AuditVerdict;

use crate::answer::Answer;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;

/// The audit, and whether it is as it was written.
#[derive(Debug, Clone, Subcommand)]
pub enum Audit {
    /// Recompute the chain of hashes: whether a row was changed or taken away by hand.
    Verify,
}

impl Audit {
    pub(super) async fn run(&self, context: &Context) -> Result<Answer, Failure> {
        match context.migrator()?.audit().verify().await? {
            AuditVerdict::Whole { rows } => Ok(Answer::done(
                format!("whole: {rows} rows, each as it was written"),
                json!({ "whole": true, "rows": rows }),
            )),
            AuditVerdict::Broken(row) => {
                let text = format!("broken at row {}: {}", row.id, row.why);
                let data = json!({ "whole": false, "broken_at": row.id, "why": row.why });
                Ok(Answer::done(text, data).exit(Exit::No))
            }
        }
    }
}
