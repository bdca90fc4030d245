//! Whether the process lives, and whether it may serve.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::{CONTENT_TYPE, HeaderName};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use upshift_report::json as shape;

use crate::shared::Shared;

pub(crate) const JSON: [(HeaderName, &str); 1] = [(CONTENT_TYPE, "application/json")];

/// `/livez`: the process lives. Asks nobody, so it stays true while migrations run, for hours if they take hours.
pub(crate) async fn live() -> &'static str {
    "alive\n"
}

/// `/readyz`: whether the service may serve, and why not.
pub(crate) async fn ready(State(shared): State<Arc<Shared>>) -> Response {
    let health = match shared.health().await {
        Ok(health) => shape::health(&health),
        Err(why) => json!({ "is": "unknown", "fit": false, "which": null, "text": &*why }),
    };
    let fleet = shared.fleet.as_ref().map(|ask| match ask() {
        Some(fitness) => shape::fitness(&fitness),
        None => {
            json!({ "is": "not-joined", "fit": false, "text": "this instance has not joined the fleet yet" })
        }
    });
    let is_fit = |value: &Value| value["fit"] == true;
    let ready = is_fit(&health) && fleet.as_ref().is_none_or(is_fit);
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let body = json!({ "upshift": shape::made_by(), "ready": ready, "health": health, "fleet": fleet });
    (status, JSON, format!("{body:#}\n")).into_response()
}
