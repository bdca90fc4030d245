//! The engine's values as JSON: one shape for each, whatever command shows it.

use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use upshift::{
    AuditRow, BackfillProgress, BackfillState, Blocked, Direction, Entry, HistoryRow, Instance, MigrationId,
    MigrationStatus, Plan, Report, RolloutMigration, RolloutState, RolloutStatus, State, Status, Verdict,
    Word, WordKind,
};

/// A moment, as RFC 3339 writes it, in UTC.
pub(crate) fn at(moment: OffsetDateTime) -> Value {
    let moment = moment.to_offset(time::UtcOffset::UTC);
    moment.format(&Rfc3339).map_or(Value::Null, Value::String)
}

fn milliseconds(took: std::time::Duration) -> u64 {
    u64::try_from(took.as_millis()).unwrap_or(u64::MAX)
}

/// The version as a number, `null` for a repeatable migration.
fn version(id: &MigrationId) -> Value {
    match id {
        MigrationId::Version(version) => json!(version.number()),
        MigrationId::Repeatable(_) => Value::Null,
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
pub(crate) fn report(report: &Report) -> Value {
    let steps = report.steps.iter().map(|step| {
        json!({
            "version": version(&step.id),
            "label": step.label,
            "direction": direction(step.direction),
            "took_ms": milliseconds(step.took),
            "retries": step.retries,
        })
    });
    json!({
        "steps": steps.collect::<Vec<_>>(),
        "blocked": report.blocked.iter().map(blocked).collect::<Vec<_>>(),
        "notes": report.notes.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "took_ms": milliseconds(report.took),
        "waited_ms": milliseconds(report.waited),
    })
}

/// What would be done.
pub(crate) fn plan(plan: &Plan) -> Value {
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

/// One word for a state, which never changes with the words that a person reads.
fn state(state: &State) -> &'static str {
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
        "label": it.label,
        "state": state(&it.state),
        "text": it.state.to_string(),
        "blocked_by": by,
        "applied": it.applied.as_ref().map(history_row),
        "backfill": it.backfill.as_ref().map(progress),
    })
}

/// Where a database stands.
pub(crate) fn status(status: &Status) -> Value {
    json!({
        "layout": status.layout.to_string(),
        "migrations": status.migrations.iter().map(migration).collect::<Vec<_>>(),
        "refused": status.refused,
    })
}

/// How far a backfill is.
pub(crate) fn progress(it: &BackfillProgress) -> Value {
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

fn rollout_migration(it: &RolloutMigration) -> Value {
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
    json!({
        "version": it.version.number(),
        "label": it.label,
        "phase": it.phase.to_string(),
        "state": word,
        "more": more,
    })
}

fn instance(it: &Instance) -> Value {
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

fn word(it: &Word) -> Value {
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

/// Where a rollout stands.
pub(crate) fn rollout(status: &RolloutStatus) -> Value {
    json!({
        "at": at(status.at),
        "migrations": status.migrations.iter().map(rollout_migration).collect::<Vec<_>>(),
        "instances": status.instances.iter().map(instance).collect::<Vec<_>>(),
        "words": status.words.iter().map(word).collect::<Vec<_>>(),
    })
}

/// A row of the audit.
pub(crate) fn audit_row(row: &AuditRow) -> Value {
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
