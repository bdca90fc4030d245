//! The books of a backfill: what they say, and what is written into them beside the batches.

use std::time::Duration;

use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Client, Row};
use upshift_files::{MigrationSet, Version};

use super::{Broken, Work};
use crate::error::Error;
use crate::history::backfill as sql;
use crate::history::sql::Tables;
use crate::progress::{BackfillProgress, BackfillState};

/// What the books say of a backfill.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Book {
    pub(super) state: BookState,
    /// Whether every range was cut off.
    pub(super) drained: bool,
    pub(super) relation: String,
    pub(super) key: Vec<String>,
    pub(super) checksum: String,
    /// Why it holds, and for how long still.
    pub(super) held: Option<(String, Duration)>,
    /// How often in a row it has held.
    pub(super) holds: u32,
    pub(super) pass: i32,
    pub(super) batch: u64,
    pub(super) estimate: u64,
}

/// The state, with what was said of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum BookState {
    Running,
    Paused(String),
    Cancelled(String),
    Failed(String),
    Finished,
}

impl Book {
    pub(super) fn of(row: &Row) -> Result<Book, tokio_postgres::Error> {
        let state: &str = row.try_get("state")?;
        let words = row.try_get::<_, Option<String>>("words")?.unwrap_or_default();
        let number = |column: &str| row.try_get::<_, i64>(column).map(|it| u64::try_from(it).unwrap_or(0));
        let left = Duration::from_millis(number("held_ms")?);
        let held: Option<String> = row.try_get("held")?;
        Ok(Book {
            state: match state {
                "paused" => BookState::Paused(words),
                "cancelled" => BookState::Cancelled(words),
                "failed" => BookState::Failed(words),
                "finished" => BookState::Finished,
                _ => BookState::Running,
            },
            drained: row.try_get("drained")?,
            relation: row.try_get("over")?,
            key: row.try_get("over_key")?,
            checksum: row.try_get("checksum")?,
            held: held.filter(|_| !left.is_zero()).map(|why| (why, left)),
            holds: row.try_get::<_, i32>("holds").map(i32::unsigned_abs)?,
            pass: row.try_get("pass")?,
            batch: number("batch")?,
            estimate: number("estimate")?,
        })
    }
}

impl Work<'_> {
    /// The version as the tables have it; versions have 18 digits at most, so they fit.
    pub(super) fn number(&self) -> i64 {
        i64::try_from(self.version.number()).unwrap_or(i64::MAX)
    }

    /// The book; `None` where it has not begun.
    pub(super) async fn book(&self) -> Result<Option<Book>, Error> {
        let broken = |cause| Error::database("read the books of a backfill", cause);
        let rows = self.ask("read the books of a backfill", sql::READ_BOOK, &[]).await?;
        rows.first().map(|row| Book::of(row).map_err(broken)).transpose()
    }

    pub(super) async fn book_hold(&self, why: &str, pause: Duration) -> Result<(), Error> {
        let pause = i64::try_from(pause.as_millis()).unwrap_or(i64::MAX) as f64;
        self.ask("hold a backfill", sql::HOLD, &[(&why, Type::TEXT), (&pause, Type::FLOAT8)]).await?;
        Ok(())
    }

    pub(super) async fn book_unhold(&self) -> Result<(), Error> {
        self.ask("let a backfill go on", sql::UNHOLD, &[]).await?;
        Ok(())
    }

    /// Writes that a batch failed, so that nobody tries it over and over.
    pub(super) async fn book_failed(&self, words: &str) {
        let values: [(&(dyn ToSql + Sync), Type); 3] =
            [(&"failed", Type::TEXT), (&words, Type::TEXT), (&["running"].as_slice(), Type::TEXT_ARRAY)];
        // The error at hand is the one to tell.
        if let Err(error) = self.ask("write down that a batch failed", sql::CHANGE_STATE, &values).await {
            tracing::warn!(migration = %self.step.label, %error, "the failure of a batch could not be written down");
        }
    }

    /// Whether a range is left that is not done.
    pub(super) async fn is_left(&self) -> Result<bool, Error> {
        let rows = self.ask("read the books of a backfill", sql::IS_LEFT, &[]).await?;
        let is_left = rows.first().map(|row| row.try_get("is_left")).transpose();
        Ok(is_left.map_err(|cause| Error::database("read the books of a backfill", cause))?.unwrap_or(false))
    }

    /// Says that all is done; whether that is so.
    pub(super) async fn finish(&self, book: &Book) -> Result<bool, Broken> {
        let rows = self.ask("end a backfill", sql::FINISH, &[(&book.pass, Type::INT4)]).await?;
        if !rows.is_empty() {
            tracing::info!(migration = %self.step.label, "all rows of the backfill are done");
        }
        Ok(!rows.is_empty())
    }

    /// Asks something of which $1 is the version.
    pub(super) async fn ask(
        &self,
        doing: &'static str,
        text: &'static str,
        values: &[(&(dyn ToSql + Sync), Type)],
    ) -> Result<Vec<Row>, Error> {
        let number = self.number();
        let mut all: Vec<(&(dyn ToSql + Sync), Type)> = vec![(&number, Type::INT8)];
        all.extend(values.iter().cloned());
        let rows = self.client.query_typed(&self.context.tables().sql(text), &all).await;
        rows.map_err(|cause| Error::database(doing, cause))
    }
}

/// How far every backfill is that has begun and is not applied: one round trip. Those of this set with their rests.
pub(crate) async fn read_progress(
    client: &Client,
    tables: &Tables,
    set: Option<&MigrationSet>,
) -> Result<Vec<BackfillProgress>, Error> {
    let broken = |cause| Error::database("read how far backfills are", cause);
    let rows = client.query_typed(&tables.sql(sql::READ_PROGRESS), &[]).await.map_err(broken)?;
    let all = rows.iter().filter_map(|row| progress(row).transpose());
    let rested = |it: BackfillProgress| match set {
        Some(set) => it.rested(set),
        None => it,
    };
    all.map(|progress| progress.map(rested)).collect::<Result<_, _>>().map_err(broken)
}

fn progress(row: &Row) -> Result<Option<BackfillProgress>, tokio_postgres::Error> {
    let number = |column: &str| row.try_get::<_, i64>(column).map(|it| u64::try_from(it).unwrap_or(0));
    let Some(version) = Version::new(number("version")?) else { return Ok(None) };
    let words = row.try_get::<_, Option<String>>("words")?.unwrap_or_default();
    let held: Option<String> = row.try_get("held")?;
    let state = match (row.try_get("state")?, held) {
        ("paused", _) => BackfillState::Paused(words),
        ("cancelled", _) => BackfillState::Cancelled(words),
        ("failed", _) => BackfillState::Failed(words),
        ("finished", _) => BackfillState::Finished,
        (_, Some(why)) => BackfillState::Held(why),
        _ => BackfillState::Running,
    };
    let (rows, estimate, spent) = (number("rows")?, number("estimate")?, number("spent_ms")?);
    let workers: Vec<String> = row.try_get("workers")?;
    let alone = rows.saturating_mul(1_000).checked_div(spent).filter(|rate| *rate > 0);
    let rate = alone.map(|rate| rate.saturating_mul(workers.len().max(1) as u64));
    let left = rate.map(|rate| Duration::from_secs(estimate.saturating_sub(rows) / rate));
    Ok(Some(BackfillProgress {
        version,
        name: row.try_get("name")?,
        table: row.try_get("relation")?,
        state,
        rows,
        estimate,
        rate,
        left,
        workers,
        batch_rows: number("batch")?,
        started_at: row.try_get("started_at")?,
        finished_at: row.try_get("finished_at")?,
    }))
}
