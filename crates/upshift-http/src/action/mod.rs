//! What somebody may do on the page: only where the service has said who that is.

mod auth;
mod deed;
mod guard;

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde_json::json;

pub use self::auth::{Allowed, Auth, Refused};
use self::deed::Deed;
pub(crate) use self::guard::Desk;
use crate::probe::JSON;
use crate::shared::Shared;

/// A reason is a sentence, no book.
const BODY: usize = 16 << 10;

/// The routes. Without [`crate::Site::actions`] they answer as what is not there does.
pub(crate) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/session.json", get(session))
        .route("/actions/{action}", post(act))
        .layer(DefaultBodyLimit::max(BODY))
}

/// `/session.json`: who asks, and the token that an action of theirs has to bring.
async fn session(State(shared): State<Arc<Shared>>, parts: Parts) -> Response {
    let Some(desk) = &shared.desk else { return off() };
    match desk.allow(&parts).await {
        Ok(allowed) => {
            let token = desk.token(&allowed);
            (JSON, json!({ "who": allowed.who, "token": token }).to_string()).into_response()
        }
        Err(refused) => refused.into_response(),
    }
}

/// `POST /actions/…`: does it, in the name of whom the service says it is.
async fn act(
    State(shared): State<Arc<Shared>>,
    Path(action): Path<String>,
    parts: Parts,
    body: Bytes,
) -> Response {
    let Some(desk) = &shared.desk else { return off() };
    if let Err(refused) = desk.is_of_the_page(&parts) {
        return refused.into_response();
    }
    let allowed = match desk.allow(&parts).await {
        Ok(allowed) => allowed,
        Err(refused) => return refused.into_response(),
    };
    if let Err(refused) = desk.has_token(&parts, &allowed) {
        return refused.into_response();
    }
    let deed = match Deed::read(&action, &body) {
        Ok(deed) => deed,
        Err(refused) => return refused.into_response(),
    };
    tracing::info!(who = allowed.who, ?deed, "asked for on the page");
    match deed.done(&shared.migrator, &allowed).await {
        Ok(()) => {
            shared.forget().await;
            StatusCode::NO_CONTENT.into_response()
        }
        Err(error) => {
            let status = if error.sqlstate().is_some() {
                StatusCode::SERVICE_UNAVAILABLE
            } else {
                StatusCode::CONFLICT
            };
            Refused::new(status, error.render()).into_response()
        }
    }
}

fn off() -> Response {
    Refused::new(StatusCode::NOT_FOUND, "this page shows, and changes nothing").into_response()
}
