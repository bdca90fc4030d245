//! Switches: code learns from the schema's real state which shape to read and write.

use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::future::{TryFutureExt, join, try_join3};
use time::OffsetDateTime;
use tokio_postgres::types::Type;
use upshift_files::{MigrationSet, Phase, Version};

use super::{Fleet, Inner, Member};
use crate::error::Error;
use crate::event::Event;
use crate::gate::Share;
use crate::gatekeeper::read_switch;
use crate::history::fleet;
use crate::session;

/// Which shape code reads and writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Shape {
    /// The one that a contract will take away.
    Old,
    /// The one that an expand has added.
    New,
}

/// How far a change is, whose migrations name the same switch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SwitchState {
    /// The new shape is not there.
    Absent,
    /// It is there, and not filled.
    Expanded,
    /// Both shapes are there and filled.
    Backfilled,
    /// The old shape is gone.
    Contracted,
}

/// A switch: `-- upshift: switch NAME` in the header of a change's expand, backfill and contract.
///
/// It tells what the last heartbeat saw. A contract waits until everybody has heard that everybody uses the new shape, so
/// what a switch tells is true for as long as a request takes. Cheap to clone.
#[derive(Clone)]
pub struct Switch {
    inner: Arc<Inner>,
    name: Arc<str>,
    counts: Arc<Counts>,
}

#[derive(Debug, Default)]
struct Counts {
    compared: AtomicU64,
    different: AtomicU64,
    failed: AtomicU64,
}

/// What comparing both shapes came to, in this process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Shadowed {
    /// How often both gave an answer.
    pub compared: u64,
    /// How often the answers were different ones.
    pub different: u64,
    /// How often the shape that was not asked for failed.
    pub failed: u64,
}

/// What the last heartbeat saw of all switches.
#[derive(Debug, Default)]
pub(super) struct Board(Mutex<BTreeMap<String, Seen>>);

#[derive(Debug, Clone)]
struct Seen {
    state: SwitchState,
    share: Share,
}

/// The migrations of each switch of a set.
pub(super) type Switches = BTreeMap<String, BTreeMap<Phase, Vec<Version>>>;

pub(super) fn switches(set: &MigrationSet) -> Switches {
    let mut switches = Switches::new();
    for migration in set.versioned() {
        let (Some(name), Some(version)) = (&migration.header().switch, migration.version()) else { continue };
        let phases = switches.entry(name.clone()).or_default();
        phases.entry(migration.header().phase).or_default().push(version);
    }
    switches
}

/// How far a change is, from which of its migrations are applied.
fn state(phases: &BTreeMap<Phase, Vec<Version>>, applied: &[Version]) -> SwitchState {
    let of = |phase| phases.get(&phase).map_or(&[][..], Vec::as_slice);
    let all = |phase| of(phase).iter().all(|it| applied.contains(it));
    // One of several contracts is enough: the first one hides the old shape.
    if of(Phase::Contract).iter().any(|it| applied.contains(it)) {
        SwitchState::Contracted
    } else if !all(Phase::Expand) {
        SwitchState::Absent
    } else if all(Phase::Backfill) {
        SwitchState::Backfilled
    } else {
        SwitchState::Expanded
    }
}

const LOOKING: &str = "look at the switches";

impl Inner {
    /// Looks at what is applied of the changes that have a switch, and says when that was: one round trip. None where
    /// there is no switch.
    pub(super) async fn look_at_switches(&self) -> Result<Option<OffsetDateTime>, Error> {
        let wanted: Vec<i64> =
            self.switches.values().flat_map(BTreeMap::values).flatten().filter_map(number).collect();
        if wanted.is_empty() {
            return Ok(None);
        }
        let looking = |cause| Error::database(LOOKING, cause);
        let context = &self.migrator.context;
        let client = session::borrow(context.pool()).await?;
        let (applied, shares) =
            (context.tables().sql(fleet::READ_APPLIED), context.tables().sql(fleet::READ_SWITCHES));
        let wanting: [(&(dyn tokio_postgres::types::ToSql + Sync), Type); 1] = [(&wanted, Type::INT8_ARRAY)];
        let questions = try_join3(
            client.query_typed(fleet::READ_CLOCK, &[]),
            client.query_typed(&applied, &wanting),
            client.query_typed(&shares, &[]),
        )
        .map_err(looking);
        let asked = session::at_once(&client, questions, LOOKING);
        let Ok(answers) = tokio::time::timeout(self.hearing(), asked).await else {
            return Err(Error::silent(LOOKING, self.hearing()));
        };
        let (clock, applied, shares) = client.answered(answers)?;
        let looked = clock.first().map(|row| row.try_get("now")).transpose().map_err(looking)?;
        let version = |row: &tokio_postgres::Row| row.try_get::<_, i64>("version");
        let applied = applied.iter().map(version).collect::<Result<Vec<_>, _>>().map_err(looking)?;
        let applied: Vec<Version> =
            applied.into_iter().filter_map(|it| u64::try_from(it).ok().and_then(Version::new)).collect();
        let shares = shares.iter().map(read_switch).collect::<Result<Vec<_>, _>>().map_err(looking)?;
        let seen = self.switches.iter().map(|(name, phases)| {
            let share = shares.iter().find(|it| it.name == *name).map_or(Share::All, |it| it.share.clone());
            (name.clone(), Seen { state: state(phases, &applied), share })
        });
        *self.board.0.lock().unwrap_or_else(PoisonError::into_inner) = seen.collect();
        Ok(looked)
    }

    fn seen(&self, name: &str) -> Option<Seen> {
        self.board.0.lock().unwrap_or_else(PoisonError::into_inner).get(name).cloned()
    }
}

fn number(version: &Version) -> Option<i64> {
    i64::try_from(version.number()).ok()
}

impl Fleet {
    /// The switch with this name; one that no migration names is always absent.
    pub fn switch(&self, name: &str) -> Switch {
        Switch::of(&self.inner, name)
    }
}

impl Member {
    /// As [`Fleet::switch`].
    pub fn switch(&self, name: &str) -> Switch {
        Switch::of(&self.inner, name)
    }
}

impl Switch {
    fn of(inner: &Arc<Inner>, name: &str) -> Switch {
        if !inner.switches.contains_key(name) {
            let known = inner.switches.keys().cloned().collect::<Vec<_>>().join(", ");
            tracing::warn!(name, known, "no migration names this switch: it stays absent");
        }
        Switch { inner: Arc::clone(inner), name: name.into(), counts: Arc::default() }
    }

    /// How far the change is.
    pub fn state(&self) -> SwitchState {
        self.inner.seen(&self.name).map_or(SwitchState::Absent, |seen| seen.state)
    }

    /// The shape to use where no key tells one user from another: the new one when everybody has it.
    pub fn shape(&self) -> Shape {
        self.shape_if(|share| *share == Share::All)
    }

    /// The shape to use for this key: a user, a tenant.
    pub fn shape_for(&self, key: &str) -> Shape {
        self.shape_if(|share| share.has(&self.name, key))
    }

    fn shape_if(&self, has: impl Fn(&Share) -> bool) -> Shape {
        match self.inner.seen(&self.name) {
            Some(Seen { state: SwitchState::Contracted, .. }) => Shape::New,
            Some(Seen { state: SwitchState::Backfilled, share }) if has(&share) => Shape::New,
            _ => Shape::Old,
        }
    }

    /// Reads both shapes, where both are there and filled, and compares; the answer is that of the shape in use.
    ///
    /// What is different is counted ([`Switch::shadowed`]) and told to the observer. A write in between two reads makes
    /// them different as well, so a few differences on a busy table are none.
    ///
    /// # Errors
    /// Those of the shape in use; an error of the other one is counted.
    pub async fn shadow<T: PartialEq, E: fmt::Display>(
        &self,
        old: impl Future<Output = Result<T, E>>,
        new: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        let shape = self.shape();
        match (self.state(), shape) {
            (SwitchState::Absent | SwitchState::Expanded, _) => return old.await,
            (SwitchState::Contracted, _) => return new.await,
            (SwitchState::Backfilled, _) => {}
        }
        let (old, new) = join(old, new).await;
        let (used, other) = match shape {
            Shape::Old => (old, new),
            Shape::New => (new, old),
        };
        let used = used?;
        match other {
            Ok(other) => {
                self.counts.compared.fetch_add(1, Ordering::Relaxed);
                if other != used {
                    self.counts.different.fetch_add(1, Ordering::Relaxed);
                    self.tell("the two shapes gave different answers");
                }
            }
            Err(error) => {
                self.counts.failed.fetch_add(1, Ordering::Relaxed);
                self.tell(&error.to_string());
            }
        }
        Ok(used)
    }

    fn tell(&self, why: &str) {
        self.inner.migrator.context.tell(&Event::Shadow { switch: &self.name, why });
    }

    /// What [`Switch::shadow`] of this value and its clones came to.
    pub fn shadowed(&self) -> Shadowed {
        let count = |count: &AtomicU64| count.load(Ordering::Relaxed);
        Shadowed {
            compared: count(&self.counts.compared),
            different: count(&self.counts.different),
            failed: count(&self.counts.failed),
        }
    }
}

impl fmt::Debug for Switch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Switch")
            .field("name", &self.name)
            .field("state", &self.state())
            .finish_non_exhaustive()
    }
}

impl fmt::Display for SwitchState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            SwitchState::Absent => "absent",
            SwitchState::Expanded => "expanded",
            SwitchState::Backfilled => "backfilled",
            SwitchState::Contracted => "contracted",
        })
    }
}
