//! `/metrics`: what this process has counted, and what the database says now.

use std::sync::Arc;

use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use metrics::{describe_gauge, gauge};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusRecorder};
use upshift::Measures;
use upshift::metrics::{BUCKETS, describe};

use crate::shared::Shared;

/// Gauge: whether the database could be looked at for this answer, 0 or 1.
const ANSWERS: &str = "upshift_database_answers";

/// A recorder that knows upshift's metrics. Durations are histograms, not summaries: those of instances can be added up.
pub(crate) fn recorder(builder: PrometheusBuilder) -> PrometheusRecorder {
    let suffix = Matcher::Suffix("_seconds".to_owned());
    // The one error is an empty list.
    let recorder = builder.set_buckets_for_metric(suffix, &BUCKETS).unwrap_or_default().build_recorder();
    metrics::with_local_recorder(&recorder, describe);
    recorder
}

/// `/metrics`. What the database says is at most a second old; where it does not answer, what was counted is told all the
/// same.
pub(crate) async fn metrics(State(shared): State<Arc<Shared>>) -> Response {
    let measured = shared.measures().await;
    let mut text = shared.seen.render();
    text.push_str(&gauges(shared.migrator.identity().service.as_deref(), measured.as_deref().ok()));
    ([(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text).into_response()
}

/// What was measured, in a recorder for this answer alone: what is gone from the database, a release that nobody is of, is
/// gone from the answer.
fn gauges(service: Option<&str>, measures: Option<&Measures>) -> String {
    let recorder = recorder(PrometheusBuilder::new());
    metrics::with_local_recorder(&recorder, || {
        describe_gauge!(ANSWERS, "Whether the database could be looked at.");
        gauge!(ANSWERS).set(if measures.is_some() { 1.0 } else { 0.0 });
        if let Some(measures) = measures {
            upshift::metrics::measures(service, measures);
        }
    });
    recorder.handle().render()
}
