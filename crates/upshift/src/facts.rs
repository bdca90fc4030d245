//! Reading the history: one query, one round trip, nothing written.

use deadpool_postgres::Pool;
use time::OffsetDateTime;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::Type;
use tokio_postgres::{Client, Row};
use upshift_files::{Checksum, MigrationId, Phase, Version};

use crate::error::Error;
use crate::history::privilege::Wanted;
use crate::history::renumber::READ_BEGUN;
use crate::history::sql::{self, FORMAT, Tables};
use crate::history::{Applied, AppliedState, History, Texts};
use crate::plan::{Begun, Going, Known};
use crate::{privilege, session};

/// What the database says before anything is decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Facts {
    /// No tables of ours: nothing was ever applied here.
    Untouched,
    /// Tables in an older format; their rows are readable all the same.
    Older { format: usize, history: History },
    /// Tables as this library writes them.
    Current(History),
}

/// What came of a look at a database that may have nothing to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Look {
    /// Its history is that of the set, whole, and of nothing else. The format of its tables may be older.
    Settled { format: usize },
    /// It is to be compared.
    Unsettled(Facts),
}

impl Look {
    /// Looks whether the database is settled as this fingerprint, and reads the facts where it is not: one round trip.
    pub(crate) async fn at(client: &Client, tables: &Tables, fingerprint: &str) -> Result<Look, Error> {
        read(client, tables, Some(fingerprint)).await
    }

    /// The same in a transaction that is there already.
    pub(crate) async fn within(client: &Client, tables: &Tables, fingerprint: &str) -> Result<Look, Error> {
        read_within(client, tables, Some(fingerprint)).await
    }

    /// The same over a connection on which nothing else was asked, and without a transaction, which would be a tenth of a boot
    /// with nothing to do. Behind an error, be it that nothing was ever applied, nothing more is asked there.
    pub(crate) async fn alone(pool: &Pool, tables: &Tables, fingerprint: &str) -> Result<Look, Error> {
        let client = session::borrow(pool).await?;
        match read_within(&client, tables, Some(fingerprint)).await {
            Err(error) if error.sqlstate() == Some("42501") => {
                drop(client);
                let client = session::borrow(pool).await?;
                Err(privilege::explained(&client, tables, Wanted::Read, error).await)
            }
            Ok(Look::Unsettled(Facts::Untouched)) => Ok(Look::Unsettled(Facts::Untouched)),
            look => client.answered(look),
        }
    }

    /// What was read without asking whether the database is settled: no database is settled as nothing.
    pub(crate) fn unsettled(self, tables: &Tables) -> Result<Facts, Error> {
        match self {
            Look::Unsettled(facts) => Ok(facts),
            Look::Settled { .. } => Err(Error::no_row(tables.schema(), "history")),
        }
    }
}

/// In a transaction of its own: that our tables are not there is an error to the server, whose answer ends with that of
/// the commit, and so before anything else is asked.
async fn read(client: &Client, tables: &Tables, fingerprint: Option<&str>) -> Result<Look, Error> {
    let (transaction, read) = session::in_transaction(client, read_within(client, tables, fingerprint)).await;
    match session::whole(transaction, read, READING) {
        Err(error) if error.sqlstate() == Some("42501") => {
            Err(privilege::explained(client, tables, Wanted::Read, error).await)
        }
        read => read,
    }
}

async fn read_within(client: &Client, tables: &Tables, fingerprint: Option<&str>) -> Result<Look, Error> {
    let sql = tables.sql(sql::READ);
    match client.query_typed(&sql, &[(&fingerprint, Type::TEXT)]).await {
        Ok(rows) if is_settled(&rows)? => Ok(Look::Settled { format: format(&rows, tables)? }),
        Ok(rows) => Facts::from_rows(&rows, tables).map(Look::Unsettled),
        Err(cause) if is_untouched(&cause) => Ok(Look::Unsettled(Facts::Untouched)),
        Err(cause) => Err(reading(cause)),
    }
}

const READING: &str = "read the history";

fn reading(cause: tokio_postgres::Error) -> Error {
    Error::database(READING, cause)
}

fn is_settled(rows: &[Row]) -> Result<bool, Error> {
    let settled = rows.first().map(|row| row.try_get("settled")).transpose();
    Ok(settled.map_err(reading)?.unwrap_or(false))
}

/// The format of the tables, which a newer library may have made.
fn format(rows: &[Row], tables: &Tables) -> Result<usize, Error> {
    let Some(first) = rows.first() else { return Err(Error::no_row(tables.schema(), "format")) };
    let format: i32 = first.try_get("format").map_err(reading)?;
    usize::try_from(format).map_err(|_| Error::format_wrong(i64::from(format)))
}

impl Facts {
    /// Reads them: one round trip.
    pub(crate) async fn read(client: &Client, tables: &Tables) -> Result<Facts, Error> {
        read(client, tables, None).await?.unsettled(tables)
    }

    /// The same in a transaction that is there already.
    pub(crate) async fn within(client: &Client, tables: &Tables) -> Result<Facts, Error> {
        read_within(client, tables, None).await?.unsettled(tables)
    }

    fn from_rows(rows: &[Row], tables: &Tables) -> Result<Facts, Error> {
        let format = format(rows, tables)?;
        if format > FORMAT {
            return Err(Error::format_newer(format as i64));
        }
        let applied = rows.iter().filter_map(|row| applied(row).transpose());
        let history = History::of(applied.collect::<Result<Vec<Applied>, Error>>()?);
        Ok(if format < FORMAT { Facts::Older { format, history } } else { Facts::Current(history) })
    }

    /// The history; empty where nothing was ever applied.
    pub(crate) fn history(&self) -> &History {
        static NOTHING: History = History::nothing();
        match self {
            Facts::Untouched => &NOTHING,
            Facts::Older { history, .. } | Facts::Current(history) => history,
        }
    }

    /// The format of the tables; 0 where there are none.
    pub(crate) fn format(&self) -> usize {
        match self {
            Facts::Untouched => 0,
            Facts::Older { format, .. } => *format,
            Facts::Current(_) => FORMAT,
        }
    }
}

/// Whether the server says that our tables are not there.
pub(crate) fn is_untouched(cause: &tokio_postgres::Error) -> bool {
    let missing = [SqlState::UNDEFINED_TABLE, SqlState::INVALID_SCHEMA_NAME];
    cause.code().is_some_and(|code| missing.contains(code))
}

/// One row of [`sql::READ`]; `None` for the row that an empty history has beside its format. Columns by their place:
/// looking each up by name would be a third of a boot with nothing to do.
fn applied(row: &Row) -> Result<Option<Applied>, Error> {
    let broken = reading;
    let Some(ordinal) = row.try_get::<_, Option<i64>>(1).map_err(broken)? else { return Ok(None) };
    let name: String = row.try_get(3).map_err(broken)?;
    let version: Option<i64> = row.try_get(2).map_err(broken)?;
    let wrong = |column: &'static str, value: &dyn std::fmt::Display| {
        Error::history_row(ordinal, column, value.to_string())
    };
    let id = match version {
        None => MigrationId::Repeatable(name.clone()),
        Some(number) => match u64::try_from(number).ok().and_then(Version::new) {
            Some(version) => MigrationId::Version(version),
            None => return Err(wrong("version", &number)),
        },
    };
    let checksum = |place: usize, column: &'static str| -> Result<Option<Checksum>, Error> {
        let text: Option<&str> = row.try_get(place).map_err(broken)?;
        text.map(|text| text.parse().map_err(|_| wrong(column, &text))).transpose()
    };
    let state = match row.try_get::<_, Option<&str>>(6).map_err(broken)? {
        None => AppliedState::Applied,
        Some(words) => unfinished(words).ok_or_else(|| wrong("state", &words))?,
    };
    let phase = match row.try_get::<_, Option<&str>>(7).map_err(broken)? {
        None => Phase::Expand,
        Some("backfill") => Phase::Backfill,
        Some("contract") => Phase::Contract,
        Some(other) => return Err(wrong("phase", &other)),
    };
    let (up_checksum, down_checksum) = (checksum(4, "up_checksum")?, checksum(5, "down_checksum")?);
    Ok(Some(Applied { ordinal, id, name, phase, state, up_checksum, down_checksum }))
}

/// The state of what is not applied whole: state, direction, number of statements done.
fn unfinished(words: &str) -> Option<AppliedState> {
    let mut words = words.split(' ');
    let (state, direction, done) = (words.next()?, words.next()?, words.next()?.parse().ok()?);
    match (state, direction) {
        ("baseline", _) => Some(AppliedState::Baseline),
        ("failed", "up") => Some(AppliedState::UpFailed { done }),
        ("failed", "down") => Some(AppliedState::DownFailed { done }),
        _ => None,
    }
}

/// Reads the texts of the row with this ordinal.
pub(crate) async fn read_texts(client: &Client, tables: &Tables, ordinal: i64) -> Result<Texts, Error> {
    let broken = |cause| Error::database("read the text of an applied migration", cause);
    let rows =
        client.query_typed(&tables.sql(sql::READ_TEXTS), &[(&ordinal, Type::INT8)]).await.map_err(broken)?;
    let Some(row) = rows.first() else { return Ok(Texts::default()) };
    Ok(Texts {
        up: row.try_get("up").map_err(broken)?,
        down: row.try_get("down").map_err(broken)?,
        irreversible: row.try_get("irreversible").map_err(broken)?,
        indexes_before: row.try_get("indexes_before").map_err(broken)?,
        error: row.try_get("error").map_err(broken)?,
    })
}

/// One row of the history with all that a person wants to see.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct HistoryRow {
    /// Its place in the order of application.
    pub ordinal: i64,
    /// When it was applied, by the database's clock.
    pub applied_at: OffsetDateTime,
    /// How long it took, in milliseconds; a backfill from its beginning until it was applied.
    pub duration_ms: i64,
    /// The database role that applied it.
    pub role: String,
    /// The service that applied it.
    pub service: Option<String>,
    /// That service's release.
    pub release: Option<String>,
    /// The host it ran on.
    pub host: Option<String>,
    /// Why it did not finish.
    pub error: Option<String>,
}

/// Reads the details of all rows, oldest first.
pub(crate) async fn read_details(client: &Client, tables: &Tables) -> Result<Vec<HistoryRow>, Error> {
    let broken = reading;
    let rows = match client.query_typed(&tables.sql(sql::READ_DETAILS), &[]).await {
        Ok(rows) => rows,
        Err(cause) if is_untouched(&cause) => return Ok(Vec::new()),
        Err(cause) => return Err(broken(cause)),
    };
    let read = |row: &Row| -> Result<HistoryRow, tokio_postgres::Error> {
        Ok(HistoryRow {
            ordinal: row.try_get("ordinal")?,
            applied_at: row.try_get("applied_at")?,
            duration_ms: row.try_get("duration_ms")?,
            role: row.try_get("role")?,
            service: row.try_get("service")?,
            release: row.try_get("release")?,
            host: row.try_get("host")?,
            error: row.try_get("error")?,
        })
    };
    rows.iter().map(read).collect::<Result<_, _>>().map_err(broken)
}

/// The backfills that have begun and are not applied.
pub(crate) async fn read_begun(client: &Client, tables: &Tables) -> Result<Vec<Begun>, Error> {
    let broken = |cause| Error::database("read which backfills have begun", cause);
    let rows = match client.query_typed(&tables.sql(READ_BEGUN), &[]).await {
        Ok(rows) => rows,
        // Tables of a format that has no backfills.
        Err(cause) if is_untouched(&cause) => return Ok(Vec::new()),
        Err(cause) => return Err(broken(cause)),
    };
    let mut begun = Vec::new();
    for row in &rows {
        let (version, name, text): (i64, String, String) = (
            row.try_get("version").map_err(broken)?,
            row.try_get("name").map_err(broken)?,
            row.try_get("checksum").map_err(broken)?,
        );
        let state: &str = row.try_get("state").map_err(broken)?;
        let version = u64::try_from(version).ok().and_then(Version::new);
        if let (Some(version), Ok(text)) = (version, text.parse()) {
            let going = if state == "cancelled" { Going::No } else { Going::On };
            begun.push(Begun { known: Known { version, name, text }, going });
        }
    }
    Ok(begun)
}
