//! An event as JSON, and in words.

use serde_json::{Value, json};
use upshift::{Direction, Event, StepAt, human};

use super::phase;

/// One thing that happened: a word for it that does not change, which migration it is about, and a line for a person.
pub fn event(event: &Event<'_>) -> Option<Value> {
    let (is, text) = said(event)?;
    let step = step(event);
    Some(json!({
        "is": is,
        "id": step.map(|step| step.id.to_string()),
        "label": step.map(|step| step.label),
        "phase": step.map(|step| phase(step.id, step.phase)),
        "text": text,
    }))
}

fn step<'e>(event: &Event<'e>) -> Option<StepAt<'e>> {
    match event {
        Event::StepStarted { step }
        | Event::StatementFinished { step, .. }
        | Event::SentAgain { step, .. }
        | Event::Blocked { step, .. }
        | Event::Unblocked { step, .. }
        | Event::Retrying { step, .. }
        | Event::StepFinished { step, .. }
        | Event::StepFailed { step, .. }
        | Event::BatchFinished { step, .. }
        | Event::BatchTriedAgain { step, .. }
        | Event::BackfillHeld { step, .. } => Some(*step),
        _ => None,
    }
}

fn said(event: &Event<'_>) -> Option<(&'static str, String)> {
    Some(match event {
        Event::Waiting { waited } => {
            ("waiting", format!("waits for another migrator, for {} so far", human(*waited)))
        }
        Event::LockTaken { waited } => ("lock-taken", format!("has the lock, after {}", human(*waited))),
        Event::RunStarted { steps } => ("run-started", format!("a run of {steps} steps begins")),
        Event::RunFinished { steps, took } => {
            ("run-finished", format!("the run of {steps} steps is done, in {}", human(*took)))
        }
        Event::RunFailed { steps, why, .. } => {
            ("run-failed", format!("the run has ended after {steps} steps: {why}"))
        }
        Event::Gate { label, verdict, .. } => ("gate", format!("the gate of {label} is {verdict}")),
        Event::DutyFailed { why, pause } => {
            ("duty-failed", format!("{why}; tried again in {}", human(*pause)))
        }
        Event::InvalidIndexDropped { index } => {
            ("invalid-index-dropped", format!("dropped the invalid index {index}"))
        }
        Event::Shadow { switch, why } => ("shadow", format!("switch {switch}: {why}")),
        other => return step(other).and_then(|step| said_of(other, step)),
    })
}

/// What happened to a step.
fn said_of(event: &Event<'_>, step: StepAt<'_>) -> Option<(&'static str, String)> {
    let label = step.label;
    let (doing, done) = match step.direction {
        Direction::Up => ("applying", "applied"),
        Direction::Down => ("reverting", "reverted"),
    };
    Some(match event {
        Event::StepStarted { .. } => ("step-started", format!("{doing} {label}")),
        Event::StepFinished { took, .. } => ("step-finished", format!("{done} {label} in {}", human(*took))),
        Event::StepFailed { why, .. } => ("step-failed", format!("{label} failed: {why}")),
        Event::StatementFinished { done, of, .. } => {
            ("statement-finished", format!("{label}: statement {done} of {of} is done"))
        }
        Event::SentAgain { statement: Some(statement), .. } => {
            ("sent-again", format!("{label}: statement {statement} is sent again"))
        }
        Event::SentAgain { statement: None, .. } => {
            ("sent-again", format!("{label}: its Rust code is called again"))
        }
        Event::Blocked { by, .. } => {
            let by: Vec<String> = by.iter().map(|it| format!("{} ({})", it.pid, it.application)).collect();
            ("blocked", format!("{label} waits for locks of {}", by.join(", ")))
        }
        Event::Unblocked { waited, .. } => {
            ("unblocked", format!("{label} waits no more, after {}", human(*waited)))
        }
        Event::Retrying { pause, why, .. } => {
            ("retrying", format!("{label} is tried again in {}: {why}", human(*pause)))
        }
        Event::BatchFinished { rows, took, .. } => {
            ("batch-finished", format!("{label}: a batch of {rows} rows in {}", human(*took)))
        }
        Event::BatchTriedAgain { next, why, .. } => {
            ("batch-tried-again", format!("{label}: again with {next} rows: {why}"))
        }
        Event::BackfillHeld { pause, why, .. } => {
            ("backfill-held", format!("{label} holds for {}: {why}", human(*pause)))
        }
        _ => return None,
    })
}
