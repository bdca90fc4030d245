//! One migrator at a time per history schema: taken, kept, given back; never a blocking call.
//!
//! The lock lives on the connection that does the work, so that losing the one is losing the other. Behind a transaction
//! pooler, which hands a session from client to client, it is the lock of a transaction held open on a second connection.
//! Either way the lease row carries owner and fencing token, and every history row is written through it.

mod attempt;

use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use futures_util::future::{Either, OptionFuture, join, join4, select};
use tokio_postgres::Client;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::{ToSql, Type};
use tracing::Instrument as _;
use upshift_files::mask_secrets_in_sql;

use self::attempt::{Attempt, STAY_OPEN, Way, attempt};
use crate::backoff::{Backoff, random_bits};
use crate::context::Context;
use crate::error::{Error, Holder};
use crate::event::Event;
use crate::facts::Facts;
use crate::history::sql::{self, FORMAT, Tables};
use crate::plan::{Lease, Message, Plan};
use crate::privilege;
use crate::session::Session;
use crate::settings::milliseconds;
use crate::spans;
use crate::wire::{Prepared, Wire};

/// The lock, held: the session that works, who we are, and what the history said once nobody else could write it.
pub(crate) struct Lock {
    pub(crate) session: Session,
    pub(crate) lease: Lease,
    pub(crate) server: ServerFacts,
    /// How long another migrator had it.
    pub(crate) waited: Duration,
    /// What every step sends, read and planned once; nothing behind a pooler, where sessions belong to nobody.
    prepared: Vec<Prepared>,
    spoiled: AtomicBool,
    key: i64,
    keeper: Keeper,
}

/// What holds the lock.
enum Keeper {
    /// The working session itself.
    Session,
    /// A transaction held open on a connection of its own.
    Transaction(Session),
}

/// What the server told while the lock was taken.
#[derive(Debug, Clone, Default)]
pub(crate) struct ServerFacts {
    /// The process that serves the working session; unknown behind a pooler, where it changes.
    pub(crate) pid: Option<i32>,
    /// Whether it can be told to look now and then if its client is still there (PostgreSQL 14, not on Windows).
    pub(crate) watches_clients: bool,
    /// Settings the pool made on the connection, which `RESET ALL` would lose.
    pub(crate) settings: Vec<(String, String)>,
}

/// Whether a history leaves anything to do under the lock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Need {
    Work,
    Nothing,
}

impl Need {
    /// Of this plan.
    pub(crate) fn of(plan: &Plan) -> Need {
        if plan.is_empty() { Need::Nothing } else { Need::Work }
    }
}

/// What came of asking for the lock.
pub(crate) enum Asked {
    /// It is ours, and this is the history.
    Held(Box<Lock>, Facts),
    /// Somebody else has done the work meanwhile.
    NotNeeded(Facts),
}

/// Between two attempts. The first is short for the common case of a few quick migrations, the longest spares the
/// server when many wait.
const FIRST_PAUSE: Duration = Duration::from_millis(10);
const LONGEST_PAUSE: Duration = Duration::from_millis(100);
/// Who waits for no migrator still waits this long for what making tables meets by chance, such as a catalog that grows.
const SHORTEST_WAIT: Duration = Duration::from_millis(100);
/// A transaction pooler, or a firewall, may end what is silent for too long.
const HEARTBEAT: Duration = Duration::from_secs(5);

impl Lock {
    /// Asks for the lock until it is ours, nothing is left to do, or the wait is over.
    ///
    /// Each attempt reads the history in the same round trip; `need` judges it.
    pub(crate) async fn ask(
        context: &Context,
        need: impl Fn(&Facts) -> Result<Need, Error>,
    ) -> Result<Asked, Error> {
        Lock::asked(context, need).instrument(spans::lock()).await
    }

    async fn asked(context: &Context, need: impl Fn(&Facts) -> Result<Need, Error>) -> Result<Asked, Error> {
        let session = Session::open(context.pool()).await?;
        let told = session.told_pid().await;
        let key = context.tables().advisory_key(sql::LOCK);
        let mut backoff = Backoff::new(context.settings().lock.wait, FIRST_PAUSE, LONGEST_PAUSE);
        let mut way = Way::of(told);
        let mut waited = Duration::ZERO;
        let mut unasked = true;
        loop {
            let privileges = unasked.then(|| privilege::read(session.client(), context.tables()));
            let (attempted, privileges) =
                attempt(context, &session, &mut way, (key, told), OptionFuture::from(privileges)).await;
            unasked = false;
            let need = attempted.as_ref().map_or(Ok(Need::Work), |(_, facts)| need(facts))?;
            if let (Need::Work, Some(privileges)) = (need, privileges) {
                let format = attempted.as_ref().ok().map(|(_, facts)| facts.format());
                privilege::refuse(privileges, context.tables(), context.wanted_by_a_run(), format)?;
            }
            let (attempt, facts) = attempted?;
            match attempt {
                Attempt::Locked(locked) => {
                    let (keeper, server) = *locked;
                    let lease = Lease { token: 0, audited: 0, owner: String::new() };
                    let spoiled = AtomicBool::new(false);
                    let lock =
                        Lock { session, lease, server, waited, prepared: Vec::new(), spoiled, key, keeper };
                    let wait = context.settings().lock.wait.saturating_sub(backoff.elapsed());
                    return lock.opened(context, facts, need, wait).await;
                }
                Attempt::Pooled => continue,
                Attempt::Busy if need == Need::Nothing => return Ok(Asked::NotNeeded(facts)),
                Attempt::Busy => {}
            }
            let Some(pause) = backoff.pause() else {
                let holder = holder(session.client(), sql::LOCK_HOLDER, &[(&key, Type::INT8)]).await;
                return Err(Error::locked(holder, backoff.elapsed()));
            };
            context.tell(&Event::Waiting { waited: backoff.elapsed() });
            tokio::time::sleep(pause).await;
            waited = backoff.elapsed();
        }
    }

    /// The lock is there: bring the tables to our format and take the lease, or give it back when it is not needed.
    async fn opened(
        mut self,
        context: &Context,
        facts: Facts,
        need: Need,
        wait: Duration,
    ) -> Result<Asked, Error> {
        if need == Need::Nothing {
            self.release().await?;
            return Ok(Asked::NotNeeded(facts));
        }
        let tables = context.tables();
        let owner = format!("{:016x}{:016x}", random_bits(), random_bits());
        let began = Instant::now();
        let taken = {
            let client = self.session.client();
            let identity = &context.settings().identity;
            let take = tables.sql(sql::TAKE_LEASE);
            let values: [(&(dyn ToSql + Sync), Type); 4] = [
                (&owner, Type::TEXT),
                (&identity.service, Type::TEXT),
                (&identity.release, Type::TEXT),
                (&identity.host, Type::TEXT),
            ];
            let begin = self.begin_and_upgrade(tables, facts.format(), wait);
            let take = client.query_typed(&take, &values);
            let commit = client.batch_execute("commit");
            let (begun, taken, prepared, (committed, settings)) = match &self.keeper {
                Keeper::Session => {
                    // Reading a statement locks the tables in it: within the transaction, whose waits have a limit.
                    let ending = join(commit, self.session.settings());
                    join4(begin, take, self.prepare(tables), ending).await
                }
                // One after the other: see `Way::Transaction`.
                Keeper::Transaction(_) => {
                    (begin.await, take.await, Ok(Vec::new()), (commit.await, Ok(Vec::new())))
                }
            };
            let causes = [begun.as_ref().err(), taken.as_ref().err(), prepared.as_ref().err()];
            if let Some(cause) = causes.into_iter().flatten().next()
                && cause.code() == Some(&SqlState::LOCK_NOT_AVAILABLE)
            {
                let making = tables.advisory_key(sql::FORMAT_LOCK);
                let schema = tables.schema().as_str();
                let holder = match holder(client, sql::LEASE_HOLDER, &[(&schema, Type::TEXT)]).await {
                    None => holder(client, sql::LOCK_HOLDER, &[(&making, Type::INT8)]).await,
                    known => known,
                };
                return Err(Error::locked(holder, self.waited + began.elapsed()));
            }
            begun.map_err(|cause| Error::database("create upshift's tables", cause))?;
            // In the order they were sent: what came behind an error failed because of it.
            let taken = taken.map_err(|cause| Error::database("take the lease", cause))?;
            self.prepared =
                prepared.map_err(|cause| Error::database("prepare the writing of the history", cause))?;
            committed.map_err(|cause| Error::database("take the lease", cause))?;
            self.server.settings = settings.unwrap_or_default();
            taken
        };
        let Some(row) = taken.first() else { return Err(Error::no_row(tables.schema(), "lease")) };
        let taking = |cause| Error::database("take the lease", cause);
        let (token, audited) =
            (row.try_get("token").map_err(taking)?, row.try_get("audit_id").map_err(taking)?);
        self.lease = Lease { token, audited, owner };
        context.tell(&Event::LockTaken { waited: self.waited });
        Ok(Asked::Held(Box::new(self), facts))
    }

    /// Brings the tables to our format, and begins the transaction in which the lease is taken. Nothing in them waits
    /// longer than for the lock: a migrator that is gone may have left a transaction open, which holds the lease's row.
    async fn begin_and_upgrade(
        &self,
        tables: &Tables,
        format: usize,
        wait: Duration,
    ) -> Result<(), tokio_postgres::Error> {
        let begin = format!("begin; set local lock_timeout = {};", milliseconds(wait.max(SHORTEST_WAIT)));
        let sql = if format < FORMAT {
            format!("{begin} {} commit; {begin}", tables.upgrade(format))
        } else {
            begin
        };
        self.session.client().batch_execute(&sql).await
    }

    /// Has the server read and plan what every step sends: a third of the cost of a small migration otherwise.
    async fn prepare(&self, tables: &Tables) -> Result<Vec<Prepared>, tokio_postgres::Error> {
        let client = self.session.client();
        let (guard, record) = (tables.sql(sql::GUARD), tables.sql(sql::RECORD_APPLIED));
        let (guarded, recorded) = join(client.prepare(&guard), client.prepare(&record)).await;
        Ok(vec![Prepared { sql: guard, statement: guarded? }, Prepared { sql: record, statement: recorded? }])
    }

    /// What carries messages of this lock's holder.
    pub(crate) fn wire(&self) -> Wire<'_> {
        Wire {
            client: self.session.client(),
            lease: &self.lease,
            prepared: &self.prepared,
            spoiled: &self.spoiled,
        }
    }

    /// Does the work while the lock is kept alive.
    ///
    /// # Cancel safety
    /// Dropping it drops the work; the lock goes with the connections.
    pub(crate) async fn keep<T>(&self, work: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
        let Keeper::Transaction(keeper) = &self.keeper else { return work.await };
        let heartbeat = std::pin::pin!(async {
            loop {
                tokio::time::sleep(HEARTBEAT).await;
                if let Err(cause) = keeper.client().batch_execute(STAY_OPEN).await {
                    return cause;
                }
            }
        });
        match select(std::pin::pin!(work), heartbeat).await {
            Either::Left((done, _)) => done,
            // The session is closed with us; what it was doing ends with it, and its history row cannot be written.
            Either::Right((cause, _)) => Err(Error::lock_lost(Some(cause))),
        }
    }

    /// Sends messages in one transaction, then gives the lock back. `doing` completes "could not …".
    pub(crate) async fn write_all(self, messages: &[Message], doing: &'static str) -> Result<(), Error> {
        self.write(messages, doing).await?;
        self.release().await
    }

    /// The same, and the lock stays.
    pub(crate) async fn write(&self, messages: &[Message], doing: &'static str) -> Result<(), Error> {
        let broken = |cause| Error::database(doing, cause);
        let client = self.session.client();
        let work = async {
            client.batch_execute("begin").await.map_err(broken)?;
            for message in messages {
                self.wire().ask(message).await.map_err(broken)?;
            }
            client.batch_execute("commit").await.map_err(broken)
        };
        self.keep(work).await
    }

    /// Gives the lock back, so that nobody has to wait for the connection's end.
    pub(crate) async fn release(self) -> Result<(), Error> {
        if self.wire().is_spoiled() {
            // Dropping closes the connection, and the lock ends with it.
            return Ok(());
        }
        self.unlock().await
    }

    /// The same, after work that may have made the database that of a set: then it is said to be settled as that, on its
    /// way together with the unlock.
    pub(crate) async fn release_settled(self, tables: &Tables, fingerprint: &str) -> Result<(), Error> {
        if self.wire().is_spoiled() {
            return Ok(());
        }
        let (sql, Lease { token, owner, .. }) = (tables.sql(sql::SETTLE), &self.lease);
        let values: [(&(dyn ToSql + Sync), Type); 3] =
            [(token, Type::INT8), (owner, Type::TEXT), (&fingerprint, Type::TEXT)];
        let settle = self.session.client().query_typed(&sql, &values);
        let (settled, unlocked) = join(settle, self.unlock()).await;
        if let Err(cause) = settled {
            tracing::warn!(%cause, "could not write that the database is settled: each boot compares the whole history");
        }
        unlocked
    }

    async fn unlock(&self) -> Result<(), Error> {
        let given_back = match &self.keeper {
            Keeper::Transaction(keeper) => {
                keeper
                    .client()
                    .batch_execute("commit")
                    .await
                    .map_err(|cause| Error::lock_lost(Some(cause)))?;
                true
            }
            Keeper::Session => {
                let client = self.session.client();
                let rows = client.query_typed(sql::RELEASE_SESSION_LOCK, &[(&self.key, Type::INT8)]).await;
                let rows = rows.map_err(|cause| Error::lock_lost(Some(cause)))?;
                rows.first().and_then(|row| row.try_get("released").ok()).unwrap_or(false)
            }
        };
        if given_back { Ok(()) } else { Err(Error::lock_lost(None)) }
    }
}

/// Who holds the lock, when the server tells.
pub(crate) async fn holder(
    client: &Client,
    sql: &str,
    values: &[(&(dyn ToSql + Sync), Type)],
) -> Option<Holder> {
    let rows = client.query_typed(sql, values).await.ok()?;
    let row = rows.first()?;
    let age: i64 = row.try_get("age_ms").ok()?;
    let text = |column: &str| row.try_get::<_, Option<String>>(column).ok().flatten().unwrap_or_default();
    Some(Holder {
        pid: row.try_get("pid").ok()?,
        role: text("role"),
        application: text("application_name"),
        host: text("host"),
        age: Duration::from_millis(age.unsigned_abs()),
        query: mask_secrets_in_sql(&text("query")).into_owned(),
    })
}
