//! What a call did.

use std::fmt;
use std::time::Duration;

use time::OffsetDateTime;
use upshift_files::{MigrationId, Phase};

use crate::plan::{Blocked, Direction, Note};

/// What a call did: every migration it applied or reverted, what is blocked, how long it took.
///
/// `Display` is what a service prints at boot.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Report {
    /// When the call began, by this process's clock.
    pub began: OffsetDateTime,
    /// What was done, in order.
    pub steps: Vec<StepReport>,
    /// What failed, behind them.
    pub failed: Option<StepFailure>,
    /// What is pending and was not done, and why.
    pub blocked: Vec<Blocked>,
    /// What a person should know.
    pub notes: Vec<Note>,
    /// How long the call took, waiting included.
    pub took: Duration,
    /// How long it waited for another migrator.
    pub waited: Duration,
}

/// One migration that was applied or reverted.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct StepReport {
    /// Which.
    pub id: MigrationId,
    /// What a person calls it.
    pub label: String,
    /// Its phase.
    pub phase: Phase,
    /// Which way.
    pub direction: Direction,
    /// How long after the call began the server began with it, as far as this process can tell.
    pub after: Duration,
    /// How long it took on the server, by the server's clock.
    pub took: Duration,
    /// How often it was tried again because of a lock timeout or a deadlock.
    pub retries: u32,
}

/// The migration that failed. Why is in the error that this report comes with.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct StepFailure {
    /// Which.
    pub id: MigrationId,
    /// What a person calls it.
    pub label: String,
    /// Its phase.
    pub phase: Phase,
    /// Which way.
    pub direction: Direction,
    /// How long after the call began the server began with it, the last time if it was tried several times, as far as
    /// this process can tell.
    pub after: Duration,
    /// How long after that it had failed.
    pub took: Duration,
}

impl Report {
    pub(crate) fn nothing_to_do(took: Duration) -> Report {
        let (began, waited) = (OffsetDateTime::now_utc() - took, Duration::ZERO);
        Report {
            began,
            steps: Vec::new(),
            failed: None,
            blocked: Vec::new(),
            notes: Vec::new(),
            took,
            waited,
        }
    }

    /// The steps began so much later than was written down: behind what the call did before them.
    pub(crate) fn later(&mut self, by: Duration) {
        self.steps.iter_mut().for_each(|step| step.after += by);
        self.failed.iter_mut().for_each(|step| step.after += by);
    }

    /// Adds what a second call did, which began when this one was over: what is blocked now is what that one says.
    pub fn go_on(&mut self, second: &Report) {
        let mut second = second.clone();
        second.later(self.took);
        self.steps.append(&mut second.steps);
        self.failed = second.failed;
        self.notes.append(&mut second.notes);
        self.blocked = second.blocked;
        self.took += second.took;
        self.waited += second.waited;
    }

    /// Whether nothing was done.
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }
}

/// A duration as a person reads it: `3 ms`, `1.25 s`, `2 min 5 s`, `3 h 20 min`, `7 d 2 h`.
pub fn human(took: Duration) -> String {
    let ms = took.as_millis();
    match ms {
        0 => "under 1 ms".to_owned(),
        1..=999 => format!("{ms} ms"),
        1_000..=59_999 => format!("{:.2} s", took.as_secs_f64()),
        60_000..=3_599_999 => format!("{} min {} s", took.as_secs() / 60, took.as_secs() % 60),
        3_600_000..=86_399_999 => format!("{} h {} min", took.as_secs() / 3600, took.as_secs() / 60 % 60),
        _ => format!("{} d {} h", took.as_secs() / 86_400, took.as_secs() / 3600 % 24),
    }
}

/// A time as a person reads it, to the second.
pub fn utc(at: OffsetDateTime) -> String {
    let at = at.to_offset(time::UtcOffset::UTC);
    let (date, clock) = (at.date(), at.time());
    format!(
        "{:04}-{:02}-{:02} {:02}:{:02}:{:02} UTC",
        date.year(),
        u8::from(date.month()),
        date.day(),
        clock.hour(),
        clock.minute(),
        clock.second()
    )
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let widest = self.steps.iter().map(|step| step.label.chars().count()).max().unwrap_or(0);
        for step in &self.steps {
            let verb = match step.direction {
                Direction::Up => "applied ",
                Direction::Down => "reverted",
            };
            write!(f, "{verb} {:widest$}  {:>10}", step.label, human(step.took))?;
            match step.retries {
                0 => writeln!(f)?,
                1 => writeln!(f, "  (tried twice)")?,
                more => writeln!(f, "  (tried {} times)", more + 1)?,
            }
        }
        for blocked in &self.blocked {
            writeln!(f, "blocked  {}: {}", blocked.label, blocked.by)?;
        }
        for note in &self.notes {
            writeln!(f, "note: {note}")?;
        }
        let migrations = |count: usize| if count == 1 { "migration" } else { "migrations" };
        match self.steps.len() {
            0 => write!(f, "nothing to do, in {}", human(self.took))?,
            count => write!(f, "{count} {} in {}", migrations(count), human(self.took))?,
        }
        match self.waited.as_millis() {
            0 => Ok(()),
            _ => write!(f, ", {} of it waiting for another migrator", human(self.waited)),
        }
    }
}
