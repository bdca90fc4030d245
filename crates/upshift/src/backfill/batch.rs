//! One batch: two round trips, and no lock on a row is held while the client is waited for.
//!
//! The first takes a range and finds where its next batch ends; the second does the rows, moves the range's beginning
//! behind them and commits, all on its way at once. Rust code is between the two, and keeps its locks as long as it takes.

use std::time::{Duration, Instant};

use futures_util::future::{OptionFuture, join, join3, join4};
use tokio_postgres::Row;
use tokio_postgres::types::{ToSql, Type};

use super::book::Book;
use super::health::{Health, Hold};
use super::table::{Opening, PLAN_BY_INDEX, Way};
use super::{ASK_EVERY, Asking, Work};
use crate::around::{self, first_of};
use crate::code::StepContext;
use crate::error::{Error, Failure, Stopped};
use crate::event::Around;
use crate::history::backfill as sql;
use crate::plan::{Purpose, Sent};
use crate::session;
use crate::settings::milliseconds;
use crate::watch::Watch;

/// What came of an attempt.
pub(super) enum Turn {
    Done(Done),
    /// There is no range that is free, or none may be taken.
    Nothing(Book),
    /// There are no books any more, or those of another text.
    Gone,
    /// It must not go on just now.
    Unwell(Hold, Book),
}

/// A batch that was committed.
pub(super) struct Done {
    /// Rows it went over.
    pub(super) rows: u64,
    /// Rows it was to have.
    pub(super) asked: u64,
    /// Whether it was the rest of its range.
    pub(super) is_rest: bool,
    pub(super) changed: u64,
    /// Its transaction, by the server's clock, without COMMIT.
    pub(super) took: Duration,
    pub(super) health: Health,
    pub(super) book: Book,
}

/// What went wrong with an attempt.
pub(super) enum Trouble {
    Migration(Box<Failure>),
    Ours(Error),
}

impl From<Error> for Trouble {
    fn from(error: Error) -> Trouble {
        Trouble::Ours(error)
    }
}

/// A range that is ours until the end of the transaction, and what of it is next.
struct Taken {
    id: i64,
    partition: Option<String>,
    opening: Opening,
    from: Vec<String>,
    to: Vec<String>,
    rows: u64,
    rest: Rest,
}

/// Whether a range has rows behind this batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rest {
    Left,
    Nothing,
}

/// How long the server keeps a transaction open that nobody comes back to.
const LONGEST_IDLE: Duration = Duration::from_secs(10);

impl Work<'_> {
    /// Does the next batch of a range that is free.
    pub(super) async fn batch(&mut self) -> Result<Turn, Trouble> {
        let number = self.number();
        let offset = i64::try_from(self.size.rows() - 1).unwrap_or(i64::MAX);
        let begin = format!("{} {PLAN_BY_INDEX}", self.begin());
        let values: [(&(dyn ToSql + Sync), Type); 2] = [(&number, Type::INT8), (&offset, Type::INT8)];
        let is_due =
            self.asking == Asking::Answered && self.asked.is_none_or(|asked| asked.elapsed() >= ASK_EVERY);
        let ask = || OptionFuture::from(is_due.then(|| Health::read(self.client, &self.table.relations)));
        // Behind a pooler nothing is asked behind a question that ends a transaction, and this is one of its own.
        let early =
            if self.pid.is_none() { session::in_transaction(self.client, ask()).await.1 } else { None };
        let late = OptionFuture::from(self.pid.map(|_| ask()));
        let taken = self.client.query_typed(&self.table.books.take, &values);
        let (late, begun, taken) = join3(late, self.client.batch_execute(&begin), taken).await;
        let health = self.answered(early.or(late.flatten()));
        let row = match (begun, taken) {
            (Ok(()), Ok(rows)) => rows.into_iter().next(),
            (Err(cause), _) | (_, Err(cause)) => return Err(self.rolled_back(cause).await),
        };
        let reading = |cause| Error::database("read the books of a backfill", cause);
        let Some(row) = row else {
            self.roll_back().await;
            return Ok(Turn::Gone);
        };
        let book = Book::of(&row).map_err(reading)?;
        if book.checksum != self.checksum() {
            // Another release goes on with another text: ours is over.
            self.roll_back().await;
            return Ok(Turn::Gone);
        }
        let hold = health.hold(self.policy());
        let taken = self.taken(&row, &book).map_err(reading)?;
        match (taken, hold) {
            (None, _) => {
                self.roll_back().await;
                Ok(Turn::Nothing(book))
            }
            (Some(_), Some(hold)) => {
                self.roll_back().await;
                Ok(Turn::Unwell(hold, book))
            }
            (Some(taken), None) => self.work(taken, book).await.map(Turn::Done),
        }
    }

    /// What the server said of how it bears it; nothing holds a backfill up that it would not say.
    fn answered(&mut self, said: Option<Result<Health, tokio_postgres::Error>>) -> Health {
        if said.is_some() {
            self.asked = Some(Instant::now());
        }
        match said.transpose() {
            Ok(health) => health.unwrap_or_default(),
            Err(cause) => {
                tracing::debug!(%cause, "the server does not tell how far replicas and archive are");
                self.asking = Asking::Refused;
                Health::default()
            }
        }
    }

    /// BEGIN with the limits of a batch, and what spells the key's values alike everywhere.
    pub(super) fn begin(&self) -> String {
        let policy = self.policy();
        let lock = self.step.lock_timeout.unwrap_or(policy.lock);
        let statement = self.step.statement_timeout.unwrap_or(policy.statement);
        format!(
            "begin isolation level read committed; set local lock_timeout = {}; set local statement_timeout = {}; \
             set local idle_in_transaction_session_timeout = {};{}",
            milliseconds(lock),
            milliseconds(statement),
            milliseconds(LONGEST_IDLE),
            self.table.spelling()
        )
    }

    /// Does the rows of a range that was taken, and commits.
    async fn work(&self, taken: Taken, book: Book) -> Result<Done, Trouble> {
        let bounds = self.table.bounds(taken.opening, taken.partition.as_deref());
        let (changed, took, waiting) = match self.batched.sent(&bounds) {
            Some(sent) => self.statement(&taken, &sent).await?,
            None => self.code(&taken).await?,
        };
        let health = Health { waiting_sessions: waiting, ..Health::default() };
        let (rows, asked, is_rest) = (taken.rows, self.size.rows(), taken.rest == Rest::Nothing);
        Ok(Done { rows, asked, is_rest, changed, took, health, book })
    }

    async fn statement(&self, taken: &Taken, sent: &Sent) -> Result<(u64, Duration, u64), Trouble> {
        let parts = taken.from.iter().chain(&taken.to);
        let values: Vec<(&(dyn ToSql + Sync), Type)> = parts.map(|part| (part as _, Type::TEXT)).collect();
        // Before a lock timeout, and behind the end of what was not held up: looking costs a connection.
        let watch = Watch::new(self.context, self.pid, self.policy().lock.mul_f64(0.9));
        if self.context.statement_hooks().is_some() {
            return self.watched(taken, sent, &values).await;
        }
        let statement = Box::pin(self.client.execute_typed(&sent.text, &values));
        let (freely, changed, recorded, committed) = join4(
            self.client.batch_execute(&self.table.plan_freely),
            watch.over(self.step.at(), &sent.text, statement),
            self.record(taken),
            self.client.batch_execute("commit"),
        )
        .await;
        if let Err(cause) = freely {
            return Err(self.failure(Purpose::Begin, cause));
        }
        let changed = changed.map_err(|cause| {
            let mut failure = Failure::in_batch(self.step, sent, cause);
            failure.blame(watch.seen());
            Trouble::Migration(Box::new(failure))
        })?;
        let (took, waiting) = recorded.map_err(|cause| self.failure(Purpose::Books, cause))?;
        committed.map_err(|cause| self.failure(Purpose::Commit, cause))?;
        Ok((changed, took, waiting))
    }

    /// Does the rows with the code of the service around the statement.
    async fn watched(
        &self,
        taken: &Taken,
        sent: &Sent,
        values: &[(&(dyn ToSql + Sync), Type)],
    ) -> Result<(u64, Duration, u64), Trouble> {
        if let Err(cause) = self.client.batch_execute(&self.table.plan_freely).await {
            return Err(self.failure(Purpose::Begin, cause));
        }
        let at = first_of(self.step, Some(&sent.text), Around::Transaction);
        around::before(self.context, self.client, &at).await?;
        let changed = match self.client.execute_typed(&sent.text, values).await {
            Ok(changed) => changed,
            Err(cause) => {
                self.roll_back().await;
                return Err(Trouble::Migration(Box::new(Failure::in_batch(self.step, sent, cause))));
            }
        };
        around::after(self.context, self.client, &at).await?;
        let (recorded, committed) = join(self.record(taken), self.client.batch_execute("commit")).await;
        let (took, waiting) = recorded.map_err(|cause| self.failure(Purpose::Books, cause))?;
        committed.map_err(|cause| self.failure(Purpose::Commit, cause))?;
        around::ended(self.context, self.client, self.step).await?;
        Ok((changed, took, waiting))
    }

    /// Has Rust code do the rows, and proves that it has left the transaction as it was.
    async fn code(&self, taken: &Taken) -> Result<(u64, Duration, u64), Trouble> {
        let Some(code) = &self.code else {
            self.roll_back().await;
            return Err(Error::backfill_stopped(&self.step.label, Stopped::NoCode).into());
        };
        let range = self.table.range(taken.opening, taken.partition.as_deref(), &taken.from, &taken.to);
        let freely = format!("{} savepoint upshift_code", self.table.plan_freely);
        if let Err(cause) = self.client.batch_execute(&freely).await {
            return Err(self.rolled_back(cause).await);
        }
        let mut context = StepContext::new(self.client, Some(self.version));
        let changed = match code.batch(&range, &mut context).await {
            Ok(changed) => changed,
            Err(cause) => {
                self.roll_back().await;
                return Err(Trouble::Migration(Box::new(Failure::in_code(self.step, cause))));
            }
        };
        // Fails when the code has ended the transaction, or has gone on after an error of the server.
        let released = self.client.batch_execute("release savepoint upshift_code").await;
        if let Err(cause) = released {
            self.roll_back().await;
            return Err(self.failure(Purpose::Release, cause));
        }
        let (recorded, committed) = join(self.record(taken), self.client.batch_execute("commit")).await;
        let (took, waiting) = recorded.map_err(|cause| self.failure(Purpose::Books, cause))?;
        committed.map_err(|cause| self.failure(Purpose::Commit, cause))?;
        Ok((changed, took, waiting))
    }

    /// Moves the beginning of the range behind the batch; how long it took, and how many sessions wait for us.
    async fn record(&self, taken: &Taken) -> Result<(Duration, u64), tokio_postgres::Error> {
        let (number, rows) = (self.number(), i64::try_from(taken.rows).unwrap_or(i64::MAX));
        let done = if taken.rest == Rest::Nothing { "done" } else { "open" };
        let values: [(&(dyn ToSql + Sync), Type); 6] = [
            (&number, Type::INT8),
            (&taken.id, Type::INT8),
            (&taken.to, Type::TEXT_ARRAY),
            (&rows, Type::INT8),
            (&self.worker, Type::TEXT),
            (&done, Type::TEXT),
        ];
        let sql = self.context.tables().sql(sql::RECORD_BATCH);
        let rows = self.client.query_typed(&sql, &values).await?;
        let Some(row) = rows.first() else { return Ok((Duration::ZERO, 0)) };
        let number = |column: &str| row.try_get::<_, i64>(column).map(|it| u64::try_from(it).unwrap_or(0));
        Ok((Duration::from_millis(number("spent_ms")?), number("waiting")?))
    }

    fn taken(&self, row: &Row, book: &Book) -> Result<Option<Taken>, tokio_postgres::Error> {
        let Some(id) = row.try_get::<_, Option<i64>>("id")? else { return Ok(None) };
        let (from, upto): (Vec<String>, Vec<String>) = (row.try_get("after")?, row.try_get("upto")?);
        let partition = row.try_get("relation")?;
        let opening = if row.try_get("opening")? { Opening::First } else { Opening::Later };
        let first = u64::from(opening == Opening::First);
        let (to, rows, rest) = match (&self.table.way, row.try_get::<_, Option<Vec<String>>>("boundary")?) {
            (Way::Pages, _) => self.next_pages(&from, &upto, book),
            (Way::Key(_), Some(boundary)) => {
                let rest = if boundary == upto { Rest::Nothing } else { Rest::Left };
                (boundary, self.size.rows() + first, rest)
            }
            (Way::Key(_), None) => {
                let rest: Option<i64> = row.try_get("rest")?;
                (upto, u64::try_from(rest.unwrap_or(0)).unwrap_or(0) + first, Rest::Nothing)
            }
        };
        Ok(Some(Taken { id, partition, opening, from, to, rows, rest }))
    }

    /// The next pages of a range, about as many as have the rows of a batch: up to which, and how many rows.
    fn next_pages(&self, from: &[String], upto: &[String], book: &Book) -> (Vec<String>, u64, Rest) {
        let page = |text: &[String]| text.first().and_then(|it| it.parse::<u64>().ok()).unwrap_or(0);
        let (first, last) = (page(from), page(upto));
        let next = last.min(first.saturating_add(self.table.pages_of(self.size.rows(), book.estimate)));
        let rest = if next < last { Rest::Left } else { Rest::Nothing };
        (vec![next.to_string()], self.table.rows_on(next.saturating_sub(first), book.estimate), rest)
    }

    /// Cuts the next range off the rest of the table.
    pub(super) async fn cut(&mut self) -> Result<(), Trouble> {
        let number = self.number();
        let rows = i64::try_from(self.size.rows()).unwrap_or(i64::MAX);
        let offset = rows.saturating_mul(BATCHES_A_RANGE) - 1;
        let begin = format!("{} {PLAN_BY_INDEX}", self.begin());
        let hold = self.context.tables().sql(sql::HOLD_BOOK);
        let just_number: [(&(dyn ToSql + Sync), Type); 1] = [(&number, Type::INT8)];
        let values: [(&(dyn ToSql + Sync), Type); 3] =
            [(&number, Type::INT8), (&offset, Type::INT8), (&rows, Type::INT8)];
        let (begun, held, cut, committed) = join4(
            self.client.batch_execute(&begin),
            self.client.query_typed(&hold, &just_number),
            self.client.execute_typed(&self.table.books.cut, &values),
            self.client.batch_execute("commit"),
        )
        .await;
        let outcome = begun.and(held.map(|_| ())).and(cut.map(|_| ())).and(committed);
        outcome.map_err(|cause| self.failure(Purpose::Books, cause))
    }

    pub(super) fn failure(&self, purpose: Purpose, cause: tokio_postgres::Error) -> Trouble {
        Trouble::Migration(Box::new(Failure::at_message(self.step, purpose, cause)))
    }

    async fn rolled_back(&self, cause: tokio_postgres::Error) -> Trouble {
        self.roll_back().await;
        self.failure(Purpose::Books, cause)
    }

    pub(super) async fn roll_back(&self) {
        let rolled_back = self.client.batch_execute("rollback").await;
        tracing::debug!(?rolled_back, "rolled back a batch");
    }
}

/// A range is so many batches, so that the book itself is written seldom.
const BATCHES_A_RANGE: i64 = 8;
