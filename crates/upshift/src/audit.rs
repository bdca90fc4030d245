//! The audit: who did what, append-only, each row chained to its predecessor by a hash.

use std::cmp::Ordering;
use std::fmt;
use std::time::Duration;

use time::OffsetDateTime;
use tokio_postgres::{Client, Row};

use crate::context::Here;
use crate::error::Error;
use crate::facts::Facts;
use crate::history::privilege::Wanted;
use crate::history::sql::{self, Tables};
use crate::lock::{Asked, Lock, Need};
use crate::migrator::Migrator;
use crate::plan::messages::AuditEntry;
use crate::plan::{Message, Purpose};
use crate::privilege;
use crate::report::{human, utc};
use crate::session;

/// One attempt, as the audit remembers it.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct AuditRow {
    /// Its number, from 1, without gaps.
    pub id: i64,
    /// When, by the database's clock.
    pub at: OffsetDateTime,
    /// `apply`, `revert`, `baseline`, `adopt`, `unadopt`, `repair`, `accept`, `skip`, `record`, `remark`, or what an operator
    /// said.
    pub action: String,
    /// `done` or `failed`.
    pub outcome: String,
    /// The migration's version; `None` for a repeatable one.
    pub version: Option<i64>,
    /// The migration's name.
    pub name: String,
    /// The checksum of the text that was run.
    pub checksum: Option<String>,
    /// The error, or what was said about the row.
    pub detail: Option<String>,
    /// How long it took, in milliseconds.
    pub duration_ms: i64,
    /// The database role.
    pub role: String,
    /// The service.
    pub service: Option<String>,
    /// Its release.
    pub release: Option<String>,
    /// Its host.
    pub host: Option<String>,
}

/// What [`Audit::verify`] found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AuditVerdict {
    /// Every row is as it was written, and none is gone.
    Whole {
        /// How many rows there are.
        rows: usize,
    },
    /// The first row that is not as it was written, or after which one is gone.
    Broken(BrokenRow),
}

/// The first place where the audit is not as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct BrokenRow {
    /// The row's number.
    pub id: i64,
    /// What is wrong with it.
    pub why: &'static str,
}

/// The audit of a migrator's database.
#[derive(Debug)]
pub struct Audit<'m> {
    migrator: &'m Migrator,
}

impl<'m> Audit<'m> {
    pub(crate) fn of(migrator: &'m Migrator) -> Audit<'m> {
        Audit { migrator }
    }

    /// Every row, oldest first; none in a database that was never migrated. One round trip; writes nothing.
    ///
    /// # Errors
    /// The database cannot be reached or read.
    pub async fn rows(&self) -> Result<Vec<AuditRow>, Error> {
        self.rows_here().await
    }

    fn rows_here(&self) -> Here<'_, Vec<AuditRow>> {
        Box::pin(async move {
            let tables = self.migrator.context.tables();
            let client = session::borrow(self.migrator.context.pool()).await?;
            let rows = match session::at_once(&client, read_audit(&client, tables), "read the audit").await {
                Err(error) => unless_untouched(&client, tables, error).await.map(|()| Vec::new()),
                rows => rows,
            };
            client.answered(rows)
        })
    }

    /// Writes a row of its own: something a person did around the migrations, such as the backup before a run. `about` is
    /// a word, `detail` what is to be kept.
    ///
    /// # Locks
    /// The migration lock, for a moment: rows are chained.
    ///
    /// # Errors
    /// The lock or the database cannot be had.
    pub async fn remark(&self, about: &str, detail: &str) -> Result<(), Error> {
        self.remark_here(about.to_owned(), detail.to_owned()).await
    }

    fn remark_here(&self, about: String, detail: String) -> Here<'_, ()> {
        Box::pin(async move {
            let context = &self.migrator.context;
            let entry = AuditEntry::about("remark", None, &about).detail(detail);
            let writer = context.writer();
            let message =
                Message::bound(Purpose::Record, writer.tables.sql(sql::RECORD_AUDIT), entry.values(&writer));
            match Lock::ask(context, |_| Ok(Need::Work)).await? {
                Asked::NotNeeded(_) => Ok(()),
                Asked::Held(lock, _) => lock.write_all(&[message], "write into the audit").await,
            }
        })
    }

    /// Whether every row is as it was written and none is gone.
    ///
    /// Each row carries the SHA-256 of its predecessor's hash and its own content; the lease remembers the last one.
    /// It finds what is changed or removed by hand; somebody who may write to all of upshift's tables and takes the
    /// trouble to compute every hash anew can still forge it. The audit of a database that was never migrated is whole, and
    /// empty.
    ///
    /// # Errors
    /// The database cannot be reached or read.
    pub async fn verify(&self) -> Result<AuditVerdict, Error> {
        self.verify_here().await
    }

    fn verify_here(&self) -> Here<'_, AuditVerdict> {
        Box::pin(async move {
            let broken = |cause| Error::database("verify the audit", cause);
            let client = session::borrow(self.migrator.context.pool()).await?;
            let tables = self.migrator.context.tables();
            let verify = async {
                let rows = client.query_typed(&tables.sql(sql::VERIFY_AUDIT), &[]).await.map_err(broken)?;
                verdict(&rows).map_err(broken)
            };
            let verdict = match session::at_once(&client, verify, "verify the audit").await {
                Ok(verdict) => Ok(verdict),
                Err(error) => {
                    unless_untouched(&client, tables, error).await.map(|()| AuditVerdict::Whole { rows: 0 })
                }
            };
            client.answered(verdict)
        })
    }
}

/// The error, unless none of our tables is there: an audit that is missing beside a history was taken away by hand. Where
/// the role may read none of them, it is told what it lacks.
async fn unless_untouched(client: &Client, tables: &Tables, error: Error) -> Result<(), Error> {
    if error.sqlstate() == Some("42501") {
        return Err(privilege::explained(client, tables, Wanted::Audit, error).await);
    }
    match Facts::read(client, tables).await {
        Ok(Facts::Untouched) => Ok(()),
        _ => Err(error),
    }
}

/// Every row, oldest first: one round trip.
pub(crate) async fn read_audit(client: &Client, tables: &Tables) -> Result<Vec<AuditRow>, Error> {
    let broken = |cause| Error::database("read the audit", cause);
    let rows = client.query_typed(&tables.sql(sql::READ_AUDIT), &[]).await.map_err(broken)?;
    rows.iter().map(row).collect::<Result<_, _>>().map_err(broken)
}

impl AuditRow {
    /// What a person calls what it is about: a migration as [`crate::MigrationStatus::label`] does, or else its name.
    pub fn label(&self) -> String {
        match (self.version, self.action.as_str()) {
            (Some(version), _) => format!("{version}_{}", self.name),
            (None, "apply" | "revert" | "record" | "skip") => format!("R__{}", self.name),
            // About no migration: a backup, an operator's word.
            (None, _) => self.name.clone(),
        }
    }
}

/// A row as a person reads it: when, what, which migration, by whom, and what was said about it.
impl fmt::Display for AuditRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let label = self.label();
        let (at, took) = (utc(self.at), human(Duration::from_millis(self.duration_ms.unsigned_abs())));
        write!(
            f,
            "{:4}  {at}  {:8} {:6} {label}  {took}  {}",
            self.id, self.action, self.outcome, self.role
        )?;
        if let Some(service) = &self.service {
            write!(f, "  {service} {}", self.release.as_deref().unwrap_or_default())?;
        }
        match &self.detail {
            Some(detail) => write!(f, "\n      {}", detail.replace('\n', "\n      ")),
            None => Ok(()),
        }
    }
}

fn verdict(rows: &[Row]) -> Result<AuditVerdict, tokio_postgres::Error> {
    let (mut count, mut last, mut expected) = (0, 0, 0);
    for row in rows {
        expected = row.try_get("last_id")?;
        let Some(id) = row.try_get::<_, Option<i64>>("id")? else { continue };
        let why = if !row.try_get::<_, bool>("counted")? {
            Some("a row before it is gone")
        } else if !row.try_get::<_, bool>("own")? {
            Some("its content is not what was written")
        } else if !row.try_get::<_, bool>("linked")? {
            Some("it does not follow the row before it")
        } else if row.try_get::<_, Option<bool>>("ending")? == Some(false) {
            Some("it is not the last row that was written")
        } else {
            None
        };
        if let Some(why) = why {
            return Ok(AuditVerdict::Broken(BrokenRow { id, why }));
        }
        (count, last) = (count + 1, id);
    }
    let (id, why) = match last.cmp(&expected) {
        _ if rows.is_empty() => (1, "the lease, which remembers the last row, is gone"),
        Ordering::Equal => return Ok(AuditVerdict::Whole { rows: count }),
        Ordering::Less => (last + 1, "it was written and is gone"),
        Ordering::Greater => (expected + 1, "it was not written by a migrator"),
    };
    Ok(AuditVerdict::Broken(BrokenRow { id, why }))
}

fn row(row: &Row) -> Result<AuditRow, tokio_postgres::Error> {
    Ok(AuditRow {
        id: row.try_get("id")?,
        at: row.try_get("at")?,
        action: row.try_get("action")?,
        outcome: row.try_get("outcome")?,
        version: row.try_get("version")?,
        name: row.try_get("name")?,
        checksum: row.try_get("checksum")?,
        detail: row.try_get("detail")?,
        duration_ms: row.try_get("duration_ms")?,
        role: row.try_get("role")?,
        service: row.try_get("service")?,
        release: row.try_get("release")?,
        host: row.try_get("host")?,
    })
}
