//! Metrics of what happens: the `metrics` facade, so whatever recorder the service has installed gets them.

use metrics::{Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram};
use upshift_files::{MigrationId, Phase};

use crate::event::{Event, StepAt};
use crate::gate::Verdict;
use crate::plan::Direction;

/// The names of all metrics. They stay: dashboards and alerts name them (`docs/grafana/`).
pub mod names {
    /// Histogram: how long a migration took. Labels: service, version, phase, outcome (`applied`, `reverted`, `failed`).
    pub const MIGRATION_DURATION: &str = "upshift_migration_duration_seconds";
    /// Histogram: how long a run took. Labels: service, outcome (`done`, `failed`).
    pub const RUN_DURATION: &str = "upshift_run_duration_seconds";
    /// Histogram: how long a lock was waited for. Labels: service, lock (`migration`, `table`).
    pub const LOCK_WAIT: &str = "upshift_lock_wait_seconds";
    /// Gauge: how many sessions are in the way of a step. Labels: service, version.
    pub const BLOCKERS: &str = "upshift_blockers";
    /// Counter: how often a step was tried again after a lock timeout or a deadlock. Labels: service, version.
    pub const RETRIES: &str = "upshift_retries_total";
    /// Counter: rows that this process's batches went over. Labels: service, version.
    pub const BACKFILL_ROWS: &str = "upshift_backfill_rows_total";
    /// Counter: rows that this process's batches changed. Labels: service, version.
    pub const BACKFILL_CHANGED: &str = "upshift_backfill_changed_rows_total";
    /// Histogram: how long a batch took. Labels: service, version.
    pub const BACKFILL_BATCH: &str = "upshift_backfill_batch_seconds";
    /// Counter: batches that were tried again with fewer rows. Labels: service, version.
    pub const BACKFILL_RETRIES: &str = "upshift_backfill_retries_total";
    /// Counter: how often a backfill held for the sake of others. Labels: service, version.
    pub const BACKFILL_HOLDS: &str = "upshift_backfill_holds_total";
    /// Counter: backfills and contracts that failed beside a fleet's heartbeats. Labels: service.
    pub const DUTY_FAILURES: &str = "upshift_duty_failures_total";
    /// Counter: answers of two shapes that differed. Labels: service, switch.
    pub const SHADOW_DIFFERENCES: &str = "upshift_shadow_differences_total";
    /// Gauge: whether a contract's gate was open when this process looked last, 0 or 1. Labels: service, version.
    pub const GATE_OPEN: &str = "upshift_gate_open";
    /// Gauge: how many migrations stand so. Labels: service, state (`pending`, `blocked`, `failed`, `applied`, `other`).
    pub const MIGRATIONS: &str = "upshift_migrations";
    /// Gauge: whether the schema fits this binary, 0 or 1. Labels: service.
    pub const SCHEMA_FITS: &str = "upshift_schema_fits";
    /// Gauge: whether the schema has drifted, 0 or 1; where drift is asked for. Labels: service.
    pub const SCHEMA_DRIFT: &str = "upshift_schema_drift";
    /// Gauge: registered processes. Labels: service, release, state (`alive`, `late`).
    pub const FLEET: &str = "upshift_fleet_instances";
    /// Gauge: rows that a backfill has gone over, by whomever. Labels: service, version.
    pub const BACKFILL_DONE: &str = "upshift_backfill_rows_done";
    /// Gauge: about how many rows a backfill has to go over. Labels: service, version.
    pub const BACKFILL_ESTIMATE: &str = "upshift_backfill_rows_estimate";
    /// Gauge: rows a second, over all that work on a backfill. Labels: service, version.
    pub const BACKFILL_RATE: &str = "upshift_backfill_rows_per_second";
    /// Gauge: about how many seconds a backfill will take. Labels: service, version.
    pub const BACKFILL_LEFT: &str = "upshift_backfill_left_seconds";
    /// Gauge: 1 for how a backfill stands, 0 for the rest. Labels: service, version, state (`running`, `held`, `paused`,
    /// `cancelled`, `failed`, `finished`).
    pub const BACKFILL_STATE: &str = "upshift_backfill_state";
    /// Gauge: 1 for a contract whose gate is closed, 0 for one whose gate is open. Labels: service, version.
    pub const CONTRACT_WAITS: &str = "upshift_contract_waits";
    /// Gauge: sessions of the database that wait for locks. Labels: service, part (`migrator`, `other`).
    pub const LOCK_WAITERS: &str = "upshift_lock_waiters";
}

/// Upper bounds for the histograms, in seconds: from a quick migration to a backfill of hours.
pub const BUCKETS: [f64; 10] = [0.005, 0.025, 0.1, 0.5, 1.0, 5.0, 30.0, 120.0, 600.0, 3600.0];

/// Tells the recorder in force what each metric is. Once, behind its installation.
pub fn describe() {
    use names::*;
    let seconds = [
        (MIGRATION_DURATION, "How long a migration took on the server."),
        (RUN_DURATION, "How long a run took, without the waiting for another migrator."),
        (LOCK_WAIT, "How long the migration lock, or a lock on a table, was waited for."),
        (BACKFILL_BATCH, "How long a batch of a backfill took on the server."),
    ];
    seconds.into_iter().for_each(|(name, what)| describe_histogram!(name, Unit::Seconds, what));
    let counters = [
        (RETRIES, "How often a migration was tried again after a lock timeout or a deadlock."),
        (BACKFILL_ROWS, "Rows that this process's batches went over."),
        (BACKFILL_CHANGED, "Rows that this process's batches changed."),
        (BACKFILL_RETRIES, "Batches that were tried again with fewer rows."),
        (BACKFILL_HOLDS, "How often a backfill held for the sake of others."),
        (DUTY_FAILURES, "Backfills and contracts that failed beside a fleet's heartbeats."),
        (SHADOW_DIFFERENCES, "Answers of the two shapes of a switch that differed."),
    ];
    counters.into_iter().for_each(|(name, what)| describe_counter!(name, what));
    let gauges = [
        (BLOCKERS, "Sessions in the way of a migration."),
        (GATE_OPEN, "Whether a contract's gate was open when this process looked last."),
        (MIGRATIONS, "How many migrations stand so."),
        (SCHEMA_FITS, "Whether the schema fits this binary."),
        (SCHEMA_DRIFT, "Whether somebody has changed the schema behind upshift's back."),
        (FLEET, "Registered processes."),
        (BACKFILL_DONE, "Rows that a backfill has gone over."),
        (BACKFILL_ESTIMATE, "About how many rows a backfill has to go over."),
        (BACKFILL_RATE, "Rows a second of a backfill, over all that work on it."),
        (BACKFILL_LEFT, "About how many seconds a backfill will take."),
        (BACKFILL_STATE, "How a backfill stands."),
        (CONTRACT_WAITS, "Whether a contract waits for its gate."),
        (LOCK_WAITERS, "Sessions of the database that wait for locks."),
    ];
    gauges.into_iter().for_each(|(name, what)| describe_gauge!(name, what));
}

/// Records an event of this service into the recorder in force.
///
/// With the feature `metrics` every migrator does so by itself; this is for another recorder beside the global one
/// (`metrics::with_local_recorder`).
pub fn event(service: Option<&str>, event: &Event<'_>) {
    let service = service.unwrap_or_default().to_owned();
    match event {
        Event::LockTaken { waited } => {
            histogram!(names::LOCK_WAIT, "service" => service, "lock" => "migration").record(*waited);
        }
        Event::Blocked { step, by } => {
            gauge!(names::BLOCKERS, "service" => service, "version" => version(step)).set(by.len() as f64);
        }
        Event::Unblocked { step, waited } => {
            gauge!(names::BLOCKERS, "service" => service.clone(), "version" => version(step)).set(0);
            histogram!(names::LOCK_WAIT, "service" => service, "lock" => "table").record(*waited);
        }
        Event::Retrying { step, .. } => {
            counter!(names::RETRIES, "service" => service, "version" => version(step)).increment(1);
        }
        Event::StepFinished { step, took } => {
            let outcome = match step.direction {
                Direction::Up => "applied",
                Direction::Down => "reverted",
            };
            ended(service, step, outcome, took.as_secs_f64());
        }
        Event::StepFailed { step, took, .. } => ended(service, step, "failed", took.as_secs_f64()),
        Event::RunFinished { took, .. } => {
            histogram!(names::RUN_DURATION, "service" => service, "outcome" => "done").record(*took);
        }
        Event::RunFailed { took, .. } => {
            histogram!(names::RUN_DURATION, "service" => service, "outcome" => "failed").record(*took);
        }
        Event::DutyFailed { .. } => counter!(names::DUTY_FAILURES, "service" => service).increment(1),
        Event::Shadow { switch, .. } => {
            counter!(names::SHADOW_DIFFERENCES, "service" => service, "switch" => (*switch).to_owned())
                .increment(1);
        }
        Event::Gate { version, verdict, .. } => {
            let open = if **verdict == Verdict::Open { 1.0 } else { 0.0 };
            gauge!(names::GATE_OPEN, "service" => service, "version" => version.to_string()).set(open);
        }
        other => batch(service, other),
    }
}

/// What backfills tell.
fn batch(service: String, event: &Event<'_>) {
    match event {
        Event::BatchFinished { step, rows, changed, took, .. } => {
            let labels = [("service", service), ("version", version(step))];
            counter!(names::BACKFILL_ROWS, &labels).increment(*rows);
            counter!(names::BACKFILL_CHANGED, &labels).increment(*changed);
            histogram!(names::BACKFILL_BATCH, &labels).record(*took);
        }
        Event::BatchTriedAgain { step, .. } => {
            counter!(names::BACKFILL_RETRIES, "service" => service, "version" => version(step)).increment(1);
        }
        Event::BackfillHeld { step, .. } => {
            counter!(names::BACKFILL_HOLDS, "service" => service, "version" => version(step)).increment(1);
        }
        _ => {}
    }
}

fn ended(service: String, step: &StepAt<'_>, outcome: &'static str, seconds: f64) {
    let phase = match (step.id, step.phase) {
        (MigrationId::Repeatable(_), _) => "repeatable",
        (_, Phase::Expand) => "expand",
        (_, Phase::Backfill) => "backfill",
        (_, Phase::Contract) => "contract",
    };
    histogram!(names::MIGRATION_DURATION, "service" => service, "version" => version(step), "phase" => phase,
        "outcome" => outcome)
    .record(seconds);
}

/// A version, or what a person calls a repeatable.
fn version(step: &StepAt<'_>) -> String {
    match step.id {
        MigrationId::Version(version) => version.to_string(),
        MigrationId::Repeatable(_) => step.label.to_owned(),
    }
}
