//! Backfills: the rows of a table, range by range, in short transactions, by whoever has time.
//!
//! The books say how far it is. A range is a part of the table that one worker at a time goes over; a batch is the
//! transaction in which the next rows of a range are done and the range's beginning is moved behind them. So every row
//! is done once, whoever dies, and whoever comes next goes on.
//!
//! What calls it: [`Work::open`] on a connection that is taken out of the pool, then [`Work::slice`] as often as there is
//! time. No migration lock is needed for that; `up` does the same under its lock and then ends the migration.

mod batch;
mod book;
mod catalog;
mod health;
mod open;
mod pages;
mod size;
mod table;

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio_postgres::Client;
use tracing::Instrument as _;
use upshift_files::Version;

use crate::code::Backfill;
use crate::context::Context;
use crate::error::{Error, Failure, Stopped};
use crate::event::Event;
use crate::plan::{Batched, Step};
use crate::settings::BackfillPolicy;
use crate::spans;

pub(crate) use book::read_progress;
pub(crate) use open::Caller;

use batch::{Done, Trouble, Turn};
use book::{Book, BookState};
use health::Hold;
use size::Size;
use table::Table;

/// How the time given to a backfill ended.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Worked {
    /// All rows are done: what is left is to apply the migration, which verifies it and writes the history.
    Finished,
    /// Rows are left.
    TimeIsUp,
    /// It is no longer this one's: another process has applied it, or it goes on, or began anew, with another text.
    Gone,
    /// Rows are left, and nothing was to be done just now; why.
    Held(String),
    /// An operator has paused it; who, and why.
    Paused(String),
    /// An operator has cancelled it; who, and why.
    Cancelled(String),
    /// A batch had failed before; of what.
    Failed(String),
}

/// For how long to work.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Patience {
    /// Until then; whatever holds it up may go on longer.
    Until(Instant),
    /// To the end, and no longer than this without a batch.
    ToTheEnd { stuck: Duration },
}

/// What went wrong.
#[derive(Debug)]
pub(crate) enum Broken {
    /// With the migration.
    Migration(Box<Failure>),
    /// With us.
    Ours(Error),
}

impl From<Error> for Broken {
    fn from(error: Error) -> Broken {
        Broken::Ours(error)
    }
}

/// One worker on one backfill.
pub(crate) struct Work<'w> {
    context: &'w Context,
    client: &'w Client,
    step: &'w Step,
    batched: &'w Batched,
    version: Version,
    table: Table,
    size: Size,
    worker: String,
    code: Option<Arc<dyn Backfill>>,
    /// The process that serves the connection; unknown behind a pooler.
    pid: Option<i32>,
    /// When the server was last asked how it bears it.
    asked: Option<Instant>,
    asking: Asking,
    /// Since when nothing was done, and why.
    stuck: Option<(Instant, String)>,
    /// How many attempts in a row have failed.
    failures: u32,
}

/// Whether the server tells how it bears it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Asking {
    Answered,
    /// It has refused: some that call themselves PostgreSQL do not know their own WAL.
    Refused,
}

/// How often the server is asked how it bears it.
const ASK_EVERY: Duration = Duration::from_secs(1);
/// Between two looks whether others are done with their ranges.
const LOOK_AGAIN: Duration = Duration::from_millis(50);
/// Between two attempts at a batch.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);
/// How often a batch of a single row may take longer than a statement may.
const SLOW_ROWS: u32 = 3;

impl Work<'_> {
    /// Works for so long.
    ///
    /// # Cancel safety
    /// Dropping it drops the batch at hand: its transaction ends with the connection, which is not to be used again.
    pub(crate) async fn slice(&mut self, patience: Patience) -> Result<Worked, Broken> {
        loop {
            if let Patience::Until(end) = patience
                && Instant::now() >= end
            {
                return Ok(self.stuck.take().map_or(Worked::TimeIsUp, |(_, why)| Worked::Held(why)));
            }
            let span = spans::batch(self.step);
            let turn = match self.batch().instrument(span).await {
                Ok(turn) => turn,
                Err(trouble) => {
                    self.failed(trouble, patience).await?;
                    continue;
                }
            };
            match turn {
                Turn::Done(done) => self.done(done, patience).await?,
                Turn::Gone => return Ok(Worked::Gone),
                Turn::Unwell(hold, book) => self.hold(&hold, &book, patience).await?,
                Turn::Nothing(book) => {
                    if let Some(worked) = self.without_range(&book, patience).await? {
                        return Ok(worked);
                    }
                }
            }
        }
    }

    fn policy(&self) -> &BackfillPolicy {
        &self.context.settings().backfill
    }

    /// A batch is done.
    async fn done(&mut self, done: Done, patience: Patience) -> Result<(), Broken> {
        (self.stuck, self.failures) = (None, 0);
        self.size.took(done.asked.min(done.rows), done.took);
        if done.is_rest && done.took < self.policy().batch {
            self.size.begin_with(done.asked);
        }
        let hold = done.health.hold(self.policy());
        if hold.is_some() {
            self.size.halve();
        }
        let (step, next) = (self.step.at(), self.size.rows());
        let Done { rows, changed, took, .. } = done;
        self.context.tell(&Event::BatchFinished { step, rows, changed, took, next });
        match hold {
            Some(hold) => self.hold(&hold, &done.book, patience).await?,
            None if done.book.holds > 0 => self.book_unhold().await?,
            None => {}
        }
        if let Some(pause) = self.batched.header.pause {
            self.sleep(pause, patience).await;
        }
        Ok(())
    }

    /// Holds for a while, and so do all others.
    async fn hold(&mut self, hold: &Hold, book: &Book, patience: Patience) -> Result<(), Broken> {
        let pause = health::pause(self.policy(), book.holds);
        let why = hold.to_string();
        tracing::info!(migration = %self.step.label, why, "backfill holds");
        self.context.tell(&Event::BackfillHeld { step: self.step.at(), pause, why: &why });
        self.book_hold(&why, pause).await?;
        // It is asked again before the next batch.
        self.asked = None;
        self.wait(pause, why, patience).await
    }

    /// There is no range to take.
    async fn without_range(&mut self, book: &Book, patience: Patience) -> Result<Option<Worked>, Broken> {
        match &book.state {
            BookState::Finished => return Ok(Some(Worked::Finished)),
            BookState::Paused(words) => return Ok(Some(Worked::Paused(words.clone()))),
            BookState::Cancelled(words) => return Ok(Some(Worked::Cancelled(words.clone()))),
            BookState::Failed(words) => return Ok(Some(Worked::Failed(words.clone()))),
            BookState::Running => {}
        }
        if let Some((why, left)) = &book.held {
            self.wait(*left, why.clone(), patience).await?;
            return Ok(None);
        }
        if !book.drained {
            if let Err(trouble) = self.cut().await {
                self.failed(trouble, patience).await?;
            }
            return Ok(None);
        }
        if self.is_left().await? {
            // Others are at the last ranges; should one of them die, its range is free.
            self.wait(LOOK_AGAIN, "others are at work on the last rows".to_owned(), patience).await?;
            return Ok(None);
        }
        if self.table.way.key().is_none() && !self.is_over(book).await? {
            return Ok(None);
        }
        Ok(self.finish(book).await?.then_some(Worked::Finished))
    }

    /// An attempt failed: tries again with fewer rows, or gives up.
    async fn failed(&mut self, trouble: Trouble, patience: Patience) -> Result<(), Broken> {
        let failure = match trouble {
            Trouble::Ours(error) => return Err(Broken::Ours(error)),
            Trouble::Migration(failure) => failure,
        };
        let state = failure.server.as_ref().and_then(|server| server.sqlstate());
        // lock_not_available, deadlock_detected, serialization_failure, query_canceled.
        let goes_away = matches!(state, Some("55P03" | "40P01" | "40001" | "57014"));
        let is_slow = state == Some("57014") && self.size.rows() == 1 && self.failures >= SLOW_ROWS;
        if failure.server.as_ref().is_some_and(|server| server.is_connection_lost()) {
            return Err(Broken::Migration(failure));
        }
        if !goes_away || is_slow {
            self.book_failed(&failure.words()).await;
            return Err(Broken::Migration(failure));
        }
        if let (Patience::ToTheEnd { stuck }, Some((since, _))) = (patience, &self.stuck)
            && since.elapsed() > stuck
        {
            return Err(Broken::Migration(failure));
        }
        self.size.halve();
        let why = failure.words();
        let pause = FIRST_PAUSE.saturating_mul(1 << self.failures.min(8)).min(LONGEST_PAUSE);
        self.failures += 1;
        tracing::debug!(migration = %self.step.label, why, rows = self.size.rows(), "batch tried again");
        let next = self.size.rows();
        self.context.tell(&Event::BatchTriedAgain { step: self.step.at(), next, why: &why });
        self.stuck = Some((self.stuck.take().map_or_else(Instant::now, |(since, _)| since), why));
        self.sleep(pause, patience).await;
        Ok(())
    }

    /// Waits, unless it has waited for too long already.
    async fn wait(&mut self, pause: Duration, why: String, patience: Patience) -> Result<(), Broken> {
        let since = self.stuck.take().map_or_else(Instant::now, |(since, _)| since);
        if let Patience::ToTheEnd { stuck } = patience
            && since.elapsed() > stuck
        {
            let held = since.elapsed();
            return Err(Error::backfill_stopped(&self.step.label, Stopped::Held { why, held }).into());
        }
        self.stuck = Some((since, why));
        self.sleep(pause, patience).await;
        Ok(())
    }

    /// Sleeps, at most as long as there is time.
    async fn sleep(&self, pause: Duration, patience: Patience) {
        let pause = match patience {
            Patience::Until(end) => pause.min(end.saturating_duration_since(Instant::now())),
            Patience::ToTheEnd { .. } => pause,
        };
        tokio::time::sleep(pause).await;
    }
}
