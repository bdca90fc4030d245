//! What is mounted, and what it may be told.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::header::HeaderMap;
use axum::middleware::map_response;
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get};
use serde_json::json;
use upshift::{Fitness, Migrator};
use upshift_report::json as shape;

use crate::action::{self, Auth, Desk};
use crate::asset::{self, ASSETS};
use crate::cached::Cached;
use crate::header;
use crate::live::{self, Streams};
use crate::look::object;
use crate::probe::{self, JSON};
use crate::scrape;
use crate::seen::Seen;
use crate::shared::{AskFleet, Shared};

/// How old what is shown may be.
const AGE: Duration = Duration::from_secs(1);

/// Below the second that Kubernetes gives a probe, unless told otherwise.
const TIME_LIMIT: Duration = Duration::from_millis(800);

/// The router with everything as it is unless said otherwise: nobody may change anything.
pub fn router(migrator: Migrator) -> Router {
    Site::new(migrator).router()
}

/// What is mounted, and what it may be told; [`Site::router`] makes a router of it.
pub struct Site {
    migrator: Migrator,
    seen: Seen,
    fleet: Option<AskFleet>,
    time_limit: Duration,
    auth: Option<Box<dyn Auth>>,
    secret: Option<Vec<u8>>,
    origin: Option<String>,
    streams: Streams,
}

impl Site {
    /// A site that shows what this migrator's database says, and what [`Site::migrator`] does.
    pub fn new(migrator: Migrator) -> Site {
        let seen = Seen::of(migrator.identity().service.clone());
        let migrator = migrator.observer(seen.clone());
        let (fleet, auth, secret, origin) = (None, None, None, None);
        let (time_limit, streams) = (TIME_LIMIT, Streams::new());
        Site { migrator, seen, fleet, time_limit, auth, secret, origin, streams }
    }

    /// The migrator to run and to join with: the same, with an observer more, by which `/metrics` and the page learn what
    /// it does as it does it.
    pub fn migrator(&self) -> Migrator {
        self.migrator.clone()
    }

    /// Readiness asks this as well: whether this process's instance may serve, which [`upshift::Fleet::fitness`] tells
    /// without a query. `None` says that it has not joined yet, which is not ready.
    ///
    /// ```no_run
    /// # fn mount(site: upshift_http::Site) -> upshift_http::Site {
    /// use std::sync::{Arc, OnceLock};
    /// let fleet: Arc<OnceLock<upshift::Fleet>> = Arc::default();
    /// let asked = Arc::clone(&fleet);
    /// // After `migrator.run()`: `fleet.set(migrator.join().await?)`.
    /// site.fleet(move || asked.get().map(upshift::Fleet::fitness))
    /// # }
    /// ```
    pub fn fleet(mut self, fitness: impl Fn() -> Option<Fitness> + Send + Sync + 'static) -> Site {
        self.fleet = Some(Arc::new(fitness));
        self
    }

    /// How long `/readyz` waits for the database before it says no. Default 800 ms.
    pub fn time_limit(mut self, limit: Duration) -> Site {
        self.time_limit = limit;
        self
    }

    /// Lets those whom the hook allows hold, release, approve, pause and resume on the page.
    ///
    /// Tokens against forged requests are made with a secret of this process: where several instances stand behind one
    /// address, give all of them the same with [`Site::secret`].
    pub fn actions(mut self, auth: impl Auth + 'static) -> Site {
        self.auth = Some(Box::new(auth));
        self
    }

    /// The secret that tokens are made with, for [`Site::actions`]: 32 random bytes or more, the same for all instances.
    pub fn secret(mut self, secret: impl Into<Vec<u8>>) -> Site {
        self.secret = Some(secret.into());
        self
    }

    /// Where the page is reached, such as `https://orders.internal`, for [`Site::actions`]: only where a proxy in front
    /// rewrites the Host header.
    pub fn origin(mut self, origin: impl Into<String>) -> Site {
        self.origin = Some(origin.into());
        self
    }

    /// The open streams of pages, for a server that ends gracefully.
    pub fn streams(&self) -> Streams {
        self.streams.clone()
    }

    /// The router, to serve by itself or to mount: `app.nest("/upshift", router)`. It is a tower service as well.
    pub fn router(self) -> Router {
        let Site { migrator, seen, fleet, time_limit, auth, secret, origin, streams } = self;
        let desk = auth.map(|auth| Desk::new(auth, secret, origin));
        let shared = Shared {
            migrator,
            seen,
            fleet,
            time_limit,
            desk,
            streams,
            look: Cached::new(AGE),
            measures: Cached::new(AGE),
            health: Cached::new(AGE),
            audit: Cached::new(AGE),
        };
        let mut router = Router::new()
            .route("/", get(asset::page))
            .route("/index.html", get(asset::page))
            .route("/livez", get(probe::live))
            .route("/readyz", get(probe::ready))
            .route("/metrics", get(scrape::metrics))
            .route("/status.json", get(status))
            .route("/audit.json", get(audit_rows))
            .route("/events", get(live::events));
        for asset in ASSETS {
            router = router
                .route(asset.path, get(move |headers: HeaderMap| async move { asset.answer(&headers) }));
        }
        router
            .merge(action::routes())
            .fallback(any(nothing))
            .with_state(Arc::new(shared))
            .layer(map_response(header::add))
    }
}

async fn nothing(_: Request) -> Response {
    (StatusCode::NOT_FOUND, "there is nothing here\n").into_response()
}

/// `/status.json`: everything the page shows.
async fn status(State(shared): State<Arc<Shared>>) -> Response {
    match shared.look().await {
        Ok(look) => (JSON, object(look.parts())).into_response(),
        Err(why) => lost(&why),
    }
}

/// `/audit.json`: every row, newest first.
async fn audit_rows(State(shared): State<Arc<Shared>>) -> Response {
    match shared.audit().await {
        Ok(audit) => (JSON, String::clone(&audit)).into_response(),
        Err(why) => lost(&why),
    }
}

/// The database does not say.
fn lost(why: &str) -> Response {
    let body = json!({ "upshift": shape::made_by(), "error": { "message": why } });
    (StatusCode::SERVICE_UNAVAILABLE, JSON, format!("{body:#}\n")).into_response()
}

impl std::fmt::Debug for Site {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Site").field("migrator", &self.migrator).finish_non_exhaustive()
    }
}
