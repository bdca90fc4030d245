//! Reading what a judgement needs: six questions on their way at once, nothing written.

use futures_util::future::{try_join, try_join4};
use time::OffsetDateTime;
use tokio_postgres::{Client, Row};
use upshift_files::Version;

use crate::error::Error;
use crate::gate::{
    AppliedFact, GateFacts, Instance, PreparedFact, SessionFact, SessionTag, Share, SwitchFact, Word,
    WordKind,
};
use crate::history::fleet;
use crate::history::sql::{FORMAT, Tables};

/// Who is there, and what operators said: what is known of a rollout that has nothing to wait for.
pub(crate) struct Company {
    /// The database's clock when this was read.
    pub(crate) now: OffsetDateTime,
    /// Who was registered in the last day.
    pub(crate) instances: Vec<Instance>,
    /// What operators said.
    pub(crate) words: Vec<Word>,
}

/// Reads who is there: one round trip. Tables of this format may be older than registering.
pub(crate) async fn company(client: &Client, tables: &Tables, format: usize) -> Result<Company, Error> {
    if format < FORMAT {
        let now = clock(client).await?;
        return Ok(Company { now, instances: Vec::new(), words: Vec::new() });
    }
    let (instances, words) = (tables.sql(fleet::READ_INSTANCES), tables.sql(fleet::READ_WORDS));
    let read = try_join(client.query_typed(&instances, &[]), client.query_typed(&words, &[]));
    let (instances, words) = read.await.map_err(broken)?;
    let Some(first) = instances.first() else { return Err(Error::no_row(tables.schema(), "instance")) };
    Ok(Company {
        now: first.try_get("now").map_err(broken)?,
        instances: all(&instances, instance)?,
        words: all(&words, word)?,
    })
}

async fn clock(client: &Client) -> Result<OffsetDateTime, Error> {
    let clock = client.query_typed(fleet::READ_CLOCK, &[]).await.map_err(broken)?;
    let now = clock.first().map(|row| row.try_get("now")).transpose().map_err(broken)?;
    Ok(now.unwrap_or(OffsetDateTime::UNIX_EPOCH))
}

/// Reads what a judgement needs: one round trip. In a transaction (READ COMMITTED) each question sees what was committed
/// before it.
pub(crate) async fn read(client: &Client, tables: &Tables) -> Result<GateFacts, Error> {
    let (applied, switches) = (tables.sql(fleet::READ_APPLIED_AT), tables.sql(fleet::READ_SWITCHES));
    let beside = try_join4(
        client.query_typed(&applied, &[]),
        client.query_typed(fleet::READ_SESSIONS, &[]),
        client.query_typed(fleet::READ_PREPARED, &[]),
        client.query_typed(&switches, &[]),
    );
    let beside = async { beside.await.map_err(broken) };
    let (company, (applied, sessions, prepared, switches)) =
        try_join(company(client, tables, FORMAT), beside).await?;
    let Company { now, instances, words } = company;
    Ok(GateFacts {
        now,
        instances,
        words,
        sessions: all(&sessions, |row| session(row).map(Some))?,
        prepared: all(&prepared, |row| prepared_fact(row).map(Some))?,
        switches: all(&switches, |row| switch(row).map(Some))?,
        applied: all(&applied, applied_fact)?,
    })
}

/// What is known where there are no tables to read: what time it is.
pub(crate) async fn nobody(client: &Client) -> Result<GateFacts, Error> {
    Ok(GateFacts {
        now: clock(client).await?,
        instances: Vec::new(),
        words: Vec::new(),
        sessions: Vec::new(),
        prepared: Vec::new(),
        switches: Vec::new(),
        applied: Vec::new(),
    })
}

fn broken(cause: tokio_postgres::Error) -> Error {
    Error::database("read who is alive", cause)
}

fn all<T>(
    rows: &[Row],
    read: impl Fn(&Row) -> Result<Option<T>, tokio_postgres::Error>,
) -> Result<Vec<T>, Error> {
    rows.iter().filter_map(|row| read(row).transpose()).collect::<Result<_, _>>().map_err(broken)
}

/// `None` for the row that an empty table has beside the clock.
fn instance(row: &Row) -> Result<Option<Instance>, tokio_postgres::Error> {
    let Some(id) = row.try_get("id")? else { return Ok(None) };
    let contracts: Vec<i64> = row.try_get("contracts")?;
    let tag = SessionTag {
        role: row.try_get("role")?,
        application: row.try_get("application")?,
        address: row.try_get("address")?,
    };
    Ok(Some(Instance {
        id,
        service: row.try_get("service")?,
        release: row.try_get("release")?,
        host: row.try_get("host")?,
        tag,
        contracts: contracts.into_iter().filter_map(version).collect(),
        joined_at: row.try_get("joined_at")?,
        seen_at: row.try_get("seen_at")?,
        expires_at: row.try_get("expires_at")?,
        left_at: row.try_get("left_at")?,
    }))
}

/// `None` for a word this release does not know.
fn word(row: &Row) -> Result<Option<Word>, tokio_postgres::Error> {
    let kind: &str = row.try_get("kind")?;
    let Some(kind) = [WordKind::Hold, WordKind::Approval].into_iter().find(|it| it.text() == kind) else {
        return Ok(None);
    };
    let about: Option<i64> = row.try_get("version")?;
    Ok(Some(Word {
        kind,
        version: about.and_then(version),
        reason: row.try_get("reason")?,
        role: row.try_get("role")?,
        at: row.try_get("at")?,
    }))
}

/// A switch that an operator has set.
pub(crate) fn switch(row: &Row) -> Result<SwitchFact, tokio_postgres::Error> {
    let percentage: i32 = row.try_get("percentage")?;
    let percentage = u8::try_from(percentage.clamp(0, 100)).unwrap_or(100);
    let share = Share::Part { percentage, keys: row.try_get("keys")? }.simple();
    Ok(SwitchFact { name: row.try_get("name")?, share, at: row.try_get("at")? })
}

fn session(row: &Row) -> Result<SessionFact, tokio_postgres::Error> {
    let tag = SessionTag {
        role: row.try_get("role")?,
        application: row.try_get("application")?,
        address: row.try_get("address")?,
    };
    Ok(SessionFact { pid: row.try_get("pid")?, tag, transaction_since: row.try_get("xact_start")? })
}

fn prepared_fact(row: &Row) -> Result<PreparedFact, tokio_postgres::Error> {
    Ok(PreparedFact { gid: row.try_get("gid")?, role: row.try_get("role")?, since: row.try_get("prepared")? })
}

fn applied_fact(row: &Row) -> Result<Option<AppliedFact>, tokio_postgres::Error> {
    let Some(version) = version(row.try_get("version")?) else { return Ok(None) };
    Ok(Some(AppliedFact { version, at: row.try_get("applied_at")? }))
}

fn version(number: i64) -> Option<Version> {
    u64::try_from(number).ok().and_then(Version::new)
}
