//! What the handlers share.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use upshift::{Error, Fitness, Health, Measures, Migrator, RolloutState};
use upshift_report::json as shape;

use crate::action::Desk;
use crate::cached::{Cached, Looked};
use crate::live::Streams;
use crate::look::Look;
use crate::seen::Seen;

/// How long a look may take that a person waits for.
const LOOK: Duration = Duration::from_secs(10);

/// Whether the instance of a fleet may serve; `None` while it has not joined.
pub(crate) type AskFleet = Arc<dyn Fn() -> Option<Fitness> + Send + Sync>;

/// What the handlers share.
pub(crate) struct Shared {
    pub(crate) migrator: Migrator,
    pub(crate) seen: Seen,
    pub(crate) fleet: Option<AskFleet>,
    pub(crate) time_limit: Duration,
    pub(crate) desk: Option<Desk>,
    pub(crate) streams: Streams,
    pub(crate) look: Cached<Look>,
    pub(crate) measures: Cached<Measures>,
    pub(crate) health: Cached<Health>,
    /// The audit, as it is sent.
    pub(crate) audit: Cached<String>,
}

impl Shared {
    /// A look at the database, at most a second old, and younger than any run of this process.
    pub(crate) async fn look(&self) -> Looked<Look> {
        self.read(&self.look, Look::at(&self.migrator)).await
    }

    /// What the database says for metrics; as old as a look.
    pub(crate) async fn measures(&self) -> Looked<Measures> {
        let read = async {
            let mut measures = self.migrator.measures().await?;
            // What is done has no series: there would be more of them with every release.
            measures.rollout.migrations.retain(|it| it.state != RolloutState::Applied);
            Ok(measures)
        };
        self.read(&self.measures, read).await
    }

    /// The audit as JSON, newest first; as old as a look.
    pub(crate) async fn audit(&self) -> Looked<String> {
        let read = async {
            let rows = self.migrator.audit().rows().await?;
            let rows: Vec<_> = rows.iter().rev().map(shape::audit_row).collect();
            Ok(json!({ "upshift": shape::made_by(), "audit": rows }).to_string())
        };
        self.read(&self.audit, read).await
    }

    async fn read<T>(&self, cached: &Cached<T>, read: impl Future<Output = Result<T, Error>>) -> Looked<T> {
        let read = async { read.await.map_err(|error| error.render()) };
        match tokio::time::timeout(LOOK, cached.get(self.seen.runs(), read)).await {
            Ok(read) => read,
            Err(_) => Err(Arc::from("the database does not answer")),
        }
    }

    /// Whether the schema fits, as of at most a second ago and of no earlier than the last run of this process, within the
    /// time limit of a probe.
    pub(crate) async fn health(&self) -> Looked<Health> {
        let ask = async { self.migrator.health().await.map_err(|error| error.render()) };
        match tokio::time::timeout(self.time_limit, self.health.get(self.seen.runs(), ask)).await {
            Ok(asked) => asked,
            Err(_) => Err(Arc::from(format!(
                "the database did not answer within {} ms",
                self.time_limit.as_millis()
            ))),
        }
    }

    /// Lets everybody look anew: something was changed.
    pub(crate) async fn forget(&self) {
        self.look.forget().await;
        self.measures.forget().await;
        self.health.forget().await;
        self.audit.forget().await;
    }
}
