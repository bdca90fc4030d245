//! Who waits for a lock in this database, and who is in the way: for the person on call.

use std::fmt;
use std::time::Duration;

use tokio_postgres::types::Type;
use tokio_postgres::{Client, Row};
use upshift_files::mask_secrets_in_sql;

use crate::context::Here;
use crate::error::Error;
use crate::event::Blocker;
use crate::history::lock::{ANYBODY_WAITS, WAITS};
use crate::history::sql::{self, Tables};
use crate::migrator::Migrator;
use crate::report::human;
use crate::session;
use crate::watch::blocker;

/// A session that waits for a lock.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Wait {
    /// Its process id.
    pub pid: i32,
    /// Whether it migrates.
    pub part: WaitingPart,
    /// Its `application_name`.
    pub application: String,
    /// Its role.
    pub role: String,
    /// For how long; on PostgreSQL 13, since its statement began.
    pub waited: Duration,
    /// What it wants to do.
    pub query: String,
    /// Who is in the way: holds what it wants, or stands before it.
    pub by: Vec<Blocker>,
}

/// Whose session waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WaitingPart {
    /// The one that holds the migration lock. Behind a pooler the lock is held by another session than the one that
    /// works, which is then told as [`WaitingPart::Other`].
    Migrator,
    /// Any other: a worker on a backfill, the service's own.
    Other,
}

impl Migrator {
    /// Every session of this database that waits for a lock, and who is in its way; the longest wait first, 200 at most.
    /// Writes nothing.
    ///
    /// The server tells a role that is not in `pg_read_all_stats` the queries of its own sessions alone.
    ///
    /// # Errors
    /// The database cannot be read.
    ///
    /// # Cancel safety
    /// Yes.
    pub async fn waits(&self) -> Result<Vec<Wait>, Error> {
        self.waits_here().await
    }

    fn waits_here(&self) -> Here<'_, Vec<Wait>> {
        Box::pin(async move {
            let client = session::borrow(self.context.pool()).await?;
            let waits = read_waits(&client, self.context.tables()).await;
            client.answered(waits)
        })
    }
}

/// Whether anybody waits: one round trip, and little for the server to do.
pub(crate) async fn anybody_waits(client: &Client) -> Result<Anybody, Error> {
    let reading = |cause| Error::database("look whether anybody waits for locks", cause);
    let rows = client.query_typed(ANYBODY_WAITS, &[]).await.map_err(reading)?;
    match rows.first().map(|row| row.try_get("waits")).transpose().map_err(reading)? {
        Some(false) => Ok(Anybody::Nobody),
        Some(true) | None => Ok(Anybody::Somebody),
    }
}

/// Whether anybody waits for a lock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Anybody {
    /// So who it is may be asked.
    Somebody,
    Nobody,
}

impl Anybody {
    /// Who they are: one round trip, if there is anybody.
    pub(crate) async fn read(self, client: &Client, tables: &Tables) -> Result<Vec<Wait>, Error> {
        match self {
            Anybody::Somebody => read_waits(client, tables).await,
            Anybody::Nobody => Ok(Vec::new()),
        }
    }
}

/// Reads who waits: one round trip.
async fn read_waits(client: &Client, tables: &Tables) -> Result<Vec<Wait>, Error> {
    let key = tables.advisory_key(sql::LOCK);
    let reading = |cause| Error::database("look who waits for locks", cause);
    let rows = client.query_typed(WAITS, &[(&key, Type::INT8)]).await.map_err(reading)?;
    waits(&rows).map_err(reading)
}

/// One row a waiting session and session in its way, those of one waiting session together.
fn waits(rows: &[Row]) -> Result<Vec<Wait>, tokio_postgres::Error> {
    let mut waits: Vec<Wait> = Vec::new();
    for row in rows {
        let pid = row.try_get("waiting_pid")?;
        if waits.last().is_none_or(|last| last.pid != pid) {
            let waited: i64 = row.try_get("waited_ms")?;
            let part = match row.try_get("migrates")? {
                true => WaitingPart::Migrator,
                false => WaitingPart::Other,
            };
            waits.push(Wait {
                pid,
                part,
                application: row.try_get("waiting_application")?,
                role: row.try_get("waiting_role")?,
                waited: Duration::from_millis(waited.unsigned_abs()),
                query: mask_secrets_in_sql(row.try_get("waiting_query")?).into_owned(),
                by: Vec::new(),
            });
        }
        if let (Some(wait), Some(blocker)) = (waits.last_mut(), blocker(row)) {
            wait.by.push(blocker);
        }
    }
    Ok(waits)
}

impl fmt::Display for Wait {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let who = match self.part {
            WaitingPart::Migrator => "the migration",
            WaitingPart::Other => "a session",
        };
        write!(f, "{who} (pid {}) has waited for {}: {}", self.pid, human(self.waited), self.query)?;
        self.by.iter().try_for_each(|blocker| write!(f, "\n  in the way: {blocker}"))
    }
}
