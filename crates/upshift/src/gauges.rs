//! Metrics of what is: gauges, set from measures.

use metrics::gauge;

use crate::gate::Verdict;
use crate::health::Health;
use crate::meter::names;
use crate::overview::Measures;
use crate::progress::{BackfillProgress, BackfillState};
use crate::rollout::{RolloutState, RolloutStatus};
use crate::waits::WaitingPart;
use upshift_files::Phase;

/// Sets the gauges of this service in the recorder in force.
///
/// A question changes nothing, so [`crate::Migrator::measures`] does not do this by itself: say it as often as the
/// gauges are to move.
///
/// ```no_run
/// # async fn look(migrator: upshift::Migrator) -> Result<(), upshift::Error> {
/// upshift::metrics::measures(Some("orders"), &migrator.measures().await?);
/// # Ok(())
/// # }
/// ```
pub fn measures(service: Option<&str>, measures: &Measures) {
    let service = service.unwrap_or_default();
    let of = measures.migrations;
    let counts = [
        ("pending", of.pending),
        ("blocked", of.blocked),
        ("failed", of.failed),
        ("applied", of.applied),
        ("other", of.other),
    ];
    for (state, count) in counts {
        gauge!(names::MIGRATIONS, "service" => service.to_owned(), "state" => state).set(count as f64);
    }
    health(service, &measures.health);
    for (part, word) in [(WaitingPart::Migrator, "migrator"), (WaitingPart::Other, "other")] {
        let count = measures.waits.iter().filter(|it| it.part == part).count();
        gauge!(names::LOCK_WAITERS, "service" => service.to_owned(), "part" => word).set(count as f64);
    }
    fleet(&measures.rollout);
    for migration in &measures.rollout.migrations {
        let version = migration.version.to_string();
        match &migration.state {
            RolloutState::Backfill(progress) => backfill(service, version, progress),
            RolloutState::Gate(Verdict::Open) => contract(service, version, 0.0),
            RolloutState::Gate(Verdict::Closed(_)) => contract(service, version, 1.0),
            // What was set while it was at work must not stay.
            RolloutState::Applied if migration.phase == Phase::Contract => contract(service, version, 0.0),
            RolloutState::Applied => backfill_state(service, &version, "finished"),
            RolloutState::Stopped if migration.phase == Phase::Backfill => {
                backfill_state(service, &version, "failed");
            }
            RolloutState::Stopped | RolloutState::Pending => {}
        }
    }
}

/// Sets what a health check says.
pub fn health(service: &str, health: &Health) {
    let fits = if health.is_fit() { 1.0 } else { 0.0 };
    gauge!(names::SCHEMA_FITS, "service" => service.to_owned()).set(fits);
    let drifted = if matches!(health, Health::Drifted(_)) { 1.0 } else { 0.0 };
    gauge!(names::SCHEMA_DRIFT, "service" => service.to_owned()).set(drifted);
}

/// A release that nobody is of any more stays, with 0.
fn fleet(rollout: &RolloutStatus) {
    let mut counts = std::collections::BTreeMap::new();
    for instance in &rollout.instances {
        let of = (instance.service.clone(), instance.release.clone());
        let (alive, late) = counts.entry(of).or_insert((0_u32, 0_u32));
        match instance.left_at {
            Some(_) => {}
            None if instance.expires_at > rollout.at => *alive += 1,
            None => *late += 1,
        }
    }
    for ((of, release), (alive, late)) in counts {
        for (state, count) in [("alive", alive), ("late", late)] {
            let labels = [
                ("service", of.clone()),
                ("release", release.clone().unwrap_or_default()),
                ("state", state.to_owned()),
            ];
            gauge!(names::FLEET, &labels).set(count);
        }
    }
}

fn contract(service: &str, version: String, waits: f64) {
    gauge!(names::CONTRACT_WAITS, "service" => service.to_owned(), "version" => version).set(waits);
}

fn backfill(service: &str, version: String, progress: &BackfillProgress) {
    let now = match &progress.state {
        BackfillState::Running => "running",
        BackfillState::Held(_) => "held",
        BackfillState::Paused(_) => "paused",
        BackfillState::Cancelled(_) => "cancelled",
        BackfillState::Failed(_) => "failed",
        BackfillState::Finished => "finished",
    };
    backfill_state(service, &version, now);
    let labels = [("service", service.to_owned()), ("version", version)];
    gauge!(names::BACKFILL_DONE, &labels).set(progress.rows as f64);
    gauge!(names::BACKFILL_ESTIMATE, &labels).set(progress.estimate.max(progress.rows) as f64);
    gauge!(names::BACKFILL_RATE, &labels).set(progress.rate.unwrap_or(0) as f64);
    let left = progress.left.map_or(0.0, |left| left.as_secs_f64());
    gauge!(names::BACKFILL_LEFT, &labels).set(left);
}

fn backfill_state(service: &str, version: &str, now: &str) {
    for state in ["running", "held", "paused", "cancelled", "failed", "finished"] {
        let labels =
            [("service", service.to_owned()), ("version", version.to_owned()), ("state", state.to_owned())];
        gauge!(names::BACKFILL_STATE, &labels).set(if state == now { 1.0 } else { 0.0 });
    }
}
