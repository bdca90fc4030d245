//! Drift, without reading the schema each time: the catalogs have a state, and as long as that is the same, so is what
//! the last look has found.

use tokio_postgres::Client;

use crate::context::Context;
use crate::drift::Drift;
use crate::error::Error;
use crate::history::health::MARK;
use crate::history::sql::Tables;
use crate::settings::DriftPolicy;

/// Whether drift is asked for.
pub(super) fn is_wanted(context: &Context) -> bool {
    match context.settings().drift {
        DriftPolicy::Ignore => false,
        DriftPolicy::Watch | DriftPolicy::Refuse => true,
    }
}

/// The state of the catalogs; none where it cannot be read, or nothing was ever kept to compare with.
pub(super) async fn read(client: &Client, tables: &Tables) -> Option<String> {
    match client.query_typed(&tables.sql(MARK), &[]).await {
        Ok(rows) => rows.first().and_then(|row| row.try_get(0).ok()).flatten(),
        Err(cause) => {
            tracing::debug!(%cause, "whether the schema drifts is not known");
            None
        }
    }
}

/// What is known of drift, where the catalogs are in this state.
pub(super) async fn drift(context: &Context, mark: Option<String>) -> Result<Option<Drift>, Error> {
    let Some(mark) = mark else { return Ok(None) };
    if let Some(drift) = context.marked.at(&mark) {
        return Ok(Some(drift));
    }
    // The state was read before the schema: should that change in between, the next look sees another state.
    let drift = crate::recorder::drift(context).await?;
    context.marked.keep(mark, &drift);
    Ok(Some(drift))
}
