//! How far a backfill is.

use std::fmt;
use std::time::Duration;

use time::OffsetDateTime;
use upshift_files::{MigrationSet, Version};

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
    /// About how long it will take, at that rate and with the rests of `pause=` between its batches.
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

impl BackfillProgress {
    /// The same with the rests in the time left that its migration takes between two batches.
    pub(crate) fn rested(self, set: &MigrationSet) -> BackfillProgress {
        let header = set.get(self.version).and_then(|it| it.header().backfill.as_ref());
        match header.and_then(|header| header.pause) {
            Some(pause) => BackfillProgress { left: self.left.map(|left| left + self.rests(pause)), ..self },
            None => self,
        }
    }

    /// Each worker rests for itself.
    fn rests(&self, pause: Duration) -> Duration {
        let batches = self.estimate.saturating_sub(self.rows).div_ceil(self.batch_rows.max(1));
        let each = batches / self.workers.len().max(1) as u64;
        pause.saturating_mul(u32::try_from(each).unwrap_or(u32::MAX))
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_left_has_the_rests_between_batches() {
        let fill = "-- upshift: phase backfill\n-- upshift: backfill table=t pause=2s\nupdate t set a = 1";
        let set = crate::source::Source::files([upshift_files::SourceFile::new("1_fill.sql", fill)]).set();
        let set = set.unwrap_or_else(|error| panic!("{error}"));
        let now = OffsetDateTime::UNIX_EPOCH;
        let one = BackfillProgress {
            version: Version::new(1).unwrap_or_else(|| panic!("1 is a version")),
            name: "fill".to_owned(),
            table: "t".to_owned(),
            state: BackfillState::Running,
            rows: 1_000,
            estimate: 11_000,
            rate: Some(1_000),
            left: Some(Duration::from_secs(10)),
            workers: vec!["a".to_owned()],
            batch_rows: 100,
            started_at: now,
            finished_at: None,
        };
        let two = BackfillProgress { workers: vec!["a".to_owned(), "b".to_owned()], ..one.clone() };
        let unknown = BackfillProgress { left: None, ..one.clone() };
        // 100 batches are left, each with 2 s behind it.
        assert_eq!(one.rested(&set).left, Some(Duration::from_secs(10 + 200)));
        assert_eq!(two.rested(&set).left, Some(Duration::from_secs(10 + 100)));
        assert_eq!(unknown.rested(&set).left, None);
    }
}
