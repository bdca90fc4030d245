//! `repair`: the history set right by hand.

use clap::Subcommand;
use serde_json::json;
use upshift::{Renumbered, Version};

use super::reason::Reason;
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
        #[arg(long, value_name = "WHY")]
        because: Reason,
    },
    /// Accept that applied migrations have other numbers in the files now; nothing is run.
    ///
    /// It is the same migration where name and text are the same. A release that knows them by their old numbers refuses to
    /// start afterwards.
    AcceptRenumbered {
        /// Why, for the audit.
        #[arg(long, value_name = "WHY")]
        because: Reason,
        /// Show which, and write nothing.
        #[arg(long)]
        dry_run: bool,
    },
    /// Accept the schema as it is: what has drifted is drift no more.
    AcceptDrift {
        /// Why, for the audit.
        #[arg(long, value_name = "WHY")]
        because: Reason,
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
                migrator.repair().accept_applied(*version, because.as_str()).await?;
                let text = format!("{version} counts as applied, and was not run");
                Ok(Answer::done(text, json!({ "accepted": version.number() })))
            }
            Repair::AcceptRenumbered { because, dry_run } => {
                let found = match dry_run {
                    true => migrator.repair().renumbered().await?,
                    false => migrator.repair().accept_renumbered(because.as_str()).await?,
                };
                let lines: String = found.iter().map(|it| format!("{it}\n")).collect();
                let text = if found.is_empty() { "nothing has another number".to_owned() } else { lines };
                let numbers = |it: &Renumbered| json!({ "was": it.was.number(), "is": it.is.number(), "name": it.name });
                let data: Vec<_> = found.iter().map(numbers).collect();
                Ok(Answer::done(text, json!({ "renumbered": data })))
            }
            Repair::AcceptDrift { because } => {
                let drift = migrator.repair().accept_drift(because.as_str()).await?;
                Ok(Answer::done(format!("accepted: {drift}"), json!({ "accepted": drift.to_string() })))
            }
        }
    }
}
