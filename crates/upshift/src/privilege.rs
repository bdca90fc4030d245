//! What the role lacks, said before anything is changed.

use tokio_postgres::types::Type;
use tokio_postgres::{Client, Row};

use crate::error::Error;
use crate::history::privilege::{Privileges, READ_PRIVILEGES, SchemaPrivileges, TablePrivileges, Wanted};
use crate::history::sql::Tables;
use crate::ident::Ident;

/// Asks what the connection's role may do: one round trip.
pub(crate) async fn read(client: &Client, tables: &Tables) -> Result<Privileges, Error> {
    let broken = |cause| Error::database("read the role's privileges", cause);
    let schema = tables.schema().as_str();
    let rows = client.query_typed(READ_PRIVILEGES, &[(&schema, Type::TEXT)]).await.map_err(broken)?;
    let Some(first) = rows.first() else { return Err(Error::no_row(tables.schema(), "format")) };
    privileges(first, &rows).map_err(broken)
}

fn privileges(first: &Row, rows: &[Row]) -> Result<Privileges, tokio_postgres::Error> {
    let schema = match first.try_get("schema_is_there")? {
        false => SchemaPrivileges::Absent { may_create: first.try_get("may_create_schema")? },
        true => SchemaPrivileges::There {
            may_use: first.try_get("may_use_schema")?,
            may_create_tables: first.try_get("may_create_tables")?,
        },
    };
    let mut tables = Vec::new();
    for row in rows {
        if row.try_get("is_there")? {
            let (name, owns, privileges) =
                (row.try_get("table")?, row.try_get("owns")?, row.try_get("privileges")?);
            tables.push(TablePrivileges { name, owns, privileges });
        }
    }
    let (role, database) =
        (Ident::of_server(first.try_get("role")?), Ident::of_server(first.try_get("database")?));
    Ok(Privileges { role, database, schema, may_lock: first.try_get("may_lock")?, tables })
}

/// The refusal of a server, with what to ask for where that can be told.
pub(crate) async fn explained(client: &Client, tables: &Tables, wanted: Wanted, refused: Error) -> Error {
    let Ok(privileges) = read(client, tables).await else { return refused };
    match privileges.lacking(wanted, tables.schema(), privileges.presumed_format()) {
        Some(lacking) => Error::privileges(lacking),
        None => refused,
    }
}

/// Refuses a run whose role lacks something, with all of it. The format is the tables', where it could be read.
pub(crate) fn refuse(
    read: Result<Privileges, Error>,
    tables: &Tables,
    wanted: Wanted,
    format: Option<usize>,
) -> Result<(), Error> {
    let privileges = match read {
        Ok(privileges) => privileges,
        Err(error) => {
            tracing::debug!(%error, "not known before the run: the server will say what the role lacks");
            return Ok(());
        }
    };
    let format = format.unwrap_or_else(|| privileges.presumed_format());
    let lacking = privileges.lacking(wanted, tables.schema(), format);
    lacking.map_or(Ok(()), |lacking| Err(Error::privileges(lacking)))
}
