//! `repair`: the history set right by hand.

use clap::Subcommand;
use serde_json::json;
use upshift::Version;

use crate::answer::Answer;
use crate::context::Context;
use crate::failure::Failure;

/// Set the history right by hand; each is audited.
#[derive(Debug, Clone, Subcommand)]
pub enum Repair {
    /// Accept today's text of an applied migration that was edited.
    AcceptChecksum {
        /// Which migration.
        version: Version,
    },
    /// Take a failed or missing migration out of the history; what it did to the schema stays.
    Forget {
        /// Which migration.
        version: Version,
    },
    /// Accept a pending migration as applied: it was done by hand, and is not run.
    AcceptApplied {
        /// Which migration.
        version: Version,
        /// Why, for the audit.
        #[arg(long, value_name = "WORDS")]
        because: String,
    },
    /// Accept the schema as it is: what has drifted is drift no more.
    AcceptDrift {
        /// Why, for the audit.
        #[arg(long, value_name = "WORDS")]
        because: String,
    },
}

impl Repair {
    pub(super) async fn run(&self, context: &Context) -> Result<Answer, Failure> {
        let migrator = context.migrator()?;
        match self {
            Repair::AcceptChecksum { version } => {
                migrator.repair().accept_checksum(*version).await?;
                let text = format!("the text of {version} as it is now counts as the one that was applied");
                Ok(Answer::done(text, json!({ "accepted": version.number() })))
            }
            Repair::Forget { version } => {
                context
                    .terminal
                    .confirm(&format!(
                        "version {version} leaves the history, and what it did to the schema stays"
                    ))
                    .await?;
                migrator.repair().forget(*version).await?;
                Ok(Answer::done(
                    format!("version {version} is forgotten"),
                    json!({ "forgotten": version.number() }),
                ))
            }
            Repair::AcceptApplied { version, because } => {
                migrator.repair().accept_applied(*version, because).await?;
                let text = format!("{version} counts as applied, and was not run");
                Ok(Answer::done(text, json!({ "accepted": version.number() })))
            }
            Repair::AcceptDrift { because } => {
                let drift = migrator.repair().accept_drift(because).await?;
                Ok(Answer::done(format!("accepted: {drift}"), json!({ "accepted": drift.to_string() })))
            }
        }
    }
}
