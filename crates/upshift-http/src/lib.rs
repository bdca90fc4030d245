//! What upshift knows, over HTTP: probes for an orchestrator, metrics for Prometheus, JSON for programs, and a page for
//! the person who watches a deploy.
//!
//! ```no_run
//! # const MIGRATIONS: upshift::Source = upshift::Source::embedded("", &[], &[]);
//! # async fn serve(pool: upshift::deadpool_postgres::Pool) -> Result<(), upshift::Error> {
//! use upshift::Migrator;
//! use upshift_http::{Site, axum};
//!
//! let site = Site::new(Migrator::new(pool, MIGRATIONS).service("orders", "1.4.2"));
//! let migrator = site.migrator();
//! let app: axum::Router = axum::Router::new().nest("/upshift", site.router());
//! // Serve `app` from here on: `/upshift/livez` answers while the migrations run.
//! migrator.run().await?;
//! # Ok(())
//! # }
//! ```
//!
//! | path | what |
//! |---|---|
//! | `/` | the page |
//! | `/livez` | 200 while the process lives, also while it migrates |
//! | `/readyz` | 200 when the schema fits this binary and its instance may serve, else 503 and why |
//! | `/metrics` | Prometheus text |
//! | `/status.json` | everything the page shows, in the shapes of [`upshift_report::json`] |
//! | `/audit.json` | the audit |
//! | `/events` | changes as they happen, as server-sent events |
//!
//! Nothing asks the database unless somebody asks: an idle service sends no query for it, and however many ask, there is
//! one look at a time and at most one a second. It reads only, unless the service says otherwise: [`Site::actions`].
//! Who may read is the service's own choice as well: put the router behind its middleware, or on a port of its own.

mod action;
mod asset;
mod cached;
mod header;
mod live;
mod look;
mod probe;
mod scrape;
mod seen;
mod shared;
mod site;

pub use action::{Allowed, Auth, Refused};
pub use live::Streams;
pub use site::{Site, router};

pub use async_trait::async_trait;
pub use axum;
