//! What this process has seen of its own runs: an observer, whose events are counted and shown.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle, PrometheusRecorder};
use tokio::sync::broadcast;
use upshift::{Event, Observer};

use crate::scrape;

/// Events that a page which is slow to read may fall behind; it then looks at the database, which knows.
const WAITING: usize = 256;

/// What this process has seen of its own runs. Cheap to clone; clones see the same.
#[derive(Clone)]
pub(crate) struct Seen {
    inner: Arc<Inner>,
}

struct Inner {
    service: Option<String>,
    /// Of its own: the process's global one is the service's.
    recorder: PrometheusRecorder,
    handle: PrometheusHandle,
    told: broadcast::Sender<Arc<str>>,
    /// How many runs have ended.
    runs: AtomicU64,
}

impl Seen {
    /// Nothing seen yet of this service.
    pub(crate) fn of(service: Option<String>) -> Seen {
        let recorder = scrape::recorder(PrometheusBuilder::new());
        let handle = recorder.handle();
        let (told, runs) = (broadcast::Sender::new(WAITING), AtomicU64::new(0));
        Seen { inner: Arc::new(Inner { service, recorder, handle, told, runs }) }
    }

    /// What was counted, as Prometheus reads it.
    pub(crate) fn render(&self) -> String {
        self.inner.handle.run_upkeep();
        self.inner.handle.render()
    }

    /// How many runs of this process have ended: what was looked at before is old.
    pub(crate) fn runs(&self) -> u64 {
        self.inner.runs.load(Ordering::SeqCst)
    }

    /// Every event from now on, as JSON.
    pub(crate) fn told(&self) -> broadcast::Receiver<Arc<str>> {
        self.inner.told.subscribe()
    }
}

impl Observer for Seen {
    fn event(&self, event: &Event<'_>) {
        let count = || upshift::metrics::event(self.inner.service.as_deref(), event);
        metrics::with_local_recorder(&self.inner.recorder, count);
        if matches!(event, Event::RunFinished { .. } | Event::RunFailed { .. }) {
            self.inner.runs.fetch_add(1, Ordering::SeqCst);
        }
        if self.inner.told.receiver_count() == 0 {
            return;
        }
        if let Some(json) = upshift_report::json::event(event) {
            // The last page may have left since.
            let _ = self.inner.told.send(Arc::from(json.to_string()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn events_are_counted_always_and_told_to_those_who_listen() {
        let seen = Seen::of(Some("orders".to_owned()));
        seen.event(&Event::RunStarted { steps: 1 });
        let mut told = seen.told();
        seen.event(&Event::RunFinished { steps: 1, took: std::time::Duration::from_millis(30) });
        let event = told.recv().await.unwrap_or_default();
        assert!(event.contains("\"is\":\"run-finished\""), "{event}");
        assert!(told.is_empty(), "what was before is not told");
        let counted = seen.render();
        let bucket = "upshift_run_duration_seconds_bucket{service=\"orders\",outcome=\"done\",le=\"0.1\"} 1";
        assert!(counted.contains(bucket), "{counted}");
    }
}
