//! The engine's values as JSON: one shape for each, whatever shows it.
//!
//! Versions are numbers of up to 18 digits, which JavaScript cannot hold: `id` is the same as text.

mod event;
mod health;

use std::time::Duration;

use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use upshift::{
    AuditRow, BackfillProgress, BackfillState, Blocked, ClosedBy, Direction, Entry, HistoryRow, Instance,
    MigrationId, MigrationStatus, Phase, Plan, Report, RolloutMigration, RolloutState, RolloutStatus, State,
    Status, Verdict, Wait, WaitingPart, Word, WordKind,
};

pub use event::event;
pub use health::{fitness, health};

/// The version of the shape of all JSON. It rises when a field is taken away or changes its meaning; new fields may come
/// at any time.
pub const JSON_VERSION: u32 = 1;

/// Who has written a value: the version of its shape, and upshift's own.
pub fn made_by() -> Value {
    json!({ "json": JSON_VERSION, "version": env!("CARGO_PKG_VERSION") })
}

/// A moment, as RFC 3339 writes it, in UTC.
pub fn at(moment: OffsetDateTime) -> Value {
    let moment = moment.to_offset(time::UtcOffset::UTC);
    moment.format(&Rfc3339).map_or(Value::Null, Value::String)
}

fn milliseconds(took: Duration) -> u64 {
    u64::try_from(took.as_millis()).unwrap_or(u64::MAX)
}

/// The version as a number, `null` for a repeatable migration.
fn version(id: &MigrationId) -> Value {
    match id {
        MigrationId::Version(version) => json!(version.number()),
        MigrationId::Repeatable(_) => Value::Null,
    }
}

/// The phase as a word; repeatable migrations, which are of none, have their own.
pub fn phase(id: &MigrationId, phase: Phase) -> &'static str {
    match (id, phase) {
        (MigrationId::Repeatable(_), _) => "repeatable",
        (_, Phase::Expand) => "expand",
        (_, Phase::Backfill) => "backfill",
        (_, Phase::Contract) => "contract",
    }
}

fn direction(direction: Direction) -> &'static str {
    match direction {
        Direction::Up => "up",
        Direction::Down => "down",
    }
}

fn blocked(it: &Blocked) -> Value {
    json!({ "version": version(&it.id), "label": it.label, "by": it.by.to_string() })
}

/// What a run did.
pub fn report(report: &Report) -> Value {
    let steps = report.steps.iter().map(|it| {
        let mut shape = step((&it.id, &it.label, it.phase, it.direction), (it.after, it.took));
        shape["retries"] = json!(it.retries);
        shape
    });
    let failed = report.failed.as_ref();
    let failed = failed.map(|it| step((&it.id, &it.label, it.phase, it.direction), (it.after, it.took)));
    json!({
        "began_at": at(report.began),
        "steps": steps.collect::<Vec<_>>(),
        "failed": failed,
        "blocked": report.blocked.iter().map(blocked).collect::<Vec<_>>(),
        "notes": report.notes.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "took_ms": milliseconds(report.took),
        "waited_ms": milliseconds(report.waited),
    })
}

/// What a step that was done and one that failed have in common: which, and from when to when.
fn step(step: (&MigrationId, &str, Phase, Direction), when: (Duration, Duration)) -> Value {
    let ((id, label, phase_of_it, way), (after, took)) = (step, when);
    json!({
        "version": version(id),
        "label": label,
        "phase": phase(id, phase_of_it),
        "direction": direction(way),
        "after_ms": milliseconds(after),
        "took_ms": milliseconds(took),
    })
}

/// What would be done.
pub fn plan(plan: &Plan) -> Value {
    let entries = plan.entries().iter().map(|entry| match entry {
        Entry::Run(step) => json!({
            "do": "run",
            "version": version(step.id()),
            "label": step.label(),
            "file": step.path(),
            "direction": direction(step.direction()),
            "phase": step.phase().to_string(),
            "text": step.to_string(),
        }),
        Entry::Blocked(it) => {
            let mut value = blocked(it);
            value["do"] = json!("blocked");
            value["text"] = json!(entry.to_string());
            value
        }
        other => json!({ "do": "record", "text": other.to_string() }),
    });
    json!({
        "direction": direction(plan.direction()),
        "entries": entries.collect::<Vec<_>>(),
        "notes": plan.notes().iter().map(ToString::to_string).collect::<Vec<_>>(),
        "empty": plan.is_empty(),
    })
}

fn history_row(row: &HistoryRow) -> Value {
    json!({
        "at": at(row.applied_at),
        "took_ms": row.duration_ms,
        "role": row.role,
        "service": row.service,
        "release": row.release,
        "host": row.host,
        "error": row.error,
    })
}

/// The words of [`state`].
pub const STATES: [&str; 9] =
    ["pending", "blocked", "out-of-order", "applied", "baseline", "failed", "changed", "missing", "newer"];

/// One word for a state, which never changes with the words that a person reads.
pub fn state(state: &State) -> &'static str {
    match state {
        State::Pending => "pending",
        State::Blocked(_) => "blocked",
        State::OutOfOrder => "out-of-order",
        State::Applied => "applied",
        State::Baseline => "baseline",
        State::Failed(_) => "failed",
        State::Changed => "changed",
        State::Missing => "missing",
        State::Newer => "newer",
        _ => "other",
    }
}

fn migration(it: &MigrationStatus) -> Value {
    let by = match &it.state {
        State::Blocked(by) => Some(by.to_string()),
        _ => None,
    };
    json!({
        "version": version(&it.id),
        "id": it.id.to_string(),
        "label": it.label,
        "phase": phase(&it.id, it.phase),
        "state": state(&it.state),
        "text": it.state.to_string(),
        "blocked_by": by,
        "applied": it.applied.as_ref().map(history_row),
        "backfill": it.backfill.as_ref().map(progress),
    })
}

/// Where a database stands.
pub fn status(status: &Status) -> Value {
    json!({
        "layout": status.layout.to_string(),
        "migrations": status.migrations.iter().map(migration).collect::<Vec<_>>(),
        "refused": status.refused,
    })
}

/// How far a backfill is.
pub fn progress(it: &BackfillProgress) -> Value {
    let (word, why) = match &it.state {
        BackfillState::Running => ("running", None),
        BackfillState::Held(why) => ("held", Some(why)),
        BackfillState::Paused(why) => ("paused", Some(why)),
        BackfillState::Cancelled(why) => ("cancelled", Some(why)),
        BackfillState::Failed(why) => ("failed", Some(why)),
        BackfillState::Finished => ("finished", None),
        _ => ("other", None),
    };
    json!({
        "version": it.version.number(),
        "id": it.version.to_string(),
        "name": it.name,
        "table": it.table,
        "state": word,
        "why": why,
        "rows": it.rows,
        "estimate": it.estimate,
        "rate": it.rate,
        "left_ms": it.left.map(milliseconds),
        "workers": it.workers,
        "started_at": at(it.started_at),
        "finished_at": it.finished_at.map(at),
    })
}

/// Where a backfill or a contract stands.
pub fn rollout_migration(it: &RolloutMigration) -> Value {
    let (word, more) = match &it.state {
        RolloutState::Applied => ("applied", Value::Null),
        RolloutState::Stopped => ("stopped", Value::Null),
        RolloutState::Pending => ("pending", Value::Null),
        RolloutState::Backfill(it) => ("backfill", progress(it)),
        RolloutState::Gate(Verdict::Open) => ("open", Value::Null),
        RolloutState::Gate(Verdict::Closed(reasons)) => {
            ("closed", reasons.iter().map(|reason| json!(reason.to_string())).collect())
        }
        _ => ("other", Value::Null),
    };
    let wanted =
        matches!(&it.state, RolloutState::Gate(Verdict::Closed(by)) if by.contains(&ClosedBy::NotApproved));
    json!({
        "version": it.version.number(),
        "id": it.version.to_string(),
        "label": it.label,
        "phase": it.phase.to_string(),
        "state": word,
        "more": more,
        "approval_wanted": wanted,
    })
}

/// A process of a service, as it has registered itself.
pub fn instance(it: &Instance) -> Value {
    json!({
        "id": it.id,
        "service": it.service,
        "release": it.release,
        "host": it.host,
        "contracts": it.contracts.iter().map(|version| version.number()).collect::<Vec<_>>(),
        "joined_at": at(it.joined_at),
        "seen_at": at(it.seen_at),
        "expires_at": at(it.expires_at),
        "left_at": it.left_at.map(at),
    })
}

/// What an operator said.
pub fn word(it: &Word) -> Value {
    json!({
        "kind": match it.kind {
            WordKind::Hold => "hold",
            WordKind::Approval => "approval",
            _ => "other",
        },
        "version": it.version.map(|version| version.number()),
        "reason": it.reason,
        "role": it.role,
        "at": at(it.at),
    })
}

/// A session that waits for a lock, and who is in its way.
pub fn wait(it: &Wait) -> Value {
    let by = it.by.iter().map(|it| {
        json!({
            "pid": it.pid,
            "application": it.application,
            "role": it.role,
            "transaction_age_ms": milliseconds(it.transaction_age),
            "query": it.query,
        })
    });
    json!({
        "pid": it.pid,
        "part": match it.part {
            WaitingPart::Migrator => "migrator",
            WaitingPart::Other => "other",
        },
        "application": it.application,
        "role": it.role,
        "waited_ms": milliseconds(it.waited),
        "query": it.query,
        "by": by.collect::<Vec<_>>(),
    })
}

/// Where a rollout stands.
pub fn rollout(status: &RolloutStatus) -> Value {
    json!({
        "at": at(status.at),
        "migrations": status.migrations.iter().map(rollout_migration).collect::<Vec<_>>(),
        "instances": status.instances.iter().map(instance).collect::<Vec<_>>(),
        "words": status.words.iter().map(word).collect::<Vec<_>>(),
    })
}

/// A row of the audit.
pub fn audit_row(row: &AuditRow) -> Value {
    json!({
        "id": row.id,
        "at": at(row.at),
        "action": row.action,
        "outcome": row.outcome,
        "version": row.version,
        "name": row.name,
        "checksum": row.checksum,
        "detail": row.detail,
        "took_ms": row.duration_ms,
        "role": row.role,
        "service": row.service,
        "release": row.release,
        "host": row.host,
    })
}
