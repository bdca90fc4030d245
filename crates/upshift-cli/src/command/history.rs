//! `history`: what was done, when, by whom.

use clap::Args;

use upshift_report::json;

use crate::answer::Answer;
use crate::context::Context;
use crate::failure::Failure;

/// What was done, when, by whom: every attempt that the audit remembers, oldest first. Writes nothing.
#[derive(Debug, Clone, Args)]
pub struct History {
    /// The last so many alone.
    #[arg(long, short = 'n', value_name = "N")]
    last: Option<usize>,
    /// This migration alone: its version or a part of its name.
    #[arg(value_name = "MIGRATION")]
    about: Option<String>,
}

impl History {
    pub(super) async fn run(&self, context: &Context) -> Result<Answer, Failure> {
        let mut rows = context.migrator()?.audit().rows().await?;
        if let Some(about) = &self.about {
            rows.retain(|row| {
                row.version.is_some_and(|version| version.to_string() == *about) || row.name.contains(about)
            });
        }
        let first = self.last.map_or(0, |last| rows.len().saturating_sub(last));
        let rows = rows.get(first..).unwrap_or_default();
        let text: String = rows.iter().map(|row| format!("{row}\n")).collect();
        Ok(Answer::done(text, rows.iter().map(json::audit_row).collect::<Vec<_>>()))
    }
}
