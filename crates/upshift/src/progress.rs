//! How far a backfill is.

use std::fmt;
use std::time::Duration;

use time::OffsetDateTime;
use upshift_files::Version;

use crate::report::human;

/// How far a backfill is that has begun and is not applied yet.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct BackfillProgress {
    /// Which migration.
    pub version: Version,
    /// Its name.
    pub name: String,
    /// The table, with its schema.
    pub table: String,
    /// Where it stands.
    pub state: BackfillState,
    /// Rows it has gone over, whether they needed a change or not.
    pub rows: u64,
    /// About how many rows there were when it began, by the planner's estimate.
    pub estimate: u64,
    /// Rows a second, over all that work on it now, while they work.
    pub rate: Option<u64>,
    /// About how long it will take, at that rate.
    pub left: Option<Duration>,
    /// Who has done a batch in the last half minute.
    pub workers: Vec<String>,
    /// Rows of a batch when the last range was cut off.
    pub batch_rows: u64,
    /// When it began, by the database's clock.
    pub started_at: OffsetDateTime,
    /// When its last batch was done.
    pub finished_at: Option<OffsetDateTime>,
}

/// Where a backfill stands.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum BackfillState {
    /// It is at work, or waits for somebody who works on it.
    Running,
    /// It holds by itself, and goes on by itself; why.
    Held(String),
    /// An operator has paused it; who, and why.
    Paused(String),
    /// An operator has cancelled it; who, and why.
    Cancelled(String),
    /// A batch failed; of what.
    Failed(String),
    /// All rows are done. The migration is applied with the next `up` that names it, or by the fleet.
    Finished,
}

impl fmt::Display for BackfillState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            BackfillState::Running => f.write_str("running"),
            BackfillState::Held(why) => write!(f, "holds: {why}"),
            BackfillState::Paused(words) => write!(f, "paused {words}"),
            BackfillState::Cancelled(words) => write!(f, "cancelled {words}"),
            BackfillState::Failed(words) => write!(f, "failed: {words}"),
            BackfillState::Finished => f.write_str("all rows are done"),
        }
    }
}

impl fmt::Display for BackfillProgress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of about {} rows", self.rows, self.estimate.max(self.rows))?;
        if let Some(rate) = self.rate {
            write!(f, ", {rate}/s")?;
        }
        if let Some(left) = self.left.filter(|_| self.state == BackfillState::Running) {
            match left.as_secs() {
                secs @ 0..60 => write!(f, ", about {secs} s left")?,
                _ => write!(f, ", about {} left", human(left))?,
            }
        }
        write!(f, ", {}", self.state)
    }
}
