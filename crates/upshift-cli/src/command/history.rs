//! `history`: what was done, when, by whom.

use clap::Args;
use upshift::AuditRow;

use crate::answer::Answer;
use crate::context::Context;
use crate::failure::Failure;
use crate::json;

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
        let text: String = rows.iter().map(line).collect();
        Ok(Answer::done(text, rows.iter().map(json::audit_row).collect::<Vec<_>>()))
    }
}

/// A row as a person reads it: when, what, which migration, by whom, and what was said about it.
fn line(row: &AuditRow) -> String {
    let at = row.at.to_offset(time::UtcOffset::UTC);
    let (date, clock) = (at.date(), at.time());
    let label = match (row.version, row.action.as_str()) {
        (Some(version), _) => format!("{version}_{}", row.name),
        // About no migration: a backup, an operator's word.
        (None, action) if !matches!(action, "apply" | "revert" | "record" | "skip") => row.name.clone(),
        (None, _) => format!("R__{}", row.name),
    };
    let mut line = format!(
        "{:4}  {date} {:02}:{:02}:{:02} UTC  {:8} {:6} {label}  {} ms  {}",
        row.id,
        clock.hour(),
        clock.minute(),
        clock.second(),
        row.action,
        row.outcome,
        row.duration_ms,
        row.role
    );
    if let Some(service) = &row.service {
        line.push_str(&format!("  {service} {}", row.release.as_deref().unwrap_or_default()));
    }
    if let Some(detail) = &row.detail {
        line.push_str(&format!("\n      {}", detail.replace('\n', "\n      ")));
    }
    line.push('\n');
    line
}
