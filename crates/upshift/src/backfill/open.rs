//! A worker comes to a backfill: what it is over, what the books say, and beginning them where there are none.

use std::time::Duration;

use tokio_postgres::Client;
use tokio_postgres::types::{ToSql, Type};

use super::book::{Book, BookState};
use super::size::Size;
use super::table::{Table, Way};
use super::{Asking, Broken, Work};
use crate::answer::to_the_end;
use crate::backoff::Backoff;
use crate::context::Context;
use crate::error::{Error, Failure, Stopped};
use crate::facts::{Facts, read_begun};
use crate::history::backfill as sql;
use crate::plan::messages::queries;
use crate::plan::{BatchBody, Purpose, Renumbered, Step, renumbered};
use crate::settings::milliseconds;

/// Who begins: nobody is asked whether a failed backfill may go on when a person applies it by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Caller {
    Background,
    Up,
}

impl<'w> Work<'w> {
    /// Comes to a backfill with a connection that nobody else uses, and begins its books where there are none.
    ///
    /// `told` is the process id that the connection was told of at its start.
    pub(crate) async fn open(
        context: &'w Context,
        client: &'w Client,
        told: Option<i32>,
        step: &'w Step,
        caller: Caller,
    ) -> Result<Work<'w>, Broken> {
        let stopped = |why| Broken::Ours(Error::backfill_stopped(&step.label, why));
        let (Some(batched), Some(version)) = (step.batched(), step.version()) else {
            return Err(stopped(Stopped::NotInBatches));
        };
        let code = context.backfills.get(&version).cloned();
        if matches!(batched.body, BatchBody::Code) && code.is_none() {
            return Err(stopped(Stopped::NoCode));
        }
        let table = Table::read(context, client, step, batched).await?;
        let policy = &context.settings().backfill;
        let mut work = Work {
            context,
            client,
            step,
            batched,
            version,
            size: Size::new(&batched.header, policy),
            worker: worker(context, table.pid),
            code,
            pid: told.filter(|told| *told == table.pid),
            table,
            asked: None,
            asking: Asking::Answered,
            stuck: None,
            failures: 0,
        };
        if let Some(book) = work.book().await?
            && work.goes_on(&book, caller).await?
        {
            return Ok(work);
        }
        work.refuse_to_begin_twice().await?;
        work.begin_when_free(caller).await?;
        Ok(work)
    }

    /// Its rows may be half done under the number that it had before.
    async fn refuse_to_begin_twice(&self) -> Result<(), Broken> {
        let set = self.context.set()?;
        let (client, tables) = (self.client, self.context.tables());
        let (facts, begun) = (Facts::read(client, tables).await?, read_begun(client, tables).await?);
        match renumbered(&set, facts.history(), &begun).into_values().find(|it| it.is == self.version) {
            Some(Renumbered { was, .. }) => Err(Broken::Ours(Error::backfill_stopped(
                &self.step.label,
                Stopped::Elsewhere { version: was },
            ))),
            None => Ok(()),
        }
    }

    /// Whether it goes on where these books say; otherwise they are gone now.
    async fn goes_on(&mut self, book: &Book, caller: Caller) -> Result<bool, Broken> {
        let stopped = |why| Broken::Ours(Error::backfill_stopped(&self.step.label, why));
        let is_same = book.checksum == self.checksum()
            && book.relation == self.table.relation
            && book.key == self.table.key_names();
        if !is_same {
            let cleared = self.ask("begin a backfill anew", sql::CLEAR_UNTOUCHED, &[]).await?;
            return if cleared.is_empty() { Err(stopped(Stopped::Changed)) } else { Ok(false) };
        }
        self.size.begin_with(book.batch);
        if caller == Caller::Background {
            return Ok(true);
        }
        match &book.state {
            BookState::Running | BookState::Finished => {}
            BookState::Paused(words) => return Err(stopped(Stopped::Paused { words: words.clone() })),
            BookState::Cancelled(words) => return Err(stopped(Stopped::Cancelled { words: words.clone() })),
            BookState::Failed(_) => {
                let values: [(&(dyn ToSql + Sync), Type); 3] = [
                    (&"running", Type::TEXT),
                    (&None::<String>, Type::TEXT),
                    (&["failed"].as_slice(), Type::TEXT_ARRAY),
                ];
                self.ask("go on with a backfill", sql::CHANGE_STATE, &values).await?;
            }
        }
        Ok(true)
    }

    /// Begins the books; an `up` tries again while somebody holds the table.
    async fn begin_when_free(&self, caller: Caller) -> Result<(), Broken> {
        let budget = match caller {
            Caller::Up => self.context.settings().timeouts.retry,
            Caller::Background => Duration::ZERO,
        };
        let mut backoff = Backoff::new(budget, Duration::from_millis(100), Duration::from_secs(10));
        loop {
            match self.begin_books().await {
                Err(Broken::Ours(error)) if error.is_lock_timeout() => match backoff.pause() {
                    Some(pause) => tokio::time::sleep(pause).await,
                    None => return Err(error.into()),
                },
                other => return other,
            }
        }
    }

    /// Begins the books: the upper bound is fixed here, and the guard was true.
    async fn begin_books(&self) -> Result<(), Broken> {
        for query in queries(self.step.guard.as_ref(), Purpose::Guard) {
            if let Err(cause) = to_the_end(self.client, &query.sql, |_| {}).await {
                let failure = Failure::at_message(self.step, query.purpose, cause);
                return Err(Broken::Migration(Box::new(failure)));
            }
        }
        let broken = |cause| Broken::Ours(Error::database("begin a backfill", cause));
        let (number, rows) = (self.number(), i64::try_from(self.size.rows()).unwrap_or(i64::MAX));
        let (key, checksum) = (self.table.key_names(), self.checksum());
        let begun = async {
            let lock = milliseconds(self.context.settings().timeouts.lock);
            let begin = format!(
                "begin isolation level read committed; set local lock_timeout = {lock};{}",
                self.table.spelling()
            );
            self.client.batch_execute(&begin).await?;
            let estimate = self.estimate().await?;
            let values: [(&(dyn ToSql + Sync), Type); 7] = [
                (&number, Type::INT8),
                (&self.step.name, Type::TEXT),
                (&self.table.relation, Type::TEXT),
                (&key, Type::TEXT_ARRAY),
                (&checksum, Type::TEXT),
                (&estimate, Type::INT8),
                (&rows, Type::INT8),
            ];
            let begun = self.client.query_typed(&self.table.books.begin, &values).await?;
            if let (Way::Pages, [_, ..]) = (&self.table.way, begun.as_slice()) {
                self.write_pages().await?;
            }
            self.client.batch_execute("commit").await
        };
        if let Err(cause) = begun.await {
            self.roll_back().await;
            return Err(broken(cause));
        }
        Ok(())
    }

    /// About how many rows the table has: what the planner thinks, which looks at its size besides the statistics.
    async fn estimate(&self) -> Result<i64, tokio_postgres::Error> {
        let explain = format!("explain select from {}", self.table.relation);
        let rows = self.client.query_typed(&explain, &[]).await?;
        let line: Option<String> = rows.first().map(|row| row.try_get(0)).transpose()?;
        let number = line.as_deref().and_then(|line| line.split_once("rows=")).map(|(_, rest)| rest);
        let digits = number.map(|rest| rest.split(|c: char| !c.is_ascii_digit()).next().unwrap_or(""));
        Ok(digits.and_then(|digits| digits.parse().ok()).unwrap_or(0))
    }

    pub(super) fn checksum(&self) -> String {
        self.step.texts.up_checksum.map(|checksum| checksum.to_string()).unwrap_or_default()
    }
}

/// Who this is, for a person who asks who works on it.
fn worker(context: &Context, pid: i32) -> String {
    let identity = &context.settings().identity;
    let known = [&identity.service, &identity.release, &identity.host];
    let mut words: Vec<String> = known.into_iter().flatten().cloned().collect();
    words.push(format!("pid {pid}"));
    words.join(" ")
}
