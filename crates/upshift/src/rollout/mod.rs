//! A rollout as an operator sees it, and what an operator may say: hold, release, approve, forget, unhide.

mod status;

use upshift_files::{Migration, MigrationId, Phase, Version};

use crate::context::Here;
use crate::error::Error;
use crate::facts::Facts;
use crate::gate::{Contract, Share, WordKind};
use crate::gatekeeper::read_facts;
use crate::history::fleet;
use crate::lock::{Asked, Lock, Need};
use crate::migrator::Migrator;
use crate::plan::messages::AuditEntry;
use crate::plan::{DownTarget, Message, Param, Purpose};
use crate::report::Report;
use crate::session;

pub(crate) use status::Seen;
pub use status::{RolloutMigration, RolloutState, RolloutStatus};

/// The calls of an operator. What changes something is audited, in the same transaction.
#[derive(Debug)]
pub struct Rollout<'m> {
    migrator: &'m Migrator,
    /// In whose name, where the database's role says too little.
    who: Option<String>,
}

impl Migrator {
    /// The rollout of this set: who is alive, what waits for whom; and what an operator may say.
    pub fn rollout(&self) -> Rollout<'_> {
        Rollout { migrator: self, who: None }
    }
}

impl Rollout<'_> {
    /// In whose name it is said, where the role of the database is a service's: kept in the audit and with the word.
    pub fn by(mut self, who: impl Into<String>) -> Self {
        self.who = Some(who.into());
        self
    }

    fn signed(&self, text: &str) -> String {
        match &self.who {
            None => text.to_owned(),
            Some(who) if text.is_empty() => format!("by {who}"),
            Some(who) => format!("{text} (by {who})"),
        }
    }

    /// Where it stands. Writes nothing.
    ///
    /// # Errors
    /// The files have mistakes, or the database cannot be read.
    pub async fn status(&self) -> Result<RolloutStatus, Error> {
        self.status_here().await
    }

    fn status_here(&self) -> Here<'_, RolloutStatus> {
        Box::pin(async move {
            let context = &self.migrator.context;
            let (set, tables) = (context.set()?, context.tables());
            let client = session::borrow(context.pool()).await?;
            let read = async {
                let facts = Facts::read(&client, tables).await?;
                let seen = Seen::read(&client, tables, &set, &facts);
                let seen = session::at_once(&client, seen, "read where a rollout stands").await?;
                Ok((facts, seen))
            };
            let read = read.await;
            let read = client.answered(read);
            let (facts, seen) = context.for_watching(read).await?;
            Ok(RolloutStatus::of(&set, facts.history(), seen, &context.settings().gate))
        })
    }

    /// Keeps every contract from running, until [`Rollout::release`].
    ///
    /// # Errors
    /// The lock or the database cannot be had.
    pub async fn hold(&self, reason: &str) -> Result<(), Error> {
        self.said("hold", WordKind::Hold, None, Some(reason)).await
    }

    /// Takes [`Rollout::hold`] back, and what [`Rollout::unhide`] holds.
    ///
    /// # Errors
    /// As [`Rollout::hold`].
    pub async fn release(&self) -> Result<(), Error> {
        self.said("release", WordKind::Hold, None, None).await
    }

    /// Approves a contract, for [`crate::Gate::Manual`]; whoever is alive is waited for all the same.
    ///
    /// # Errors
    /// The set has no such contract; as [`Rollout::hold`].
    pub async fn approve(&self, contract: Version, reason: &str) -> Result<(), Error> {
        let set = self.migrator.context.set()?;
        if Contract::of(&set, contract).is_none() {
            let label = set.get(contract).map_or(format!("version {contract}"), Migration::label);
            return Err(Error::no_contract(label));
        }
        self.said("approve", WordKind::Approval, Some(contract), Some(reason)).await
    }

    /// Says that an instance is gone, for one whose end nobody saw.
    ///
    /// Should it be alive all the same, its next heartbeat registers it again, or tells it that it must not serve.
    ///
    /// # Errors
    /// No such instance is registered; as [`Rollout::hold`].
    pub async fn forget(&self, instance: &str) -> Result<(), Error> {
        self.forget_here(instance).await
    }

    fn forget_here<'r>(&'r self, instance: &'r str) -> Here<'r, ()> {
        Box::pin(async move {
            let context = &self.migrator.context;
            let client = session::borrow(context.pool()).await?;
            let known = read_facts(&client, context.tables());
            let known = session::at_once(&client, known, "read who is registered").await;
            let known = client.answered(known)?.instances;
            let Some(known) = known.into_iter().find(|it| it.id == instance) else {
                return Err(Error::unregistered(instance));
            };
            let leave = Message::bound(
                Purpose::Record,
                context.tables().sql(fleet::LEAVE),
                vec![Param::text(instance)],
            );
            self.write("forget", None, known.to_string(), vec![leave]).await
        })
    }

    /// Gives old code back what a contract took away, with its data: reverts the contract by its down, and holds it, so
    /// that it does not run again before [`Rollout::release`].
    ///
    /// Works from any binary, also one that does not know the contract: the down is kept in the history.
    ///
    /// # Errors
    /// It is no contract, is not applied, or has no way back: it was purged. As [`Migrator::down`].
    pub async fn unhide(&self, contract: Version) -> Result<Report, Error> {
        self.unhide_here(contract).await
    }

    fn unhide_here(&self, contract: Version) -> Here<'_, Report> {
        Box::pin(async move {
            let context = &self.migrator.context;
            let facts = context.read().await?;
            let Some(row) = facts.history().get(&MigrationId::Version(contract)) else {
                return Err(Error::not_applied(format!("version {contract}")));
            };
            if row.phase != Phase::Contract {
                return Err(Error::no_contract(row.label()));
            }
            // What has no way back is refused before a word is said.
            self.migrator.plan_down(DownTarget::Only(contract)).await?;
            // Ahead of the deed: the contract's gate may be open, and somebody looks at it every few seconds. Who has
            // approved it has approved it once.
            let why = "unhidden for old code";
            let about = Param::Int(i64::try_from(contract.number()).ok());
            let approval = Message::bound(
                Purpose::Record,
                context.tables().sql(fleet::UNSAY_OF),
                vec![Param::text(WordKind::Approval.text()), about],
            );
            let words = vec![self.saying(WordKind::Hold, Some(contract), Some(why)), approval];
            self.write("hold", Some(contract), why.to_owned(), words).await?;
            self.migrator.down(DownTarget::Only(contract)).await
        })
    }

    /// Sets to whom a switch shows the new shape, once both shapes are filled; its contract waits until that is everybody.
    ///
    /// # Errors
    /// As [`Rollout::hold`].
    pub async fn share(&self, switch: &str, share: Share) -> Result<(), Error> {
        self.share_here(switch, share).await
    }

    fn share_here<'r>(&'r self, switch: &'r str, share: Share) -> Here<'r, ()> {
        Box::pin(async move {
            let detail = format!("{switch} for {share}");
            let (percentage, keys) = match share {
                Share::All => (100, Vec::new()),
                Share::Part { percentage, keys } => (percentage, keys),
            };
            let values =
                vec![Param::text(switch), Param::Small(Some(i32::from(percentage))), Param::Texts(keys)];
            let set = self.migrator.context.tables().sql(fleet::SET_SWITCH);
            self.write("switch", None, detail, vec![Message::bound(Purpose::Record, set, values)]).await
        })
    }

    async fn said(
        &self,
        action: &'static str,
        kind: WordKind,
        version: Option<Version>,
        reason: Option<&str>,
    ) -> Result<(), Error> {
        self.said_here(action, kind, version, reason).await
    }

    /// Says it, or takes it back where there is no reason.
    fn said_here<'r>(
        &'r self,
        action: &'static str,
        kind: WordKind,
        version: Option<Version>,
        reason: Option<&'r str>,
    ) -> Here<'r, ()> {
        Box::pin(async move {
            let message = self.saying(kind, version, reason);
            self.write(action, version, reason.unwrap_or("").to_owned(), vec![message]).await
        })
    }

    fn saying(&self, kind: WordKind, version: Option<Version>, reason: Option<&str>) -> Message {
        let tables = self.migrator.context.tables();
        let about = Param::Int(version.and_then(|it| i64::try_from(it.number()).ok()));
        match reason {
            Some(reason) => Message::bound(
                Purpose::Record,
                tables.sql(fleet::SAY),
                vec![Param::text(kind.text()), about, Param::text(self.signed(reason))],
            ),
            None => Message::bound(Purpose::Record, tables.sql(fleet::UNSAY), vec![Param::text(kind.text())]),
        }
    }

    /// Writes under the lock, with an audit row.
    async fn write(
        &self,
        action: &'static str,
        version: Option<Version>,
        detail: String,
        mut messages: Vec<Message>,
    ) -> Result<(), Error> {
        let context = &self.migrator.context;
        let set = context.set()?;
        let name = version.and_then(|it| set.get(it)).map_or("rollout", |it| it.name());
        let entry = AuditEntry::about(action, version, name).detail(self.signed(&detail));
        let writer = context.writer();
        let audit = writer.tables.sql(crate::history::sql::RECORD_AUDIT);
        messages.push(Message::bound(Purpose::Record, audit, entry.values(&writer)));
        match Lock::ask(context, |_| Ok(Need::Work)).await? {
            Asked::NotNeeded(_) => Ok(()),
            Asked::Held(lock, _) => lock.write_all(&messages, "write what was said").await,
        }
    }
}
