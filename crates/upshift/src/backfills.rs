//! Backfills beside the runs: working on them in the background, how far they are, and an operator's word.

use std::time::{Duration, Instant};

use tokio_postgres::types::{ToSql, Type};
use upshift_files::{MigrationSet, Version};

use crate::backfill::{Broken, Caller, Patience, Work, Worked, read_progress};
use crate::context::Here;
use crate::error::{Error, Stopped};
use crate::facts::is_untouched;
use crate::history::backfill as sql;
use crate::migrator::Migrator;
use crate::plan::{Entry, Plan, Step, Target, unknown_target};
use crate::progress::{BackfillProgress, BackfillState};
use crate::session::{self, Session};

/// What may be asked of backfills, without the migration lock.
///
/// A word of an operator is kept with the backfill, with who said it and why, and is shown by [`Backfills::progress`].
/// It is written into no audit row: those are chained under the lock, which a run may hold for as long as a backfill takes.
#[derive(Debug)]
pub struct Backfills<'m> {
    migrator: &'m Migrator,
}

impl Migrator {
    /// Backfills beside the runs.
    pub fn backfills(&self) -> Backfills<'_> {
        Backfills { migrator: self }
    }
}

impl Backfills<'_> {
    /// Works on a pending backfill for so long, or until all its rows are done.
    ///
    /// As many as want to may do this at the same time, in as many processes; [`crate::Migrator::up`] then finds the rows
    /// done, verifies and writes the history. Applies nothing itself, and does nothing while what it requires is not applied.
    ///
    /// # Locks
    /// No migration lock. Each batch locks its rows until it commits, about [`crate::BackfillPolicy::batch`] later.
    ///
    /// # Errors
    /// [`Error::stopped`] when it cannot be begun, [`Error::failure`] when a batch fails. What is done stays done.
    ///
    /// # Cancel safety
    /// Dropping the future closes the connection: the batch at hand rolls back, and whoever works next does it again.
    pub async fn work(&self, version: Version, time: Duration) -> Result<Worked, Error> {
        self.work_here(version, time).await
    }

    fn work_here(&self, version: Version, time: Duration) -> Here<'_, Worked> {
        Box::pin(async move {
            let end = Instant::now() + time;
            let context = &self.migrator.context;
            let (set, facts) = self.migrator.context.set_and_facts().await?;
            let target = Target::Only(vec![version]);
            let plan = Plan::up(&set, facts.history(), &context.up_request(&target))
                .map_err(|why| context.unplanned(why))?;
            let step = backfill_of(&set, &plan, version)?;
            let session = Session::open(context.pool()).await?;
            let told = session.told_pid().await;
            let worked = async {
                let mut work = Work::open(context, session.client(), told, step, Caller::Background).await?;
                work.slice(Patience::Until(end)).await
            };
            worked.await.map_err(|broken| match broken {
                Broken::Ours(error) => error,
                Broken::Migration(mut failure) => {
                    if let Some(place) = &mut failure.place {
                        place.path = context.source().shown(&place.path);
                    }
                    Error::failed(*failure)
                }
            })
        })
    }

    /// How far every backfill is that has begun and is not applied yet. One round trip; writes nothing. The time left counts
    /// the rests of `pause=` where the files can be read.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn progress(&self) -> Result<Vec<BackfillProgress>, Error> {
        self.progress_here().await
    }

    fn progress_here(&self) -> Here<'_, Vec<BackfillProgress>> {
        Box::pin(async move {
            let context = &self.migrator.context;
            // Whoever asks in the middle of the night may not have the files; only the rests between batches stand there.
            let set = context.set().ok();
            let client = session::borrow(context.pool()).await?;
            let read = read_progress(&client, context.tables(), set.as_deref());
            let read = match session::at_once(&client, read, "read how far the backfills are").await {
                // Nothing was ever migrated here, or not since backfills have books.
                Err(error) if matches!(error.sqlstate(), Some("42P01" | "3F000")) => Ok(Vec::new()),
                read => read,
            };
            context.for_watching(client.answered(read)).await
        })
    }

    /// Pauses a backfill, for all who work on it: the batches at hand are the last ones.
    ///
    /// # Errors
    /// It has not begun, or is neither running nor failed.
    pub async fn pause(&self, version: Version, because: &str) -> Result<(), Error> {
        self.say(version, Word { asked: "paused", state: "paused", from: &["running", "failed"], because })
            .await
    }

    /// Lets a backfill go on that was paused, or that failed.
    ///
    /// # Errors
    /// It has not begun, or is neither paused nor failed.
    pub async fn resume(&self, version: Version, because: &str) -> Result<(), Error> {
        self.say(version, Word { asked: "resumed", state: "running", from: &["paused", "failed"], because })
            .await
    }

    /// Ends a backfill before its end. What is done stays done; only [`Backfills::restart`] begins it again.
    ///
    /// # Errors
    /// It has not begun, or is finished or cancelled already.
    pub async fn cancel(&self, version: Version, because: &str) -> Result<(), Error> {
        let from = &["running", "paused", "failed"];
        self.say(version, Word { asked: "cancelled", state: "cancelled", from, because }).await
    }

    /// Forgets how far a backfill is, so that the next who works on it goes over all rows again, with its text of today.
    ///
    /// # Errors
    /// It has not begun.
    pub async fn restart(&self, version: Version) -> Result<(), Error> {
        self.write(version, sql::CLEAR, &[]).await
    }

    /// Goes on with a text that was edited after some batches were done: rows behind those are done with the new one.
    ///
    /// # Errors
    /// It has not begun, is cancelled, or is not in the set.
    pub async fn accept_text(&self, version: Version) -> Result<(), Error> {
        self.accept_text_here(version).await
    }

    fn accept_text_here(&self, version: Version) -> Here<'_, ()> {
        Box::pin(async move {
            let set = self.migrator.context.set()?;
            let migration =
                set.get(version).ok_or_else(|| Error::refused(vec![unknown_target(&set, version)]))?;
            let checksum = crate::plan::Texts::of(migration).up_checksum.map(|it| it.to_string());
            let written = self.write(version, sql::ACCEPT_TEXT, &[(&checksum, Type::TEXT)]).await;
            self.or_not_now(version, "told to go on with its text of today", written).await
        })
    }

    async fn say(&self, version: Version, word: Word<'_>) -> Result<(), Error> {
        let values: [(&(dyn ToSql + Sync), Type); 3] =
            [(&word.state, Type::TEXT), (&word.because, Type::TEXT), (&word.from, Type::TEXT_ARRAY)];
        let written = self.write(version, sql::SAY_STATE, &values).await;
        self.or_not_now(version, word.asked, written).await
    }

    /// Where no book fits a word: whether there is none, or in which state it is.
    async fn or_not_now(
        &self,
        version: Version,
        asked: &'static str,
        written: Result<(), Error>,
    ) -> Result<(), Error> {
        let refused = match written {
            Err(error) if matches!(error.stopped(), Some(Stopped::NotBegun)) => error,
            other => return other,
        };
        let state = self.progress().await?.into_iter().find(|it| it.version == version).map(|it| it.state);
        Err(state.map_or(refused, |state| {
            let state = match state {
                BackfillState::Finished => "finished".to_owned(),
                other => other.to_string(),
            };
            Error::backfill_stopped(version.to_string(), Stopped::NotNow { asked, state })
        }))
    }

    /// Writes into the book of a backfill; an error where there is none that fits.
    async fn write(
        &self,
        version: Version,
        text: &'static str,
        values: &[(&(dyn ToSql + Sync), Type)],
    ) -> Result<(), Error> {
        let context = &self.migrator.context;
        let number = i64::try_from(version.number()).unwrap_or(i64::MAX);
        let mut all: Vec<(&(dyn ToSql + Sync), Type)> = vec![(&number, Type::INT8)];
        all.extend(values.iter().cloned());
        let client = session::borrow(context.pool()).await?;
        let written = client.execute_typed(&context.tables().sql(text), &all).await;
        if written.is_ok() {
            client.give_back();
        }
        match written {
            Ok(0) => Err(Error::backfill_stopped(version.to_string(), Stopped::NotBegun)),
            // Nothing was ever applied there, and nothing has begun.
            Err(cause) if is_untouched(&cause) => {
                Err(Error::backfill_stopped(version.to_string(), Stopped::NotBegun))
            }
            written => written
                .map(drop)
                .map_err(|cause| Error::database("write into the books of a backfill", cause)),
        }
    }
}

/// What an operator says.
struct Word<'w> {
    asked: &'static str,
    state: &'static str,
    from: &'static [&'static str],
    because: &'w str,
}

/// The step of a pending backfill.
fn backfill_of<'p>(set: &MigrationSet, plan: &'p Plan, version: Version) -> Result<&'p Step, Error> {
    let label = set.get(version).map_or(version.to_string(), upshift_files::Migration::label);
    let entry = plan.entries().iter().find_map(|entry| match entry {
        Entry::Run(step) if step.version() == Some(version) => Some(Ok(step.as_ref())),
        Entry::Blocked(blocked) if blocked.label == label => Some(Err(blocked.by.to_string())),
        _ => None,
    });
    match entry {
        Some(Ok(step)) if step.batched().is_some() => Ok(step),
        Some(Err(by)) => Err(Error::backfill_stopped(label, Stopped::Blocked { by })),
        _ => Err(Error::backfill_stopped(label, Stopped::NotInBatches)),
    }
}
