//! The steps that were sent and are not finished: since when, and what is told of each.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use tracing::Span;
use upshift_files::{MigrationId, Phase};

use super::Executor;
use crate::error::Error;
use crate::event::{Event, StepAt};
use crate::plan::{Direction, Step};
use crate::report::{StepFailure, StepReport};
use crate::spans;

/// The steps that were sent and are not finished.
#[derive(Default)]
pub(super) struct Ongoing {
    sent: BTreeMap<MigrationId, Sent>,
    /// How many were sent so far.
    count: usize,
}

struct Sent {
    number: usize,
    id: MigrationId,
    label: String,
    phase: Phase,
    direction: Direction,
    /// When it was sent last.
    since: Instant,
    span: Span,
}

impl Sent {
    fn at(&self) -> StepAt<'_> {
        StepAt { id: &self.id, label: &self.label, phase: self.phase, direction: self.direction }
    }
}

impl Ongoing {
    /// One that was sent, or is sent again.
    fn put(&mut self, step: &Step) {
        if let Some(sent) = self.sent.get_mut(&step.id) {
            sent.since = Instant::now();
            return;
        }
        self.count += 1;
        let sent = Sent {
            number: self.count,
            id: step.id.clone(),
            label: step.label.clone(),
            phase: step.phase,
            direction: step.direction,
            since: Instant::now(),
            span: spans::step(step),
        };
        self.sent.insert(step.id.clone(), sent);
    }

    /// The one that stopped the run: what the error names, or else the first, behind which nothing was done.
    fn stopped_by(&self, error: &Error) -> Option<&Sent> {
        let named = error.failure().map(|failure| failure.label.as_str());
        let named = named.and_then(|label| self.sent.values().find(|sent| sent.label == label));
        named.or_else(|| self.sent.values().min_by_key(|sent| sent.number))
    }
}

impl Executor<'_> {
    pub(super) fn started(&mut self, step: &Step) {
        self.ongoing.put(step);
        self.context.tell(&Event::StepStarted { step: step.at() });
    }

    /// Says, and reports, that a step is done.
    pub(super) fn finished(&mut self, step: &Step, milliseconds: i64, retries: u32) {
        let took = Duration::from_millis(milliseconds.unsigned_abs());
        let (direction, phase) = (step.direction, step.phase);
        tracing::info!(migration = %step.label, %direction, duration_ms = milliseconds, "migration done");
        self.context.tell(&Event::StepFinished { step: step.at(), took });
        let sent = self.ongoing.sent.remove(&step.id);
        if let Some(sent) = &sent {
            spans::done(&sent.span, retries);
        }
        let after = self.began_after(sent.as_ref());
        let (id, label) = (step.id.clone(), step.label.clone());
        self.report.steps.push(StepReport { id, label, phase, direction, after, took, retries });
    }

    /// Says, and reports, how the run has ended.
    pub(super) fn ended(&mut self, outcome: &Result<(), Error>) {
        let (steps, took) = (self.report.steps.len(), self.began.elapsed());
        let Err(error) = outcome else {
            return self.context.tell(&Event::RunFinished { steps, took });
        };
        let why = error.in_one_line();
        if let Some(sent) = self.ongoing.stopped_by(error) {
            spans::failed(&sent.span, error);
            let after = self.began_after(Some(sent));
            let took = self.began.elapsed().saturating_sub(after);
            self.context.tell(&Event::StepFailed { step: sent.at(), took, why: &why });
            let (id, label) = (sent.id.clone(), sent.label.clone());
            let (phase, direction) = (sent.phase, sent.direction);
            self.report.failed = Some(StepFailure { id, label, phase, direction, after, took });
        }
        self.context.tell(&Event::RunFailed { steps, took, why: &why });
    }

    /// When the server began with it, of all it has to do next. It was sent together with those before it, perhaps, and
    /// its answer came with theirs.
    fn began_after(&self, sent: Option<&Sent>) -> Duration {
        let before = self.report.steps.last().map_or(Duration::ZERO, |last| last.after + last.took);
        let sent = sent.map_or(Duration::ZERO, |sent| sent.since.saturating_duration_since(self.began));
        before.max(sent)
    }
}
