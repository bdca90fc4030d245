//! One look at the database: all that the page, the metrics and `status.json` say.

use std::collections::BTreeSet;
use std::sync::OnceLock;

use serde_json::{Value, json};
use upshift::{Error, Migrator, Overview, RolloutState, State, Status};
use upshift_report::{Standing, json as shape};

/// One look.
#[derive(Debug)]
pub(crate) struct Look {
    pub(crate) overview: Overview,
    /// The pending migrations whose last try failed, and why.
    failed: Vec<(String, String)>,
    service: Option<String>,
    /// As JSON, written when somebody wants it.
    parts: OnceLock<Vec<Part>>,
}

/// A field of `status.json`, written already: a page is sent those that have changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Part {
    pub(crate) name: &'static str,
    pub(crate) json: String,
}

impl Look {
    /// Looks. Writes nothing.
    ///
    /// # Errors
    /// The files have mistakes, or the database cannot be read.
    pub(crate) async fn at(migrator: &Migrator) -> Result<Look, Error> {
        let mut overview = migrator.overview().await?;
        let failed = failed(migrator, &overview.status).await?;
        // How far backfills are has a field of its own: the migrations change seldom, and are sent when they do.
        overview.status.migrations.iter_mut().for_each(|it| it.backfill = None);
        let service = migrator.identity().service.clone();
        Ok(Look { overview, failed, service, parts: OnceLock::new() })
    }

    /// The fields of `status.json`.
    pub(crate) fn parts(&self) -> &[Part] {
        self.parts.get_or_init(|| {
            let Overview { health, status, rollout, waits, .. } = &self.overview;
            let part = |name, value: Value| Part { name, json: value.to_string() };
            let standing = Standing::of(health, status, rollout, &self.failed);
            let failed = self.failed.iter().map(|(label, why)| json!({ "label": label, "why": why }));
            let backfills = rollout.migrations.iter().filter_map(|it| match &it.state {
                RolloutState::Backfill(progress) => Some(shape::progress(progress)),
                _ => None,
            });
            vec![
                part("upshift", shape::made_by()),
                part("service", json!(self.service)),
                part("at", shape::at(self.overview.at)),
                part("standing", json!({ "tone": standing.tone.word(), "sentence": standing.sentence })),
                part("health", shape::health(health)),
                part("status", shape::status(status)),
                part("failed", failed.collect()),
                part("backfills", backfills.collect()),
                part("contracts", rollout.migrations.iter().map(shape::rollout_migration).collect()),
                part("instances", rollout.instances.iter().map(shape::instance).collect()),
                part("words", rollout.words.iter().map(shape::word).collect()),
                part("waits", waits.iter().map(shape::wait).collect()),
            ]
        })
    }
}

/// One JSON object of these fields.
pub(crate) fn object<'p>(parts: impl IntoIterator<Item = &'p Part>) -> String {
    let fields: Vec<String> = parts.into_iter().map(|it| format!("\"{}\":{}", it.name, it.json)).collect();
    format!("{{{}}}", fields.join(","))
}

/// The pending migrations whose last try failed: the history has no row of a transaction that was rolled back, the audit
/// has. Asked only where something is pending.
async fn failed(migrator: &Migrator, status: &Status) -> Result<Vec<(String, String)>, Error> {
    let is_pending = |state: &State| matches!(state, State::Pending | State::OutOfOrder | State::Blocked(_));
    let pending: BTreeSet<&str> =
        status.migrations.iter().filter(|it| is_pending(&it.state)).map(|it| it.label.as_str()).collect();
    if pending.is_empty() {
        return Ok(Vec::new());
    }
    let mut failed: Vec<(String, String)> = Vec::new();
    for row in migrator.audit().rows().await? {
        let label = row.label();
        failed.retain(|(other, _)| *other != label);
        if row.outcome == "failed" && pending.contains(label.as_str()) {
            failed.push((label, row.detail.unwrap_or_default()));
        }
    }
    Ok(failed)
}
