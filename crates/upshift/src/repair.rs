//! Setting the history right by hand: each its own call, each audited.

use upshift_files::{Migration, MigrationId, Version};

use crate::context::Here;
use crate::drift::Drift;
use crate::error::Error;
use crate::facts::Facts;
use crate::history::{Applied, AppliedState, backfill, snapshot, sql};
use crate::lock::{Asked, Lock, Need};
use crate::migrator::Migrator;
use crate::plan::messages::AuditEntry;
use crate::plan::{Message, Param, Purpose, Refusal, RefusalKind, Texts, unknown_target};
use crate::recorder::{self, Recorder};
use crate::settings::DriftPolicy;

/// The calls that set the history right by hand.
///
/// Each takes the lock, changes one thing, and writes an audit row in the same transaction.
#[derive(Debug)]
pub struct Repair<'m> {
    pub(crate) migrator: &'m Migrator,
}

impl<'m> Repair<'m> {
    pub(crate) fn of(migrator: &'m Migrator) -> Repair<'m> {
        Repair { migrator }
    }

    /// Accepts today's text of an applied migration that was edited: its checksum and its text replace the stored ones.
    ///
    /// # Errors
    /// The migration is not in the set, or not in the history.
    pub async fn accept_checksum(&self, version: Version) -> Result<(), Error> {
        self.accept_checksum_here(version).await
    }

    fn accept_checksum_here(&self, version: Version) -> Here<'_, ()> {
        Box::pin(async move {
            let set = self.migrator.context.set()?;
            let migration =
                set.get(version).ok_or_else(|| Error::refused(vec![unknown_target(&set, version)]))?;
            let texts = Texts::of(migration);
            self.change(migration.id(), |row| {
                let detail = match row.up_checksum {
                    Some(was) => format!("the edited text was accepted; the checksum was {was}"),
                    None => "the edited text was accepted".to_owned(),
                };
                let entry = AuditEntry::done("repair", &row.id, migration.name());
                let entry = entry.checksum(texts.up_checksum).detail(detail);
                let mut values = entry.values(&self.migrator.context.writer());
                values.extend([Param::checksum(texts.up_checksum), Param::Text(texts.up.clone())]);
                Ok(vec![self.message(sql::REPAIR_CHECKSUM, values)])
            })
            .await
        })
    }

    /// Takes a failed or a missing migration out of the history, as if it had never been begun.
    ///
    /// What it did to the schema stays: this is for when a person has put that right.
    ///
    /// # Errors
    /// The migration is not in the history, or it is neither failed nor missing: then `down` is the way.
    pub async fn forget(&self, version: Version) -> Result<(), Error> {
        self.forget_here(version).await
    }

    fn forget_here(&self, version: Version) -> Here<'_, ()> {
        Box::pin(async move {
            let set = self.migrator.context.set()?;
            self.change(&MigrationId::Version(version), |row| {
                let failed =
                    matches!(row.state, AppliedState::UpFailed { .. } | AppliedState::DownFailed { .. });
                if !failed && set.get(version).is_some() {
                    return Err(Error::not_failed(row.label(), row.state.to_string()));
                }
                let detail = format!("forgotten by hand; its state was `{}`", row.state);
                let mut values = self.audit(row, row.up_checksum, detail);
                values.push(Param::Int(None));
                Ok(self.of_no_schema(vec![self.message(sql::RECORD_REVERTED, values)]))
            })
            .await
        })
    }

    /// Accepts a pending migration as applied: it was done by hand, or by somebody else, and is not run. The reason is kept
    /// in the audit. For a whole database that was built without upshift: [`Migrator::baseline`].
    ///
    /// # Errors
    /// The set does not have the version, or the history has it.
    pub async fn accept_applied(&self, version: Version, because: &str) -> Result<(), Error> {
        self.accept_applied_here(version, because.to_owned()).await
    }

    fn accept_applied_here(&self, version: Version, because: String) -> Here<'_, ()> {
        Box::pin(async move {
            let context = &self.migrator.context;
            let set = context.set()?;
            let Some(migration) = set.get(version) else {
                return Err(Error::refused(vec![unknown_target(&set, version)]));
            };
            let is_pending = |facts: &Facts| match facts.history().get(migration.id()) {
                None => Ok(Need::Work),
                Some(row) => {
                    let kind = RefusalKind::InHistory { state: row.state };
                    Err(Error::refused(vec![Refusal { label: row.label(), kind }]))
                }
            };
            is_pending(&context.for_a_run(context.read().await).await?)?;
            match Lock::ask(context, is_pending).await? {
                Asked::NotNeeded(_) => Ok(()),
                Asked::Held(lock, _) => {
                    let detail = format!("accepted as applied, not run: {because}");
                    let change = self.migrator.accepted(migration, detail);
                    self.write(*lock, &self.of_no_schema(change), "write the history").await
                }
            }
        })
    }

    /// A change of the history that changes no schema: what was kept of that is of this history, too.
    fn of_no_schema(&self, change: Vec<Message>) -> Vec<Message> {
        if self.migrator.context.settings().drift == DriftPolicy::Ignore {
            return change;
        }
        let [mark, follow] = [snapshot::MARK_OUTDATED, snapshot::FOLLOW_HISTORY]
            .map(|sql| Message::plain(Purpose::Record, self.migrator.context.tables().sql(sql)));
        [vec![mark], change, vec![follow]].concat()
    }

    /// Accepts the schema as it is: what has drifted is drift no more. The reason is kept in the audit. Gives what was
    /// accepted.
    ///
    /// Keeps a snapshot whatever the policy is, so it is also how a database gets its first one.
    ///
    /// # Locks
    /// The migration lock, and as [`Migrator::drift`].
    ///
    /// # Errors
    /// The schema cannot be read, or what it is cannot be written.
    pub async fn accept_drift(&self, reason: &str) -> Result<Drift, Error> {
        self.accept_drift_here(reason.to_owned()).await
    }

    fn accept_drift_here(&self, reason: String) -> Here<'_, Drift> {
        Box::pin(async move {
            let context = &self.migrator.context;
            let Asked::Held(lock, _) = Lock::ask(context, |_| Ok(Need::Work)).await? else {
                return Err(Error::lock_lost(None));
            };
            let (tables, filter) = (context.tables(), recorder::filter(context));
            let looked = lock.keep(recorder::look(lock.session.client(), tables, &filter)).await;
            let looked = match looked {
                Ok(looked) => looked,
                Err(error) => {
                    lock.release().await?;
                    return Err(error);
                }
            };
            let detail = format!("{reason} ({})", looked.drift.headline());
            let values = AuditEntry::about("accept", None, "drift").detail(detail).values(&context.writer());
            let messages =
                [recorder::kept(tables, &filter, &looked.live), self.message(sql::RECORD_AUDIT, values)];
            lock.write_all(&messages, "accept the drift").await?;
            Ok(looked.drift)
        })
    }

    async fn change(
        &self,
        id: &MigrationId,
        messages: impl Fn(&Applied) -> Result<Vec<Message>, Error>,
    ) -> Result<(), Error> {
        let is_there = |facts: &Facts| match facts.history().get(id) {
            Some(row) => messages(row).map(|_| Need::Work),
            None => Err(Error::not_applied(label(id))),
        };
        let context = &self.migrator.context;
        is_there(&context.for_a_run(context.read().await).await?)?;
        match Lock::ask(&self.migrator.context, is_there).await? {
            Asked::NotNeeded(_) => Ok(()),
            Asked::Held(lock, facts) => {
                let messages = facts.history().get(id).map_or_else(|| Ok(Vec::new()), &messages)?;
                self.write(*lock, &messages, "repair the history").await
            }
        }
    }

    /// Writes, and gives the lock back. The database may be that of the set now: then boots need not compare its history.
    pub(crate) async fn write(
        &self,
        lock: Lock,
        messages: &[Message],
        doing: &'static str,
    ) -> Result<(), Error> {
        let context = &self.migrator.context;
        lock.write(messages, doing).await?;
        lock.release_settled(context.tables(), &context.set()?.fingerprint()).await
    }

    fn audit(&self, row: &Applied, checksum: Option<upshift_files::Checksum>, detail: String) -> Vec<Param> {
        let entry = AuditEntry::done("repair", &row.id, &row.name).checksum(checksum).detail(detail);
        entry.values(&self.migrator.context.writer())
    }

    pub(crate) fn message(&self, sql: &'static str, values: Vec<Param>) -> Message {
        Message::bound(Purpose::Record, self.migrator.context.tables().sql(sql), values)
    }
}

impl Migrator {
    /// Accepts a database that was built without upshift: every migration up to and including `version` counts as
    /// applied, and none of them is run.
    ///
    /// # Errors
    /// The set does not have the version, or the history is not empty.
    pub async fn baseline(&self, version: Version) -> Result<(), Error> {
        self.baseline_here(version).await
    }

    fn baseline_here(&self, version: Version) -> Here<'_, ()> {
        Box::pin(async move {
            let set = self.context.set()?;
            if set.get(version).is_none() {
                return Err(Error::refused(vec![unknown_target(&set, version)]));
            }
            let is_empty = |facts: &Facts| match facts.history().is_empty() {
                true => Ok(Need::Work),
                false => Err(Error::baseline_not_empty()),
            };
            is_empty(&self.context.for_a_run(self.context.read().await).await?)?;
            match Lock::ask(&self.context, is_empty).await? {
                Asked::NotNeeded(_) => Ok(()),
                Asked::Held(lock, _) => {
                    let below =
                        set.versioned().iter().filter(|migration| migration.version() <= Some(version));
                    let messages: Vec<Message> = below
                        .flat_map(|migration| {
                            self.accepted(migration, "accepted by a baseline, not run".to_owned())
                        })
                        .collect();
                    lock.write(&messages, "write the baseline").await?;
                    Recorder::anew(&self.context).keep(&self.context, &lock).await;
                    lock.release_settled(self.context.tables(), &set.fingerprint()).await
                }
            }
        })
    }

    /// The row of a migration that is accepted and not run. What is accepted needs no books: after a down they would say
    /// that rows are done which are not.
    fn accepted(&self, migration: &Migration, detail: String) -> Vec<Message> {
        let writer = self.context.writer();
        let texts = Texts::of(migration);
        let entry = AuditEntry::done("baseline", migration.id(), migration.name());
        let entry = entry.checksum(texts.up_checksum).detail(detail);
        let mut values = entry.values(&writer);
        values.extend(crate::plan::messages::kept_of(&texts, migration.header().phase));
        values.extend([Param::text("baseline"), Param::Small(None)]);
        let clear = writer.tables.sql(backfill::CLEAR);
        let books = migration.header().backfill.is_some();
        let books =
            books.then(|| Message::bound(Purpose::Books, clear, vec![Param::version(migration.id())]));
        let row = Message::bound(Purpose::Record, writer.tables.sql(sql::RECORD_APPLIED), values);
        books.into_iter().chain([row]).collect()
    }
}

fn label(id: &MigrationId) -> String {
    match id {
        MigrationId::Version(version) => format!("version {version}"),
        MigrationId::Repeatable(name) => format!("R__{name}"),
    }
}
