//! Zero-downtime PostgreSQL migrations that live inside your Rust service.
//!
//! A service embeds its migrations and brings its database to them when it boots:
//!
//! ```no_run
//! # mod embedded { pub const MIGRATIONS: upshift::Source = upshift::Source::embedded("", &[], &[]); }
//! # use embedded::MIGRATIONS;
//! # async fn boot(pool: deadpool_postgres::Pool) -> Result<(), upshift::Error> {
//! // const MIGRATIONS: upshift::Source = upshift::embed_migrations!("migrations");
//! let migrator = upshift::Migrator::new(pool, MIGRATIONS).service("orders", "1.4.2");
//! let report = migrator.run().await?;
//! tracing::info!("{report}");
//! # Ok(())
//! # }
//! ```
//!
//! With nothing to do that is one round trip: no lock, nothing written. Otherwise one migrator at a time takes the lock,
//! plans again and carries the [`Plan`] out, each migration in its own transaction with its history row, many of them on
//! their way at once. What PostgreSQL refuses in a transaction runs statement by statement and goes on where it stopped.
//!
//! - [`Migrator`]: `run`, `up`, `down`, `redo`, `plan`, `status`, `health`, `drift`, `baseline`, `adopt`, `repair`, `audit`.
//! - [`Source`]: an embedded folder, a folder at run time, files made by the program, Rust code.
//! - [`Plan`]: what will be done and why, as a value; [`Plan::to_sql`] is a script for psql.
//! - [`Report`] and [`Error`]: what happened, and what to do now.
//!
//! The quick start, what a file may say and how it is built stand in the repository's README and `docs/`.

mod adopt;
mod answer;
mod around;
mod audit;
mod backfill;
mod backfills;
mod backoff;
mod builder;
mod checked;
mod code;
mod context;
mod difference;
mod drift;
mod error;
mod event;
mod execute;
mod facts;
mod fleet;
mod gate;
mod gatekeeper;
#[cfg(feature = "metrics")]
mod gauges;
mod health;
mod history;
mod ident;
mod lock;
#[cfg(feature = "metrics")]
mod meter;
mod migrator;
mod offline;
mod overview;
mod plan;
mod privilege;
mod progress;
mod recorder;
mod redo;
mod renumber;
mod repair;
mod report;
mod resume;
mod rollout;
mod session;
mod settings;
mod source;
mod spans;
mod status;
mod waits;
mod watch;
mod wire;

pub use adopt::{Adopted, AdoptedMigration, AdoptedText, Predecessor};
pub use audit::{Audit, AuditRow, AuditVerdict, BrokenRow};
pub use backfill::Worked;
pub use backfills::Backfills;
pub use checked::HealthCheck;
pub use code::{Backfill, BatchRange, BoxError, CodeMigration, StepContext};
pub use drift::{Drift, Kept, NothingKept};
pub use error::{Error, FailedAt, Failure, Holder, Left, ServerError, Stopped};
pub use event::{Around, Blocker, Event, Hooks, Observer, StatementAt, StatementHooks, StepAt};
pub use facts::HistoryRow;
pub use fleet::{Did, Fitness, Fleet, Member, Shadowed, Shape, Switch, SwitchState, Tick};
pub use gate::{ClosedBy, Gate, GatePolicy, Instance, SessionTag, Share, Verdict, Word, WordKind};
pub use health::Health;
pub use history::{Applied, AppliedState, History};
pub use ident::{Ident, IdentError};
pub use migrator::Migrator;
pub use overview::{Measures, Overview};
pub use plan::{
    Blocked, BlockedBy, Direction, DownTarget, Entry, Note, Plan, Reason, RecordDown, Refusal, RefusalKind,
    Renumbered, Step, StepMode, Target,
};
pub use progress::{BackfillProgress, BackfillState};
pub use repair::Repair;
pub use report::{Report, StepFailure, StepReport, human, utc};
pub use rollout::{Rollout, RolloutMigration, RolloutState, RolloutStatus};
pub use settings::{
    BackfillPolicy, DriftPolicy, Grouping, Identity, LockPolicy, Missing, OutOfOrder, Policy, Timeouts,
};
pub use source::Source;
pub use status::{Counts, MigrationStatus, State, Status};
pub use waits::{Wait, WaitingPart};

pub use async_trait::async_trait;
pub use deadpool_postgres;
pub use tokio_postgres;
pub use upshift_files as files;
pub use upshift_files::{
    Checksum, Diagnostic, Diagnostics, Layout, MigrationId, MigrationSet, Phase, SourceFile, Vars, Version,
};
#[cfg(feature = "macros")]
pub use upshift_macros::{embed_migrations, migration};
pub use upshift_schema as schema;

/// Metrics, into the recorder that the service has installed for the [`metrics`](https://docs.rs/metrics) facade; with
/// the feature `metrics`.
#[cfg(feature = "metrics")]
pub mod metrics {
    pub use crate::gauges::{health, measures};
    pub use crate::meter::{BUCKETS, describe, event, names};
}

/// What the macros write into your crate; no part of the API.
#[doc(hidden)]
pub mod __private {
    pub use crate::code::{CodeFn, CodeFuture, CodeMigration};
    pub use crate::source::Source;
    pub use upshift_files::{CodeDown, CodeHeader, SourceFile, Transaction, Version};
}
