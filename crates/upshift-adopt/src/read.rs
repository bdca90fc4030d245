//! Asks the database: which old histories there are, and what they hold. Written for PostgreSQL 13 to 18.

use tokio_postgres::{Client, Row as SqlRow};
use upshift::deadpool_postgres::{ClientWrapper, Object, Pool};

use crate::adoption::Facts;
use crate::error::Error;
use crate::request::Request;
use crate::row::{Outcome, Row};
use crate::shape::{Shape, TableName, TableShape};
use crate::survey::{Found, OldHistory, Rows, Survey};

/// Every table outside of the server's own schemas, with its columns and their types in order.
const TABLES: &str = "\
select n.nspname::varchar as schema, c.relname::varchar as name,
    pg_catalog.array_agg(a.attname::varchar order by a.attnum) as columns,
    pg_catalog.array_agg(t.typname::varchar order by a.attnum) as kinds,
    pg_catalog.has_table_privilege(c.oid, 'select') and pg_catalog.has_schema_privilege(n.oid, 'usage') as readable
from pg_catalog.pg_class c
    join pg_catalog.pg_namespace n on n.oid operator(pg_catalog.=) c.relnamespace
    join pg_catalog.pg_attribute a on a.attrelid operator(pg_catalog.=) c.oid
        and a.attnum operator(pg_catalog.>) 0 and not a.attisdropped
    join pg_catalog.pg_type t on t.oid operator(pg_catalog.=) a.atttypid
where c.relkind operator(pg_catalog.=) any (array['r', 'p']::\"char\"[])
    and not pg_catalog.starts_with(n.nspname::varchar, 'pg_')
    and n.nspname operator(pg_catalog.<>) 'information_schema'
group by n.oid, n.nspname, c.oid, c.relname
order by n.nspname, c.relname";

const COUNT: &str = "select pg_catalog.count(*) as count from old.table";

const SESSION: &str = "select pg_catalog.current_setting('TimeZone') as zone";

/// The database's name, which some lock ids are made of.
const DATABASE: &str = "select pg_catalog.current_database()::varchar as database";

/// A connection of one's own: it ends with its questions, so that one that is dropped leaves no answer to whoever would have
/// it next.
pub(crate) async fn connection(pool: &Pool) -> Result<ClientWrapper, Error> {
    Ok(Object::take(pool.get().await.map_err(Error::pool)?))
}

/// Which histories of other tools there are. A question: it writes nothing.
pub(crate) async fn survey(client: &Client) -> Result<Survey, Error> {
    let broken = |cause| Error::server("look for histories of other tools", cause);
    let rows = client.query_typed(TABLES, &[]).await.map_err(broken)?;
    let mut tables = Vec::new();
    for row in &rows {
        let (shape, is_readable) = shape(row).map_err(broken)?;
        let could_be = |tool| shape.shape_of(tool, crate::shape::Naming::Said).is_some();
        if !crate::Tool::all().any(could_be) {
            continue;
        }
        let rows = match is_readable {
            true => {
                let rows = client.query_typed(&aimed(COUNT, &shape.table), &[]).await.map_err(broken)?;
                Rows::Count(rows.first().map_or(Ok(0), |row| row.try_get("count")).map_err(broken)?)
            }
            false => Rows::Unreadable,
        };
        tables.push(Found { tool: shape.tool(), shape, rows });
    }
    Ok(Survey { tables })
}

fn shape(row: &SqlRow) -> Result<(TableShape, bool), tokio_postgres::Error> {
    let (columns, kinds): (Vec<String>, Vec<String>) = (row.try_get("columns")?, row.try_get("kinds")?);
    let table = TableName::new(row.try_get::<_, String>("schema")?, row.try_get::<_, String>("name")?);
    let shape = TableShape { table, columns: columns.into_iter().zip(kinds).collect() };
    Ok((shape, row.try_get("readable")?))
}

/// Everything a decision needs but our own history.
pub(crate) async fn facts(client: &Client, request: &Request, ours: usize) -> Result<Facts, Error> {
    let survey = survey(client).await?;
    let old = match survey.choose(request) {
        Ok((found, shape)) => Some(history(client, &found.shape, shape).await?),
        Err(_) => None,
    };
    Ok(Facts { survey, old, ours })
}

/// What a table holds.
pub(crate) async fn history(client: &Client, table: &TableShape, shape: &Shape) -> Result<OldHistory, Error> {
    let broken = |cause| Error::server("read the history of the other tool", cause);
    let session = client.query_typed(SESSION, &[]).await.map_err(broken)?;
    let session_zone =
        session.first().map_or(Ok(String::new()), |row| row.try_get("zone")).map_err(broken)?;
    let rows = client.query_typed(&aimed(shape.read, &table.table), &[]).await.map_err(broken)?;
    let rows = rows.iter().map(old_row).collect::<Result<Vec<Row>, _>>();
    let rows = rows.map_err(|cause| Error::row(table.table.to_string(), cause))?;
    Ok(OldHistory { table: table.table.clone(), zone: table.zone(), session_zone, rows })
}

fn old_row(row: &SqlRow) -> Result<Row, tokio_postgres::Error> {
    Ok(Row {
        place: row.try_get("place")?,
        key: row.try_get("key")?,
        name: row.try_get("name")?,
        kind: row.try_get("kind")?,
        checksum: row.try_get("checksum")?,
        at: row.try_get("at")?,
        took_ms: row.try_get("took_ms")?,
        outcome: if row.try_get("failed")? { Outcome::Failed } else { Outcome::Done },
    })
}

/// The database's name.
pub(crate) async fn database(client: &Client) -> Result<String, Error> {
    let broken = |cause| Error::server("ask for the database's name", cause);
    let rows = client.query_typed(DATABASE, &[]).await.map_err(broken)?;
    rows.first().map_or(Ok(String::new()), |row| row.try_get("database")).map_err(broken)
}

/// The query, aimed at this table.
fn aimed(sql: &str, table: &TableName) -> String {
    let quoted = |name: &str| format!("\"{}\"", name.replace('"', "\"\""));
    let schema = quoted(&table.schema);
    sql.replace("old.table", &format!("{schema}.{}", quoted(&table.name)))
        .replace("old.schema.", &format!("{schema}."))
}
