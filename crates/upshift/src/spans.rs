//! Spans with names and fields that stay: those of OpenTelemetry's conventions for database clients, and our own under
//! `upshift.`.
//!
//! | span | stands for |
//! |---|---|
//! | `upshift.up`, `upshift.down` | a run, or a look that found nothing to do |
//! | `upshift.lock` | the wait for another migrator, and the taking of the lock |
//! | `upshift.step` | one migration, from when it was sent until it was done, all tries included |
//! | `upshift.batch` | one batch of a backfill |
//!
//! Source of the names: OpenTelemetry semantic conventions for database client spans and for PostgreSQL, 1.33 (stable).

use tracing::Span;
use tracing::field::Empty;

use crate::context::Context;
use crate::error::Error;
use crate::plan::{Direction, Step};

/// `db.system.name`.
const SYSTEM: &str = "postgresql";

/// A call that may migrate.
pub(crate) fn run(context: &Context, direction: Direction) -> Span {
    let identity = &context.settings().identity;
    let (service, release) = (identity.service.as_deref(), identity.release.as_deref());
    let schema = context.tables().schema().as_str();
    // A span's name is a literal.
    macro_rules! named {
        ($name:literal) => {
            tracing::info_span!(
                $name,
                db.system.name = SYSTEM,
                service.name = service,
                service.version = release,
                upshift.schema = schema
            )
        };
    }
    match direction {
        Direction::Up => named!("upshift.up"),
        Direction::Down => named!("upshift.down"),
    }
}

/// The asking for the migration lock.
pub(crate) fn lock() -> Span {
    tracing::info_span!("upshift.lock", db.system.name = SYSTEM, db.operation.name = "LOCK")
}

/// One migration.
pub(crate) fn step(step: &Step) -> Span {
    let operation = match step.direction {
        Direction::Up => "apply",
        Direction::Down => "revert",
    };
    tracing::info_span!(
        "upshift.step",
        otel.kind = "client",
        otel.status_code = Empty,
        db.system.name = SYSTEM,
        db.operation.name = operation,
        db.query.summary = step.label,
        db.response.status_code = Empty,
        error.type = Empty,
        upshift.phase = %step.phase,
        upshift.retries = Empty,
        upshift.outcome = Empty
    )
}

/// One batch of a backfill.
pub(crate) fn batch(step: &Step) -> Span {
    tracing::debug_span!(
        "upshift.batch",
        otel.kind = "client",
        db.system.name = SYSTEM,
        db.operation.name = "backfill",
        db.query.summary = step.label,
        upshift.phase = %step.phase
    )
}

/// A step is done.
pub(crate) fn done(span: &Span, retries: u32) {
    span.record("upshift.outcome", "done");
    span.record("upshift.retries", retries);
}

/// A step has failed.
pub(crate) fn failed(span: &Span, error: &Error) {
    let state = error.sqlstate();
    span.record("upshift.outcome", "failed");
    span.record("otel.status_code", "ERROR");
    span.record("error.type", state.unwrap_or("upshift"));
    if let Some(state) = state {
        span.record("db.response.status_code", state);
    }
}
