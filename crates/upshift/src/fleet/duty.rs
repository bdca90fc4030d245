//! What a fleet does beside heartbeats: backfills, and contracts whose gates are open.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use upshift_files::{Migration, MigrationId, Phase, Version};

use super::{Fitness, Inner};
use crate::backfill::Worked;
use crate::error::Error;
use crate::event::Event;
use crate::facts::{Facts, Look};
use crate::gate::{Contract, Gate, Verdict, Watch, judge};
use crate::gatekeeper::{Gatekeeper, read_facts};
use crate::history::{AppliedState, History};
use crate::plan::Target;
use crate::report::Report;
use crate::session;

/// How long one works on a backfill at a time: as long as a heartbeat, so that one who does both by hand misses none.
const SHORTEST_SLICE: Duration = Duration::from_secs(1);
const LONGEST_SLICE: Duration = Duration::from_secs(10);

/// What came of one [`crate::Member::tick`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Tick {
    /// Whether this process may serve.
    pub fitness: Fitness,
    /// What was done beside the heartbeat.
    pub did: Did,
}

/// What a fleet did when it looked.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Did {
    /// There is nothing to do.
    Nothing,
    /// It worked on a backfill.
    Backfilled {
        /// What a person calls it.
        label: String,
    },
    /// A backfill is not finished, and nothing was to be done on it just now.
    Held {
        /// What a person calls it.
        label: String,
        /// Why.
        why: String,
    },
    /// It applied a contract.
    Contracted {
        /// What a person calls it.
        label: String,
        /// What was done.
        report: Box<Report>,
    },
    /// Contracts are pending, and this is what their gates said.
    Waited(Vec<(String, Verdict)>),
}

/// How often each gate was found open in a row, and what it said last.
#[derive(Debug, Default)]
pub(super) struct Memory(Mutex<BTreeMap<Version, Seen>>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Seen {
    verdict: Verdict,
    times: u32,
}

impl Memory {
    /// Remembers a verdict: how often in a row it was open, and whether it is news.
    fn see(&self, version: Version, verdict: &Verdict) -> (u32, News) {
        let mut memory = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let before = memory.get(&version);
        let times = match (verdict, before) {
            (Verdict::Closed(_), _) => 0,
            (Verdict::Open, Some(Seen { verdict: Verdict::Open, times })) => times + 1,
            (Verdict::Open, _) => 1,
        };
        let same = before
            .is_some_and(|seen| matches!(seen.verdict, Verdict::Open) == matches!(verdict, Verdict::Open));
        memory.insert(version, Seen { verdict: verdict.clone(), times });
        (times, if same { News::Old } else { News::New })
    }

    fn forget(&self, version: Version) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&version);
    }
}

/// Whether observers are to be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum News {
    New,
    Old,
}

impl Inner {
    /// One piece of what is to be done.
    pub(super) async fn duty(&self) -> Result<Did, Error> {
        if !self.fitness().is_fit() {
            return Ok(Did::Nothing);
        }
        let Some(history) = self.history().await? else { return Ok(Did::Nothing) };
        let held = match next_backfill(&self.set, &history) {
            None => None,
            Some(backfill) => match self.backfill(backfill).await? {
                // What does not need it goes on meanwhile.
                held @ Did::Held { .. } => Some(held),
                did => return Ok(did),
            },
        };
        let did = self.contracts(&history).await?;
        Ok(match (did, held) {
            (Did::Nothing | Did::Waited(_), Some(held)) => held,
            (did, _) => did,
        })
    }

    /// The history; `None` where everything is applied.
    async fn history(&self) -> Result<Option<History>, Error> {
        let context = &self.migrator.context;
        let client = session::borrow(context.pool()).await?;
        let fingerprint = self.set.fingerprint();
        let look = Look::at(&client, context.tables(), &fingerprint).await;
        match client.answered(look)? {
            Look::Settled { .. } => Ok(None),
            Look::Unsettled(facts) => Ok(Some(match facts {
                Facts::Untouched => History::nothing(),
                Facts::Older { history, .. } | Facts::Current(history) => history,
            })),
        }
    }

    /// A slice of a backfill, and its end under the lock once all rows are done.
    async fn backfill(&self, migration: &Migration) -> Result<Did, Error> {
        let label = migration.label();
        let Some(version) = migration.version() else { return Ok(Did::Nothing) };
        if migration.header().backfill.is_some() {
            let slice = self.policy().heartbeat.clamp(SHORTEST_SLICE, LONGEST_SLICE);
            match self.migrator.backfills().work(version, slice).await? {
                Worked::Finished => {}
                Worked::TimeIsUp | Worked::Gone => return Ok(Did::Backfilled { label }),
                Worked::Held(why) => return Ok(Did::Held { label, why }),
                Worked::Paused(words) => return Ok(Did::Held { label, why: format!("paused: {words}") }),
                Worked::Cancelled(words) => {
                    return Ok(Did::Held { label, why: format!("cancelled: {words}") });
                }
                Worked::Failed(words) => return Ok(Did::Held { label, why: format!("failed: {words}") }),
            }
        }
        self.migrator.up(Target::Only(vec![version])).await?;
        Ok(Did::Backfilled { label })
    }

    /// Judges every pending contract; applies the first whose gate was found open often enough.
    async fn contracts(&self, history: &History) -> Result<Did, Error> {
        let pending: Vec<Contract> = self
            .set
            .versioned()
            .iter()
            .filter(|it| !is_applied(history, it.id()))
            .filter_map(|it| Contract::of(&self.set, it.version()?))
            .collect();
        if pending.is_empty() {
            return Ok(Did::Nothing);
        }
        let context = &self.migrator.context;
        let client = session::borrow(context.pool()).await?;
        let facts =
            session::at_once(&client, read_facts(&client, context.tables()), "look at the gates").await;
        let facts = client.answered(facts)?;
        let mut waited = Vec::new();
        for contract in pending {
            let verdict = judge(&contract, &facts, self.policy(), &self.watch());
            let (times, news) = self.duties.see(contract.version, &verdict);
            if news == News::New {
                let Contract { version, label, .. } = &contract;
                context.tell(&Event::Gate { version: *version, label, verdict: &verdict });
            }
            if verdict == Verdict::Open && times >= self.checks() {
                return self.contract(contract).await;
            }
            waited.push((contract.label, verdict));
        }
        Ok(Did::Waited(waited))
    }

    /// Applies a contract; its gate is looked at again in its own transaction.
    async fn contract(&self, contract: Contract) -> Result<Did, Error> {
        let (version, label) = (contract.version, contract.label.clone());
        let gatekeeper =
            Gatekeeper { contracts: vec![contract], policy: self.policy().clone(), watch: self.watch() };
        let applied = self.migrator.up_through(Target::Only(vec![version]), Some(gatekeeper)).await;
        self.duties.forget(version);
        match applied {
            // Another fleet was first.
            Ok(report) if report.is_empty() => Ok(Did::Nothing),
            Ok(report) => Ok(Did::Contracted { label, report: Box::new(report) }),
            // Somebody came at the last moment.
            Err(error) if !error.closed_by().is_empty() => {
                Ok(Did::Waited(vec![(label, Verdict::Closed(error.closed_by().to_vec()))]))
            }
            Err(error) => Err(error),
        }
    }

    fn watch(&self) -> Watch {
        Watch::Instance { id: self.id.clone(), gap: self.gap() }
    }

    fn checks(&self) -> u32 {
        if self.policy().gate == Gate::Immediate { 1 } else { self.policy().checks }
    }
}

/// The oldest backfill that is not finished and whose turn it is.
fn next_backfill<'s>(set: &'s upshift_files::MigrationSet, history: &History) -> Option<&'s Migration> {
    let mut backfills = set.versioned().iter().filter(|it| it.header().phase == Phase::Backfill);
    backfills.find(|it| !is_applied(history, it.id()) && is_prepared(set, history, it))
}

/// Whether every expand before it is applied, and what it requires.
fn is_prepared(set: &upshift_files::MigrationSet, history: &History, backfill: &Migration) -> bool {
    let older = set.versioned().iter().take_while(|it| it.version() < backfill.version());
    let mut expands = older.filter(|it| it.header().phase == Phase::Expand);
    let required = &backfill.header().requires;
    expands.all(|it| is_applied(history, it.id()))
        && required.iter().all(|it| is_applied(history, &MigrationId::Version(*it)))
}

fn is_applied(history: &History, id: &MigrationId) -> bool {
    history.get(id).is_some_and(|row| matches!(row.state, AppliedState::Applied | AppliedState::Baseline))
}
