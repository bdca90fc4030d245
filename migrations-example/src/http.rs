//! The service over HTTP: `/orders`, `/orders/{id}`, and what upshift knows under `/upshift`: `/upshift/livez`,
//! `/upshift/readyz`, `/upshift/metrics`, and a page at `/upshift/`.

use std::future::Future;
use std::io::Write;
use std::sync::Arc;

use axum::extract::rejection::{JsonRejection, PathRejection};
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde_json::json;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use upshift::deadpool_postgres::Pool;
use upshift_http::Site;

use crate::error::Error;
use crate::orders::{self, NewOrder, OrderError};

/// What requests are answered with.
#[derive(Debug)]
pub struct Service {
    pool: Pool,
}

impl Service {
    /// A service on this database.
    #[must_use]
    pub fn new(pool: Pool) -> Service {
        Service { pool }
    }
}

/// Serves until `stop` is ready, then answers what has begun.
///
/// # Errors
/// The listener fails.
pub async fn serve(
    listener: TcpListener,
    service: Arc<Service>,
    site: Site,
    stop: impl Future<Output = ()> + Send + 'static,
) -> Result<(), Error> {
    // A page that is open would keep the server from ending.
    let streams = site.streams();
    let stop = async move {
        stop.await;
        streams.end();
    };
    let served = axum::serve(listener, router(service, site)).with_graceful_shutdown(stop).await;
    served.map_err(|source| Error::Network { doing: "serve".to_owned(), source })
}

/// Ready when somebody wants the service to end: Ctrl-C, or SIGTERM as an orchestrator sends it.
///
/// # Errors
/// The signals cannot be listened to.
pub fn stop_signal() -> Result<impl Future<Output = ()> + Send + 'static, Error> {
    let listen = |kind| {
        signal(kind).map_err(|source| Error::Network { doing: "listen to signals".to_owned(), source })
    };
    let (mut terminate, mut interrupt) = (listen(SignalKind::terminate())?, listen(SignalKind::interrupt())?);
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

/// The routes.
pub fn router(service: Arc<Service>, site: Site) -> Router {
    Router::new()
        .route("/orders", get(list).post(place))
        .route("/orders/{id}", get(read))
        .with_state(service)
        .nest("/upshift", site.router())
}

async fn place(
    State(service): State<Arc<Service>>,
    headers: HeaderMap,
    order: Result<Json<NewOrder>, JsonRejection>,
) -> Result<Response, Refused> {
    let Json(order) = order.map_err(Refused::Body)?;
    let placed = orders::place(&service.pool, shop(&headers)?, &order).await?;
    let location = [(header::LOCATION, format!("/orders/{}", placed.summary.id))];
    Ok((StatusCode::CREATED, location, Json(placed)).into_response())
}

async fn read(
    State(service): State<Arc<Service>>,
    headers: HeaderMap,
    id: Result<Path<i64>, PathRejection>,
) -> Result<Response, Refused> {
    let Path(id) = id.map_err(Refused::Path)?;
    Ok(Json(orders::read(&service.pool, shop(&headers)?, id).await?).into_response())
}

async fn list(State(service): State<Arc<Service>>, headers: HeaderMap) -> Result<Response, Refused> {
    let orders = orders::list(&service.pool, shop(&headers)?).await?;
    Ok(Json(json!({ "orders": orders })).into_response())
}

/// The shop a request is for. A real service takes it from the caller's token.
fn shop(headers: &HeaderMap) -> Result<&str, Refused> {
    headers.get("x-shop").and_then(|value| value.to_str().ok()).ok_or(Refused::NoShop)
}

/// Why a request is not done.
#[derive(Debug, thiserror::Error)]
enum Refused {
    #[error("no shop given: say it in the header `x-shop`")]
    NoShop,
    #[error("{}", .0.body_text())]
    Body(JsonRejection),
    #[error("{}", .0.body_text())]
    Path(PathRejection),
    #[error(transparent)]
    Order(#[from] OrderError),
}

impl Refused {
    fn status(&self) -> StatusCode {
        match self {
            Refused::NoShop => StatusCode::BAD_REQUEST,
            Refused::Body(rejection) => rejection.status(),
            Refused::Path(rejection) => rejection.status(),
            Refused::Order(OrderError::UnknownShop(_) | OrderError::NotFound(_)) => StatusCode::NOT_FOUND,
            Refused::Order(OrderError::UnknownProduct { .. } | OrderError::Empty | OrderError::Rule(_)) => {
                StatusCode::UNPROCESSABLE_ENTITY
            }
            Refused::Order(OrderError::Pool(_) | OrderError::Database(_)) => {
                StatusCode::INTERNAL_SERVER_ERROR
            }
        }
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let status = self.status();
        let why = if status.is_server_error() {
            // What a database says is for us, not for callers.
            log(&format!("{self:?}"));
            "something went wrong here, try again later".to_owned()
        } else {
            self.to_string()
        };
        (status, Json(json!({ "error": why }))).into_response()
    }
}

fn log(text: &str) {
    writeln!(std::io::stderr(), "{text}").unwrap_or_default();
}
