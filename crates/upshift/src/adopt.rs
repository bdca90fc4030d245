//! Taking over the history of another tool, and giving it back.

use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use time::OffsetDateTime;
use tokio_postgres::Client;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::{ToSql, Type};
use upshift_files::{Migration, MigrationId, MigrationSet};

use crate::audit::{AuditRow, read_audit};
use crate::context::Here;
use crate::error::{Error, Unadopted};
use crate::facts::Facts;
use crate::history::{Applied, History, snapshot, sql};
use crate::ident::Ident;
use crate::lock::{Asked, Lock, Need, holder};
use crate::migrator::Migrator;
use crate::plan::messages::{AuditEntry, kept_of};
use crate::plan::{Message, Param, Purpose, Texts};
use crate::recorder::Recorder;
use crate::settings::milliseconds;

/// The tool that has migrated a database until now: what keeps it away, and what it has done.
#[async_trait]
pub trait Predecessor: Send + Sync {
    /// What people call it.
    fn name(&self) -> &str;

    /// The keys of the advisory locks under which it migrates.
    fn advisory_locks(&self) -> Vec<i64>;

    /// The tables it writes what it has done into: schema and name.
    fn tables(&self) -> Vec<(Ident, Ident)>;

    /// What it has done, read now that nobody can change it; `None` where nothing is to be adopted, for reasons that the
    /// predecessor keeps.
    ///
    /// Runs in the transaction that holds all locks. It must read alone.
    async fn adopted(&mut self, client: &Client, set: &MigrationSet) -> Option<Adopted>;
}

/// What is taken over from another tool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Adopted {
    /// The tool.
    pub from: String,
    /// What the audit is to remember of its history as a whole.
    pub detail: String,
    /// The migrations it has applied, in the order it has applied them.
    pub migrations: Vec<AdoptedMigration>,
}

/// One migration that another tool has applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AdoptedMigration {
    /// Which migration of the set it is.
    pub id: MigrationId,
    /// What is known of the text that was applied.
    pub text: AdoptedText,
    /// When it was applied, as far as the tool remembers.
    pub applied_at: Option<OffsetDateTime>,
    /// How long it took, as far as the tool remembers.
    pub took: Option<Duration>,
    /// What the audit is to remember of it: its version, time and checksum as the tool wrote them.
    pub detail: String,
}

/// What is known of the text that another tool has applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AdoptedText {
    /// It is the text of the set: the tool's own checksum says so. The history has it as `applied`.
    Verified,
    /// Nobody can tell, so it is taken for the text of the set. The history has it as `baseline`.
    Believed,
    /// Another one: a repeatable that the next run applies again.
    Another,
}

impl Migrator {
    /// Takes over the history of another tool: what it has applied counts as applied, and nothing is run.
    ///
    /// The tool's own tables stay as they are. `None` where the predecessor gave nothing. Which migrations it has
    /// applied, and whether their texts are those of the set, is for the predecessor to say: the crate `upshift-adopt` does for
    /// fourteen tools.
    ///
    /// # Locks
    /// The migration lock; the advisory locks that the tool migrates under, at once or not at all; and SHARE ROW
    /// EXCLUSIVE on its tables, which keeps writers away and lets readers pass, waited for as long as
    /// [`crate::Timeouts::lock`]. All end with one short transaction.
    ///
    /// # Errors
    /// [`Error::is_locked`] when the tool is at work, with the session that is; the history is not empty; what is adopted
    /// is not in the set.
    ///
    /// # Cancel safety
    /// Dropping the future closes the connection: nothing is adopted, and every lock is freed.
    pub async fn adopt(&self, predecessor: &mut dyn Predecessor) -> Result<Option<Adopted>, Error> {
        self.adopt_here(predecessor).await
    }

    fn adopt_here<'m>(&'m self, predecessor: &'m mut dyn Predecessor) -> Here<'m, Option<Adopted>> {
        Box::pin(async move {
            let set = self.context.set()?;
            let is_empty = |facts: &Facts| match facts.history().is_empty() {
                true => Ok(Need::Work),
                false => Err(Error::unadopted(Unadopted::NotEmpty)),
            };
            is_empty(&self.context.for_a_run(self.context.read().await).await?)?;
            match Lock::ask(&self.context, is_empty).await? {
                Asked::NotNeeded(_) => Ok(None),
                Asked::Held(lock, _) => {
                    let adopted = lock.keep(self.take_over(&lock, &set, predecessor)).await?;
                    if adopted.is_some() {
                        Recorder::anew(&self.context).keep(&self.context, &lock).await;
                    }
                    lock.release_settled(self.context.tables(), &set.fingerprint()).await?;
                    Ok(adopted)
                }
            }
        })
    }

    /// One transaction: the other tool's locks, what it has done, our rows.
    async fn take_over(
        &self,
        lock: &Lock,
        set: &MigrationSet,
        predecessor: &mut dyn Predecessor,
    ) -> Result<Option<Adopted>, Error> {
        let broken = |cause| Error::database("adopt the history of another tool", cause);
        let client = lock.session.client();
        let wait = milliseconds(self.context.settings().timeouts.lock);
        // What is read behind the locks must be what their last holder has left.
        let begin = format!("begin isolation level read committed; set local lock_timeout = {wait}");
        client.batch_execute(&begin).await.map_err(broken)?;
        keep_away(client, predecessor).await?;
        let Some(adopted) = predecessor.adopted(client, set).await else {
            client.batch_execute("rollback").await.map_err(broken)?;
            return Ok(None);
        };
        for message in self.adopting(set, &adopted)? {
            lock.wire().ask(&message).await.map_err(broken)?;
        }
        client.batch_execute("commit").await.map_err(broken)?;
        Ok(Some(adopted))
    }

    /// The audit row of the adoption, and a history row with its audit row for each migration.
    fn adopting(&self, set: &MigrationSet, adopted: &Adopted) -> Result<Vec<Message>, Error> {
        let writer = self.context.writer();
        let entry = AuditEntry::about("adopt", None, &adopted.from).detail(&adopted.detail);
        let tables = self.context.tables();
        let mut messages =
            vec![Message::bound(Purpose::Record, tables.sql(sql::RECORD_AUDIT), entry.values(&writer))];
        let known: BTreeMap<&MigrationId, &Migration> = set.iter().map(|it| (it.id(), it)).collect();
        for one in &adopted.migrations {
            let Some(migration) = known.get(&one.id) else {
                let (id, tool) = (one.id.to_string(), adopted.from.clone());
                return Err(Error::unadopted(Unadopted::Unknown { id, tool }));
            };
            let mut texts = Texts::of(migration);
            let state = match one.text {
                AdoptedText::Verified => "applied",
                AdoptedText::Believed => "baseline",
                AdoptedText::Another => {
                    texts.up_checksum = None;
                    "applied"
                }
            };
            let entry = AuditEntry::done("adopt", migration.id(), migration.name());
            let mut values = entry.checksum(texts.up_checksum).detail(&one.detail).values(&writer);
            values.extend(kept_of(&texts, migration.header().phase));
            values.extend([Param::text(state), Param::Small(None)]);
            let at = one.applied_at.map(|at| at.unix_timestamp_nanos() / 1_000);
            values.push(Param::Int(at.and_then(|at| i64::try_from(at).ok())));
            values.push(Param::Int(one.took.and_then(|took| i64::try_from(took.as_millis()).ok())));
            messages.push(Message::bound(Purpose::Record, tables.sql(sql::RECORD_ADOPTED), values));
        }
        Ok(messages)
    }

    /// Takes an adoption back: the history is empty again, and the other tool goes on as before. Gives what was taken
    /// out of the history.
    ///
    /// The schema and the other tool's tables are not touched; they never were.
    ///
    /// # Locks
    /// The migration lock.
    ///
    /// # Errors
    /// Nothing was adopted; or a migration was applied or reverted since, of which the other tool knows nothing.
    pub async fn unadopt(&self) -> Result<Vec<String>, Error> {
        self.unadopt_here().await
    }

    fn unadopt_here(&self) -> Here<'_, Vec<String>> {
        Box::pin(async move {
            let is_there = |facts: &Facts| match facts.history().is_empty() {
                true => Err(Error::unadopted(Unadopted::Nothing)),
                false => Ok(Need::Work),
            };
            is_there(&self.context.for_a_run(self.context.read().await).await?)?;
            let Asked::Held(lock, facts) = Lock::ask(&self.context, is_there).await? else {
                return Err(Error::lock_lost(None));
            };
            let audit = lock.keep(read_audit(lock.session.client(), self.context.tables())).await;
            let audit = match audit.and_then(|audit| may_go_back(facts.history(), &audit).map(|()| audit)) {
                Ok(audit) => audit,
                Err(error) => {
                    lock.release().await?;
                    return Err(error);
                }
            };
            let rows: Vec<&Applied> = facts.history().iter().collect();
            lock.write_all(&self.giving_back(&rows, &audit), "take the adoption back").await?;
            Ok(rows.into_iter().map(Applied::label).collect())
        })
    }

    fn giving_back(&self, rows: &[&Applied], audit: &[AuditRow]) -> Vec<Message> {
        let (writer, tables) = (self.context.writer(), self.context.tables());
        let from = adoption(audit).map_or("", |row| row.name.as_str());
        let entry = AuditEntry::about("unadopt", None, from).detail(format!("{} rows", rows.len()));
        // It changes no schema: what was kept is of the empty history, too.
        let mark = Message::plain(Purpose::Record, tables.sql(snapshot::MARK_OUTDATED));
        let follow = Message::plain(Purpose::Record, tables.sql(snapshot::FOLLOW_HISTORY));
        let mut messages =
            vec![mark, Message::bound(Purpose::Record, tables.sql(sql::RECORD_AUDIT), entry.values(&writer))];
        messages.extend(rows.iter().map(|row| {
            let entry = AuditEntry::done("unadopt", &row.id, &row.name).checksum(row.up_checksum);
            let mut values = entry.values(&writer);
            values.push(Param::Int(None));
            Message::bound(Purpose::Record, tables.sql(sql::RECORD_REVERTED), values)
        }));
        messages.push(follow);
        messages
    }
}

/// The audit row of the last adoption as a whole: the first of its rows.
fn adoption(audit: &[AuditRow]) -> Option<&AuditRow> {
    let ended = audit.iter().rposition(|row| row.action == "unadopt").map_or(0, |at| at + 1);
    audit.get(ended..)?.iter().find(|row| row.action == "adopt")
}

/// Whether every row of the history was adopted, and none was applied or reverted since.
fn may_go_back(history: &History, audit: &[AuditRow]) -> Result<(), Error> {
    let Some(adoption) = adoption(audit) else { return Err(Error::unadopted(Unadopted::Nothing)) };
    let label = |row: &AuditRow| match row.version {
        Some(version) => format!("{version}_{}", row.name),
        None => format!("R__{}", row.name),
    };
    let since = audit.iter().filter(|row| row.id > adoption.id && row.outcome == "done");
    let changing = ["apply", "revert", "baseline"];
    if let Some(row) = since.clone().find(|row| changing.contains(&row.action.as_str())) {
        return Err(Error::unadopted(Unadopted::AppliedSince { label: label(row) }));
    }
    let adopted: Vec<String> = since.filter(|row| row.action == "adopt").map(label).collect();
    match history.iter().find(|row| !adopted.contains(&row.label())) {
        Some(row) => Err(Error::unadopted(Unadopted::AppliedSince { label: row.label() })),
        None => Ok(()),
    }
}

/// Keeps the other tool away until the transaction ends.
async fn keep_away(client: &Client, predecessor: &dyn Predecessor) -> Result<(), Error> {
    let broken = |cause| Error::database("lock the other tool out", cause);
    let at_work = |holder| {
        let tool = predecessor.name().to_owned();
        Error::unadopted(Unadopted::AtWork { tool, holder })
    };
    for key in predecessor.advisory_locks() {
        let asked = client.query_typed(sql::TRY_TRANSACTION_LOCK, &[(&key, Type::INT8)]).await;
        let rows = asked.map_err(broken)?;
        let locked = rows.first().map_or(Ok(false), |row| row.try_get("locked")).map_err(broken)?;
        if !locked {
            return Err(at_work(holder(client, sql::LOCK_HOLDER, &[(&key, Type::INT8)]).await));
        }
    }
    for (schema, table) in predecessor.tables() {
        let lock =
            format!("savepoint upshift_adopt; lock table {schema}.{table} in share row exclusive mode");
        match client.batch_execute(&lock).await {
            Ok(()) => {}
            Err(cause) if cause.code() == Some(&SqlState::LOCK_NOT_AVAILABLE) => {
                client.batch_execute("rollback to savepoint upshift_adopt").await.map_err(broken)?;
                let (schema, table) = (schema.as_str(), table.as_str());
                let names: [(&(dyn ToSql + Sync), Type); 2] = [(&schema, Type::TEXT), (&table, Type::TEXT)];
                return Err(at_work(holder(client, sql::TABLE_HOLDER, &names).await));
            }
            Err(cause) if cause.code() == Some(&SqlState::INSUFFICIENT_PRIVILEGE) => {
                let (tool, table) = (predecessor.name().to_owned(), format!("{schema}.{table}"));
                return Err(Error::unadopted(Unadopted::MayNotLock { tool, table }));
            }
            Err(cause) => return Err(broken(cause)),
        }
    }
    Ok(())
}
