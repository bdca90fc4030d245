//! What was applied against what is there now, as a unified diff.

use similar::TextDiff;
use tokio_postgres::Client;
use upshift_files::{Body, MigrationId, MigrationSet, mask_secrets_in_sql};

use crate::error::{Error, Kind};
use crate::facts::read_texts;
use crate::history::History;
use crate::history::sql::Tables;
use crate::plan::RefusalKind;

/// Longer differences are cut: the first lines say what happened.
const MOST_LINES: usize = 40;

/// Puts the difference into each refusal of an edited migration. Where it cannot be read the refusal stands without.
pub(crate) async fn explain(
    error: &mut Error,
    client: &Client,
    tables: &Tables,
    set: &MigrationSet,
    history: &History,
) {
    let Kind::Refused(refusals) = error.kind_mut() else { return };
    for refusal in refusals {
        let RefusalKind::Changed { id, difference } = &mut refusal.kind else { continue };
        let MigrationId::Version(version) = *id else { continue };
        let (Some(row), Some(migration)) = (history.get(id), set.get(version)) else { continue };
        let Body::Sql(section) = migration.up() else { continue };
        let Ok(texts) = read_texts(client, tables, row.ordinal).await else { continue };
        *difference = texts.up.map(|applied| unified(&applied, section.text(), section.path()));
    }
}

fn unified(applied: &str, now: &str, path: &str) -> String {
    let applied = applied.replace("\r\n", "\n");
    let now = now.replace("\r\n", "\n");
    let diff = TextDiff::from_lines(applied.as_str(), now.as_str());
    let text = diff.unified_diff().context_radius(2).header("as applied", path).to_string();
    let text = mask_secrets_in_sql(&text);
    let mut lines: Vec<&str> = text.lines().collect();
    let more = lines.len().saturating_sub(MOST_LINES);
    lines.truncate(MOST_LINES);
    let mut shown = lines.iter().map(|line| format!("    {line}")).collect::<Vec<_>>().join("\n");
    if more > 0 {
        shown.push_str(&format!("\n    … and {more} more lines"));
    }
    shown
}
