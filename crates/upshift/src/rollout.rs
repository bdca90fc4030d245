//! A rollout as an operator sees it, and what an operator may say: hold, release, approve, forget, unhide.

use std::fmt;

use upshift_files::{Migration, MigrationId, Phase, Version};

use crate::backfill::read_progress;
use crate::context::Here;
use crate::error::Error;
use crate::facts::Facts;
use crate::gate::{Contract, GateFacts, Instance, Share, Verdict, Watch, Word, WordKind, judge};
use crate::gatekeeper::{read_facts, read_nobody};
use crate::history::{AppliedState, History, fleet};
use crate::lock::{Asked, Lock, Need};
use crate::migrator::Migrator;
use crate::plan::messages::AuditEntry;
use crate::plan::{DownTarget, Message, Param, Purpose};
use crate::progress::BackfillProgress;
use crate::report::{Report, human};
use crate::session;

/// The calls of an operator. What changes something is audited, in the same transaction.
#[derive(Debug)]
pub struct Rollout<'m> {
    migrator: &'m Migrator,
}

/// Where a rollout stands: every backfill and contract of the set, and who is alive.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct RolloutStatus {
    /// The backfills and contracts of the set, in order.
    pub migrations: Vec<RolloutMigration>,
    /// Who was registered in the last day, in the order they joined.
    pub instances: Vec<Instance>,
    /// What operators said.
    pub words: Vec<Word>,
    /// The database's clock when this was read.
    pub at: time::OffsetDateTime,
}

/// Where a backfill or a contract stands.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RolloutMigration {
    /// Its version.
    pub version: Version,
    /// What a person calls it.
    pub label: String,
    /// Backfill or contract.
    pub phase: Phase,
    /// How far it is.
    pub state: RolloutState,
}

/// How far a backfill or a contract is.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum RolloutState {
    /// It is done.
    Applied,
    /// It stopped in the middle.
    Stopped,
    /// A backfill that has not begun.
    Pending,
    /// A backfill that has begun, and how far it is.
    Backfill(Box<BackfillProgress>),
    /// A contract, and what its gate says.
    Gate(Verdict),
}

impl Migrator {
    /// The rollout of this set: who is alive, what waits for whom; and what an operator may say.
    pub fn rollout(&self) -> Rollout<'_> {
        Rollout { migrator: self }
    }
}

impl Rollout<'_> {
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
            let set = context.source().set()?;
            let client = session::borrow(context.pool()).await?;
            let facts = Facts::read(&client, context.tables()).await?;
            let (gate, progress) = match &facts {
                Facts::Current(_) => (
                    read_facts(&client, context.tables()).await?,
                    read_progress(&client, context.tables()).await?,
                ),
                // Tables that nobody has registered in, nor worked on a backfill.
                Facts::Untouched | Facts::Older { .. } => (read_nobody(&client).await?, Vec::new()),
            };
            let later = set.versioned().iter().filter(|it| it.header().phase != Phase::Expand);
            let migrations = later.filter_map(|it| {
                let (version, phase) = (it.version()?, it.header().phase);
                let contract = Contract::of(&set, version);
                let state = self.state(facts.history(), it.id(), contract.as_ref(), &gate);
                let begun = progress.iter().find(|it| it.version == version);
                let state = match (state, begun) {
                    (RolloutState::Pending, Some(progress)) => {
                        RolloutState::Backfill(Box::new(progress.clone()))
                    }
                    (state, _) => state,
                };
                Some(RolloutMigration { version, label: it.label(), phase, state })
            });
            let migrations = migrations.collect();
            Ok(RolloutStatus { migrations, instances: gate.instances, words: gate.words, at: gate.now })
        })
    }

    fn state(
        &self,
        history: &History,
        id: &MigrationId,
        contract: Option<&Contract>,
        gate: &GateFacts,
    ) -> RolloutState {
        match (history.get(id).map(|row| row.state), contract) {
            (Some(AppliedState::Applied | AppliedState::Baseline), _) => RolloutState::Applied,
            (Some(AppliedState::UpFailed { .. } | AppliedState::DownFailed { .. }), _) => {
                RolloutState::Stopped
            }
            (None, None) => RolloutState::Pending,
            (None, Some(contract)) => {
                let policy = &self.migrator.context.settings().gate;
                RolloutState::Gate(judge(contract, gate, policy, &Watch::Bystander))
            }
        }
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
        let set = self.migrator.context.source().set()?;
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
            let known = read_facts(&client, context.tables()).await?.instances;
            drop(client);
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
                vec![Param::text(kind.text()), about, Param::text(reason)],
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
        let set = context.source().set()?;
        let id = version.map_or(MigrationId::Repeatable("rollout".to_owned()), MigrationId::Version);
        let name = version.and_then(|it| set.get(it)).map_or("rollout", |it| it.name());
        let entry = AuditEntry::done(action, &id, name).detail(detail);
        let writer = context.writer();
        let audit = writer.tables.sql(crate::history::sql::RECORD_AUDIT);
        messages.push(Message::bound(Purpose::Record, audit, entry.values(&writer)));
        match Lock::ask(context, |_| Ok(Need::Work)).await? {
            Asked::NotNeeded(_) => Ok(()),
            Asked::Held(lock, _) => lock.write_all(&messages, "write what was said").await,
        }
    }
}

impl fmt::Display for RolloutState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RolloutState::Applied => f.write_str("applied"),
            RolloutState::Stopped => f.write_str("stopped in the middle"),
            RolloutState::Pending => f.write_str("pending"),
            RolloutState::Backfill(progress) => progress.fmt(f),
            RolloutState::Gate(Verdict::Open) => f.write_str("its gate is open"),
            RolloutState::Gate(Verdict::Closed(_)) => f.write_str("waits"),
        }
    }
}

impl fmt::Display for RolloutStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let widest = self.migrations.iter().map(|it| it.label.chars().count()).max().unwrap_or(0);
        for migration in &self.migrations {
            writeln!(f, "{:8}  {:widest$}  {}", migration.phase, migration.label, migration.state)?;
            if let RolloutState::Gate(Verdict::Closed(reasons)) = &migration.state {
                reasons.iter().try_for_each(|reason| writeln!(f, "          - {reason}"))?;
            }
        }
        for instance in &self.instances {
            let ago = |moment: time::OffsetDateTime| {
                human(std::time::Duration::try_from(self.at - moment).unwrap_or_default())
            };
            let state = match instance.left_at {
                Some(left) => format!("left {} ago", ago(left)),
                None if instance.expires_at > self.at => format!("alive, seen {} ago", ago(instance.seen_at)),
                None => format!("lease over, seen {} ago", ago(instance.seen_at)),
            };
            writeln!(f, "instance  {instance}: {state}")?;
        }
        for word in &self.words {
            let about = word.version.map_or("all contracts".to_owned(), |it| it.to_string());
            writeln!(f, "{:8}  {about}: {}, said by {}", word.kind.text(), word.reason, word.role)?;
        }
        Ok(())
    }
}
