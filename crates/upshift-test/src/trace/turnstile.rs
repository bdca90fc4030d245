//! Which locks a statement takes that no transaction can be around: it ends its transactions itself, and afterwards
//! nothing of them can be seen.
//!
//! So it is stopped at each. Before it begins, a session of ours locks every table in all modes, the strongest last,
//! with a savepoint before each. The statement waits at the first table it wants: what it waits for is written down, with
//! all that it holds, and our locks are rolled back as far as it needs, so that it goes on until it wants more. When it
//! waits for a transaction of ours to end, another one takes the same locks before that one ends. Nothing depends on
//! luck: while it waits it cannot go on, and it goes on when we let it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio_postgres::Client;
use tokio_postgres::types::Type;
use upshift_lint::statement::LockMode;

use crate::database::reach::Reach;

/// How long it goes on before somebody looks whether it waits.
const PAUSE: Duration = Duration::from_millis(2);

/// The locks that the session $1 holds or waits for, and whether it waits for one of the sessions $2.
/// Written for PostgreSQL 13 to 18.
const STATE: &str = "\
select l.locktype::text as type, l.relation, l.mode, l.granted,
    pg_catalog.pg_blocking_pids($1) operator(pg_catalog.&&) $2 as ours
from pg_catalog.pg_locks l where l.pid operator(pg_catalog.=) $1
    and (l.locktype operator(pg_catalog.=) 'relation' or not l.granted)";

/// The modes of LOCK TABLE, weakest first. SHARE is left out: who waits for EXCLUSIVE or less meets one of the others.
const MODES: [LockMode; 7] = [
    LockMode::AccessShare,
    LockMode::RowShare,
    LockMode::RowExclusive,
    LockMode::ShareUpdateExclusive,
    LockMode::ShareRowExclusive,
    LockMode::Exclusive,
    LockMode::AccessExclusive,
];

/// What was seen of a statement that was stopped wherever it could be.
#[derive(Debug, Default)]
pub(super) struct Stopped {
    /// By the relation's oid.
    pub(super) locks: BTreeMap<u32, BTreeSet<LockMode>>,
    /// How often it waited for whole transactions.
    pub(super) waits: usize,
}

/// A statement is being watched.
#[derive(Debug)]
pub(super) struct Turnstile {
    end: oneshot::Sender<()>,
    watcher: JoinHandle<Result<Stopped, tokio_postgres::Error>>,
}

impl Turnstile {
    /// Stands in front of these tables, as SQL names them by their oids, for this session.
    pub(super) async fn begin(
        reach: &Reach,
        pid: i32,
        tables: BTreeMap<u32, String>,
    ) -> Result<Turnstile, tokio_postgres::Error> {
        let mut front = Blocker::open(reach).await?;
        let other = Blocker::open(reach).await?;
        let eyes = reach.connect().await?;
        front.lock(&tables, &BTreeMap::new(), LockMode::AccessExclusive).await?;
        let (end, ended) = oneshot::channel();
        let watching = Watching { pid, tables, eyes, front, other, seen: Stopped::default() };
        Ok(Turnstile { end, watcher: tokio::spawn(watching.run(ended)) })
    }

    /// Takes all of it away, and says what was seen.
    pub(super) async fn end(self) -> Result<Stopped, tokio_postgres::Error> {
        // Nobody listens where watching has failed; then that is what comes out.
        let _ = self.end.send(());
        self.watcher.await.unwrap_or_else(|_| Ok(Stopped::default()))
    }
}

struct Watching {
    pid: i32,
    tables: BTreeMap<u32, String>,
    eyes: Client,
    front: Blocker,
    other: Blocker,
    seen: Stopped,
}

/// What the statement waits for.
enum Wait {
    Nothing,
    Lock(LockMode),
    Transaction,
}

impl Watching {
    async fn run(mut self, mut ended: oneshot::Receiver<()>) -> Result<Stopped, tokio_postgres::Error> {
        while ended.try_recv() == Err(oneshot::error::TryRecvError::Empty) {
            let (wait, held) = self.state().await?;
            match wait {
                Wait::Nothing => {
                    tokio::time::sleep(PAUSE).await;
                    continue;
                }
                Wait::Lock(mode) => self.front.let_pass(mode).await?,
                Wait::Transaction => {
                    self.seen.waits += 1;
                    self.other.lock(&self.tables, &held, LockMode::RowExclusive).await?;
                    self.front.leave().await?;
                    std::mem::swap(&mut self.front, &mut self.other);
                }
            }
        }
        self.front.leave().await?;
        Ok(self.seen)
    }

    /// What it waits for us, and what it holds; both are written down where it waits.
    async fn state(&mut self) -> Result<(Wait, BTreeMap<u32, BTreeSet<LockMode>>), tokio_postgres::Error> {
        let ours = vec![self.front.pid, self.other.pid];
        let values: [(&(dyn tokio_postgres::types::ToSql + Sync), Type); 2] =
            [(&self.pid, Type::INT4), (&ours, Type::INT4_ARRAY)];
        let mut held: BTreeMap<u32, BTreeSet<LockMode>> = BTreeMap::new();
        let (mut wait, mut stopped) = (Wait::Nothing, BTreeMap::new());
        for row in self.eyes.query_typed(STATE, &values).await? {
            let mode = LockMode::of_pg_locks(row.try_get("mode")?);
            let (granted, is_ours): (bool, bool) = (row.try_get("granted")?, row.try_get("ours")?);
            let relation: Option<u32> = row.try_get("relation")?;
            if let (Some(relation), Some(mode)) = (relation, mode) {
                stopped.entry(relation).or_insert_with(BTreeSet::new).insert(mode);
                if granted {
                    held.entry(relation).or_default().insert(mode);
                }
            }
            if !granted && is_ours {
                wait = match (relation, mode) {
                    (Some(_), Some(mode)) => Wait::Lock(mode),
                    _ => Wait::Transaction,
                };
            }
        }
        if !matches!(wait, Wait::Nothing) {
            for (relation, modes) in stopped {
                self.seen.locks.entry(relation).or_default().extend(modes);
            }
        }
        Ok((wait, held))
    }
}

/// A session that stands in the way.
struct Blocker {
    client: Client,
    pid: i32,
    /// The modes it holds.
    held: Vec<LockMode>,
}

impl Blocker {
    async fn open(reach: &Reach) -> Result<Blocker, tokio_postgres::Error> {
        let client = reach.connect().await?;
        let rows = client.query_typed("select pg_catalog.pg_backend_pid() as pid", &[]).await?;
        let pid = rows.first().map_or(Ok(0), |row| row.try_get("pid"))?;
        Ok(Blocker { client, pid, held: Vec::new() })
    }

    /// Locks the tables in every mode up to this one, but for those that the statement holds already in the way.
    async fn lock(
        &mut self,
        tables: &BTreeMap<u32, String>,
        held: &BTreeMap<u32, BTreeSet<LockMode>>,
        up_to: LockMode,
    ) -> Result<(), tokio_postgres::Error> {
        // Others may be at a table for a moment, a vacuum for one.
        self.client.batch_execute("begin; set local lock_timeout = '10s'").await?;
        self.held.clear();
        for mode in MODES.into_iter().filter(|mode| *mode <= up_to) {
            let bars =
                |oid: &u32| held.get(oid).is_some_and(|modes| modes.iter().any(|it| conflicts(*it, mode)));
            let free: Vec<&str> =
                tables.iter().filter(|(oid, _)| !bars(oid)).map(|(_, name)| name.as_str()).collect();
            let mut sql = format!("savepoint {}", savepoint(mode));
            if !free.is_empty() {
                sql.push_str(&format!("; lock table only {} in {} mode", free.join(", only "), mode.name()));
            }
            self.client.batch_execute(&sql).await?;
            self.held.push(mode);
        }
        Ok(())
    }

    /// Gives up what is in the way of this mode.
    async fn let_pass(&mut self, wanted: LockMode) -> Result<(), tokio_postgres::Error> {
        let weakest = self.held.iter().position(|mode| conflicts(*mode, wanted));
        let Some((at, mode)) = weakest.and_then(|at| Some((at, *self.held.get(at)?))) else { return Ok(()) };
        self.held.truncate(at);
        self.client.batch_execute(&format!("rollback to savepoint {}", savepoint(mode))).await
    }

    async fn leave(&mut self) -> Result<(), tokio_postgres::Error> {
        self.held.clear();
        self.client.batch_execute("rollback").await
    }
}

fn savepoint(mode: LockMode) -> String {
    mode.name().to_ascii_lowercase().replace(' ', "_")
}

/// Whether two sessions cannot hold these at the same time (manual, table 13.2).
fn conflicts(one: LockMode, other: LockMode) -> bool {
    use LockMode::{
        AccessExclusive, AccessShare, Exclusive, RowExclusive, RowShare, Share, ShareRowExclusive,
        ShareUpdateExclusive,
    };
    let (weaker, stronger) = (one.min(other), one.max(other));
    match weaker {
        AccessShare => stronger == AccessExclusive,
        RowShare => stronger >= Exclusive,
        RowExclusive => stronger >= Share,
        ShareUpdateExclusive => true,
        Share => stronger != Share,
        ShareRowExclusive | Exclusive | AccessExclusive => true,
    }
}
