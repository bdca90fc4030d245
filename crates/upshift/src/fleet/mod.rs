//! The fleet: every process of the services on one schema, registered, alive, and told when it must not serve.
//!
//! Whoever joins says which contracts its code tolerates. A contract runs when everybody has said so of it; from then on
//! nobody can join who has not.

mod duty;
mod fitness;
mod seat;
mod switch;
mod tend;

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;
use upshift_files::{Migration, MigrationSet, Phase, Version};

use self::fitness::Standing;
use self::seat::Seat;
use crate::backoff::random_bits;
use crate::context::Here;
use crate::error::Error;
use crate::gate::GatePolicy;
use crate::history::sql::Tables;
use crate::ident::{Ident, IdentError};
use crate::migrator::Migrator;
use crate::session;

pub use duty::{Did, Tick};
pub use fitness::Fitness;
pub use switch::{Shadowed, Shape, Switch, SwitchState};

/// How long a goodbye may take; without one the lease ends by itself.
const GOODBYE: Duration = Duration::from_secs(5);

impl Migrator {
    /// Whom contracts wait for, and for how long.
    pub fn gate(mut self, policy: GatePolicy) -> Migrator {
        self.context.settings.gate = policy;
        self
    }

    /// Says that this service works on the tables of another one, whose history is in `schema`, and tolerates these of
    /// its contracts: [`Migrator::join`] then joins that fleet too.
    ///
    /// The other service names this one in [`GatePolicy::waits_for`]. The role needs SELECT on its history, and SELECT,
    /// INSERT, UPDATE and DELETE on its table `instance`.
    ///
    /// # Errors
    /// A schema name that PostgreSQL would not keep as it is.
    pub fn tolerates(
        mut self,
        schema: &str,
        contracts: impl IntoIterator<Item = Version>,
    ) -> Result<Migrator, IdentError> {
        let tables = Tables::new(Ident::new(schema)?);
        self.context.settings.tolerates.push((tables, contracts.into_iter().collect()));
        Ok(self)
    }

    /// Registers this process, before its first query, and looks after it from then on: heartbeats, backfills, and
    /// contracts once their gates open, in one task that belongs to the [`Fleet`].
    ///
    /// ```no_run
    /// # async fn serve(migrator: upshift::Migrator) -> Result<(), upshift::Error> {
    /// migrator.run().await?;
    /// let fleet = migrator.join().await?;
    /// // … serve; the readiness check asks `fleet.fitness()` …
    /// fleet.leave().await;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Locks
    /// None on tables. A transaction-level advisory lock, shared with everybody who joins: only a contract that is just
    /// being applied is waited for.
    ///
    /// # Errors
    /// [`Error::is_fenced`] when a contract is applied that this binary does not know: it must not serve.
    ///
    /// # Cancel safety
    /// Dropping the future registers nobody, or somebody whose lease ends by itself.
    pub async fn join(&self) -> Result<Fleet, Error> {
        Ok(Fleet::tended(self.register().await?))
    }

    /// As [`Migrator::join`], without a task: whoever calls this calls [`Member::tick`] at every heartbeat.
    ///
    /// # Errors
    /// As [`Migrator::join`].
    pub async fn register(&self) -> Result<Member, Error> {
        self.register_here().await
    }

    fn register_here(&self) -> Here<'_, Member> {
        Box::pin(async move {
            let set = self.context.set()?;
            let id = format!("{:08x}", random_bits() as u32);
            let settings = self.context.settings();
            let mut seats = vec![Seat::new(self.context.tables().clone(), contracts(&set))];
            let guests = settings.tolerates.iter();
            seats.extend(guests.map(|(tables, contracts)| Seat::new(tables.clone(), contracts.clone())));
            let inner = Inner {
                migrator: self.clone(),
                switches: switch::switches(&set),
                set,
                id,
                seats,
                standing: watch::Sender::new(Standing::begin()),
                duties: duty::Memory::default(),
                board: switch::Board::default(),
            };
            // From here on dropping it says goodbye, wherever it is registered already.
            let mut member = Member { inner: Arc::new(inner), goodbye: Goodbye::Owed };
            if let Err(error) = member.inner.settle_in().await {
                member.goodbye = Goodbye::Said;
                return Err(error);
            }
            Ok(member)
        })
    }
}

/// The contracts this code tolerates: those it embeds.
fn contracts(set: &MigrationSet) -> Vec<Version> {
    let contracts = set.versioned().iter().filter(|it| it.header().phase == Phase::Contract);
    contracts.filter_map(Migration::version).collect()
}

/// A registered process.
struct Inner {
    migrator: Migrator,
    set: Arc<MigrationSet>,
    id: String,
    /// Where it is registered: its own service first.
    seats: Vec<Seat>,
    standing: watch::Sender<Standing>,
    duties: duty::Memory,
    switches: switch::Switches,
    board: switch::Board,
}

/// Whether somebody still has to say goodbye for a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Goodbye {
    Owed,
    Said,
}

/// A registered process that somebody looks after by hand: [`Member::tick`] at every heartbeat.
///
/// Dropping it says goodbye, in a task of at most 5 s on the runtime it is dropped on.
pub struct Member {
    inner: Arc<Inner>,
    goodbye: Goodbye,
}

/// A registered process, with the task that looks after it.
///
/// Dropping it says goodbye: the task ends what it can end at once, deregisters, and is gone.
pub struct Fleet {
    inner: Arc<Inner>,
    task: Option<Task>,
}

/// The one task of a fleet handle.
struct Task {
    stop: oneshot::Sender<()>,
    done: JoinHandle<()>,
}

impl Member {
    /// The name it is registered by.
    pub fn id(&self) -> &str {
        &self.inner.id
    }

    /// Whether this process may serve. Asks nobody: it is what the last heartbeats said.
    pub fn fitness(&self) -> Fitness {
        self.inner.fitness()
    }

    /// One heartbeat, and one piece of what is to be done: a slice of a backfill, or a contract whose gate is open.
    ///
    /// # Errors
    /// The database cannot be reached, or what was to be done failed; the next tick tries again.
    ///
    /// # Cancel safety
    /// As [`Migrator::run`].
    pub async fn tick(&self) -> Result<Tick, Error> {
        self.tick_here().await
    }

    fn tick_here(&self) -> Here<'_, Tick> {
        Box::pin(async move {
            self.inner.beat().await?;
            let did = self.inner.duty().await?;
            Ok(Tick { fitness: self.fitness(), did })
        })
    }

    /// Deregisters.
    ///
    /// # Errors
    /// The database cannot be reached. Dropping the value, which this does, tries once more; else the lease ends by itself.
    ///
    /// # Cancel safety
    /// Dropping the future says goodbye as dropping the value does.
    pub async fn leave(mut self) -> Result<(), Error> {
        let left = self.inner.leave().await;
        if left.is_ok() {
            self.goodbye = Goodbye::Said;
        }
        left
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        if self.goodbye == Goodbye::Said {
            return;
        }
        // Without a runtime the lease ends by itself.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            let inner = Arc::clone(&self.inner);
            runtime.spawn(async move { inner.say_goodbye().await });
        }
    }
}

impl Fleet {
    fn tended(mut member: Member) -> Fleet {
        member.goodbye = Goodbye::Said;
        let inner = Arc::clone(&member.inner);
        let (stop, stopped) = oneshot::channel();
        let done = tokio::runtime::Handle::current().spawn(tend::tend(Arc::clone(&inner), stopped));
        Fleet { inner, task: Some(Task { stop, done }) }
    }

    /// The name this process is registered by.
    pub fn id(&self) -> &str {
        &self.inner.id
    }

    /// Whether this process may serve: for a readiness check. Asks nobody: it is what the last heartbeats said.
    pub fn fitness(&self) -> Fitness {
        self.inner.fitness()
    }

    /// Waits until this process must not serve any more, and says why.
    ///
    /// # Cancel safety
    /// Yes.
    pub async fn unfit(&self) -> Fitness {
        self.inner.unfit().await
    }

    /// Deregisters and waits for that, 5 s at most; without it the lease ends by itself.
    pub async fn leave(mut self) {
        let Some(Task { stop, done }) = self.task.take() else { return };
        // The task may have ended with its runtime.
        let told = stop.send(());
        let ended = tokio::time::timeout(GOODBYE * 2, done).await;
        tracing::debug!(?told, ended = ended.is_ok(), "left the fleet");
    }
}

impl Inner {
    fn policy(&self) -> &GatePolicy {
        &self.migrator.context.settings().gate
    }

    /// Registers everywhere, or nowhere: one that does not come to serve must hold up nobody for as long as a lease.
    async fn settle_in(&self) -> Result<(), Error> {
        for (at, seat) in self.seats.iter().enumerate() {
            match seat.take(self).await {
                Ok(seat::Taken::Seated) => {}
                Ok(seat::Taken::Fenced(refusals)) => {
                    if at > 0 {
                        self.say_goodbye().await;
                    }
                    return Err(Error::refused(refusals));
                }
                Err(error) => {
                    // Where only the answer was lost it is registered.
                    if at > 0 || error.is_connection_lost() {
                        self.say_goodbye().await;
                    }
                    return Err(error);
                }
            }
        }
        if let Err(error) = self.look_at_switches().await {
            self.say_goodbye().await;
            return Err(error);
        }
        self.standing.send_replace(Standing::begin());
        Ok(())
    }

    /// One heartbeat everywhere: one round trip a seat.
    async fn beat(&self) -> Result<(), Error> {
        let began = Instant::now();
        // Ahead of the heartbeat, which says when this was: a contract counts on its having been heard.
        let looked = self.look_at_switches().await?;
        for seat in &self.seats {
            let fenced = seat.renew(self, looked).await?;
            if !fenced.is_empty() {
                tracing::error!(
                    id = self.id,
                    ?fenced,
                    "a contract is applied that this binary does not know"
                );
                self.stand(Standing::Fenced(fenced));
                return Ok(());
            }
        }
        self.standing.send_modify(|standing| standing.beaten(began));
        Ok(())
    }

    async fn leave(&self) -> Result<(), Error> {
        let client = session::borrow(self.migrator.context.pool()).await?;
        for seat in &self.seats {
            seat.leave(&client, &self.id).await?;
        }
        client.give_back();
        Ok(())
    }

    /// Deregisters, if that can be had soon.
    async fn say_goodbye(&self) {
        match tokio::time::timeout(GOODBYE, self.leave()).await {
            Ok(Ok(())) => tracing::debug!(id = self.id, "deregistered"),
            Ok(Err(cause)) => {
                tracing::warn!(id = self.id, %cause, "could not deregister: the lease ends by itself")
            }
            Err(_) => tracing::warn!(id = self.id, "could not deregister in time: the lease ends by itself"),
        }
    }
}

impl std::fmt::Debug for Member {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Member").field("id", &self.inner.id).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Fleet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Fleet").field("id", &self.inner.id).finish_non_exhaustive()
    }
}
