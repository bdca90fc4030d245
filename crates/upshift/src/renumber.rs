//! The history learns the numbers that applied migrations have now.

use upshift_files::MigrationSet;

use crate::context::Here;
use crate::error::Error;
use crate::facts::{Facts, read_begun};
use crate::history::renumber as texts;
use crate::history::sql;
use crate::lock::{Asked, Lock, Need};
use crate::plan::messages::AuditEntry;
use crate::plan::{Message, Param, Renumbered, Texts, renumbered};
use crate::repair::Repair;
use crate::session;

impl Repair<'_> {
    /// Which migrations that were applied, or begun, have other numbers in the set. Writes nothing.
    ///
    /// # Errors
    /// The files have mistakes, or the database cannot be read.
    pub async fn renumbered(&self) -> Result<Vec<Renumbered>, Error> {
        self.renumbered_here().await
    }

    fn renumbered_here(&self) -> Here<'_, Vec<Renumbered>> {
        Box::pin(async move {
            let context = &self.migrator.context;
            let (set, facts) = context.set_and_facts().await?;
            let client = session::borrow(context.pool()).await?;
            let begun = read_begun(&client, context.tables());
            let begun = session::at_once(&client, begun, "read which backfills have begun").await;
            let begun = client.answered(begun)?;
            Ok(renumbered(&set, facts.history(), &begun).into_values().collect())
        })
    }

    /// Accepts that migrations have other numbers in the set than they were applied, or begun, under: the history calls
    /// them by those from now on. It is the same migration where name and text are the same, but for the numbers of what it
    /// requires. Nothing is run. The reason is kept in the audit. Gives what was renumbered, which may be nothing.
    ///
    /// A release that knows them by their old numbers refuses to start afterwards, and one that runs is fenced by a contract
    /// among them: no such release may run here. Approvals of contracts whose numbers are not what they were are taken back.
    ///
    /// # Locks
    /// The migration lock, and rows of upshift's own tables.
    ///
    /// # Errors
    /// The lock or the database cannot be had.
    pub async fn accept_renumbered(&self, because: &str) -> Result<Vec<Renumbered>, Error> {
        self.accept_renumbered_here(because.to_owned()).await
    }

    fn accept_renumbered_here(&self, because: String) -> Here<'_, Vec<Renumbered>> {
        Box::pin(async move {
            let context = &self.migrator.context;
            let found = context.for_a_run(self.renumbered_here().await).await?;
            if found.is_empty() {
                return Ok(found);
            }
            let set = context.set()?;
            match Lock::ask(context, |_| Ok(Need::Work)).await? {
                Asked::NotNeeded(_) => Ok(Vec::new()),
                Asked::Held(lock, facts) => {
                    let begun = lock.keep(read_begun(lock.session.client(), context.tables())).await?;
                    let found: Vec<Renumbered> =
                        renumbered(&set, facts.history(), &begun).into_values().collect();
                    let moves = self.moves(&set, &facts, &found, &because);
                    self.write(*lock, &moves, "renumber the history").await?;
                    Ok(found)
                }
            }
        })
    }

    /// What gives migrations their new numbers, and says so.
    fn moves(&self, set: &MigrationSet, facts: &Facts, found: &[Renumbered], because: &str) -> Vec<Message> {
        let writer = self.migrator.context.writer();
        let numbers = || {
            let were = Param::versions(found.iter().map(|it| it.was));
            vec![Param::Token, Param::Owner, were, Param::versions(found.iter().map(|it| it.is))]
        };
        let mut messages =
            vec![self.message(texts::MOVE_AWAY, numbers()), self.message(texts::MOVE_IN, numbers())];
        for it in found {
            let row = facts.history().get(&upshift_files::MigrationId::Version(it.was));
            let now = set.get(it.is).map(Texts::of);
            if let (Some(row), Some(now)) = (row, now)
                && row.up_checksum != now.up_checksum
            {
                let version = Param::optional_version(Some(it.is));
                let text = [version, Param::checksum(now.up_checksum), Param::Text(now.up)];
                let values = [Param::Token, Param::Owner].into_iter().chain(text).collect();
                messages.push(self.message(texts::KEEP_TEXT, values));
            }
            let entry = AuditEntry::about("renumber", Some(it.is), &it.name);
            let entry = entry.detail(format!("its number was {}: {because}", it.was));
            messages.push(self.message(sql::RECORD_AUDIT, entry.values(&writer)));
        }
        messages
    }
}
