//! What goes on during a run, as it does: lines in a log, bars on a terminal.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use upshift::{Direction, Event, Migrator, Observer, StepAt, human};

use super::{Telling, Terminal, complain};
use crate::words::Called;

/// The migrator, with somebody who tells what goes on, where anybody wants to know.
pub(crate) fn told(migrator: Migrator, terminal: &Terminal) -> Migrator {
    match terminal.telling() {
        Telling::Nothing => migrator,
        Telling::Lines => migrator.observer(Lines::of(terminal.called())),
        Telling::Bars => migrator.observer(Bars::new()),
    }
}

/// The line that an event is worth in a log. A step that is done stands in the report.
fn line(event: &Event<'_>) -> Option<String> {
    let text = match event {
        Event::Waiting { waited } if waited.is_zero() => "waiting for another migrator".to_owned(),
        Event::Waiting { waited } => format!("waiting for another migrator, for {} s now", waited.as_secs()),
        Event::Blocked { step, by } => {
            let who: Vec<String> = by.iter().map(|it| format!("\n  in the way: {it}")).collect();
            format!("{} waits for locks{}", step.label, who.join(""))
        }
        Event::Retrying { step, pause, why } => {
            format!("{} is tried again in {}: {why}", step.label, human(*pause))
        }
        Event::SentAgain { step: StepAt { label, .. }, statement: Some(statement) } => {
            format!("{label}: statement {statement} is sent again; the connection was lost beside it")
        }
        Event::SentAgain { step: StepAt { label, .. }, statement: None } => {
            format!("{label} is run again; the connection was lost beside it")
        }
        Event::InvalidIndexDropped { index } => {
            format!("dropped the invalid index {index} of an earlier try")
        }
        Event::BatchTriedAgain { step: StepAt { label, .. }, next, why } => {
            format!("{label}: a batch is tried again with {next} rows: {why}")
        }
        Event::BackfillHeld { step: StepAt { label, .. }, pause, why } => {
            format!("{label} holds for {}: {why}", human(*pause))
        }
        Event::Gate { label, verdict, .. } => format!("{label}: {verdict}"),
        Event::DutyFailed { why, pause } => format!("{why}; tried again in {}", human(*pause)),
        Event::Shadow { switch, why } => format!("switch {switch}: {why}"),
        _ => return None,
    };
    Some(text)
}

/// Whose turn it is. Several steps are sent at once, and the server does one after the other.
#[derive(Default)]
struct Turns {
    sent: Mutex<VecDeque<String>>,
}

impl Turns {
    /// What is being done now, where this event makes that another thing.
    fn now(&self, event: &Event<'_>) -> Option<String> {
        let mut sent = self.sent.lock().unwrap_or_else(PoisonError::into_inner);
        match event {
            Event::StepStarted { step: StepAt { label, direction, .. } } => {
                let text = format!("{} {label}", verb(*direction));
                if sent.contains(&text) {
                    return None;
                }
                sent.push_back(text);
                (sent.len() == 1).then(|| sent.front().cloned()).flatten()
            }
            // What a run that failed had sent is nobody's turn any more.
            Event::RunStarted { .. } => {
                sent.clear();
                None
            }
            Event::StepFinished { .. } => {
                sent.pop_front();
                sent.front().cloned()
            }
            _ => None,
        }
    }
}

/// Line by line; of a wait one line at first, and then one every ten seconds.
struct Lines {
    called: Called,
    turns: Turns,
    /// The second of the last word about a wait, and one.
    waited: AtomicU64,
}

impl Lines {
    fn of(called: &Called) -> Lines {
        Lines { called: called.clone(), turns: Turns::default(), waited: AtomicU64::default() }
    }

    fn is_worth_a_line(&self, event: &Event<'_>) -> bool {
        let Event::Waiting { waited } = event else { return true };
        let tens = waited.as_secs() / 10 + 1;
        self.waited.fetch_max(tens, Ordering::Relaxed) < tens
    }
}

impl Observer for Lines {
    fn event(&self, event: &Event<'_>) {
        if let Some(now) = self.turns.now(event) {
            complain(&now, &self.called);
        }
        if let Some(line) = line(event).filter(|_| self.is_worth_a_line(event)) {
            complain(&line, &self.called);
        }
    }
}

fn verb(direction: Direction) -> &'static str {
    match direction {
        Direction::Up => "applying ",
        Direction::Down => "reverting",
    }
}

/// One bar for the run; its message is what is being done. Drawn at most ten times a second.
struct Bars {
    bar: ProgressBar,
    turns: Turns,
    /// Rows of the backfill at hand.
    rows: Mutex<u64>,
}

impl Bars {
    fn new() -> Bars {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr_with_hz(10));
        let style = ProgressStyle::with_template("{spinner} {pos}/{len} {bar:24} {elapsed} {wide_msg}");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        Bars { bar, turns: Turns::default(), rows: Mutex::new(0) }
    }

    fn rows(&self, more: u64) -> u64 {
        let mut rows = self.rows.lock().unwrap_or_else(PoisonError::into_inner);
        *rows += more;
        *rows
    }
}

impl Observer for Bars {
    fn event(&self, event: &Event<'_>) {
        if let Some(now) = self.turns.now(event) {
            *self.rows.lock().unwrap_or_else(PoisonError::into_inner) = 0;
            self.bar.set_message(now.replace("  ", " "));
        }
        match event {
            Event::StepStarted { .. } => {}
            Event::RunStarted { steps } => {
                self.bar.set_length(u64::try_from(*steps).unwrap_or(u64::MAX));
                self.bar.enable_steady_tick(Duration::from_millis(100));
            }
            Event::StatementFinished { step: StepAt { label, .. }, done, of } => {
                self.bar.set_message(format!("{label}: statement {done} of {of}"));
            }
            Event::BatchFinished { step: StepAt { label, .. }, rows, next, .. } => {
                let all = self.rows(*rows);
                self.bar.set_message(format!("{label}: {all} rows, batches of {next}"));
            }
            Event::StepFinished { .. } => self.bar.inc(1),
            Event::RunFinished { .. } | Event::RunFailed { .. } => self.bar.finish_and_clear(),
            other => {
                // A wait moves: it is the bar's own word.
                match (line(other), other) {
                    (Some(line), Event::Waiting { .. }) => self.bar.set_message(line),
                    (Some(line), _) => self.bar.println(line),
                    (None, _) => {}
                }
            }
        }
    }
}

impl Drop for Bars {
    /// A run that failed has no last event.
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
