//! Databases that nobody uses, in which wishes are built and plans are tried.

use tokio_postgres::SimpleQueryMessage;
use upshift_schema::Filter;

use super::link::Link;
use super::{GenerateError, Place};
use crate::plan::Schema;

/// A database of its own, which goes with this value.
///
/// [`Shadow::close`] drops it at once. One that is dropped without (its future was, or the program died) stays until the
/// next shadow is made on that server: its name says whose it is, and whether that one is still there.
#[derive(Debug)]
pub struct Shadow {
    name: String,
    place: Place,
    /// While it is there, the shadow is in use.
    desk: Link,
}

/// Written for PostgreSQL 13 to 18. Its maker's backend and the time: nobody else's, and it says whom it belongs to.
const NAME: &str = "\
    select pg_catalog.format('upshift_shadow_%s_%s', pg_catalog.pg_backend_pid(),
        (extract(epoch from pg_catalog.clock_timestamp()) operator(pg_catalog.*) 1000000)::pg_catalog.int8)";

/// Shadows whose makers are gone. A backend that is younger than the shadow has its number from one that is gone.
///
/// Not an advisory lock: those are of one database each, and makers may sit in different ones. Written for PostgreSQL 13 to 18.
const LEFT: &str = "\
    select d.datname from pg_catalog.pg_database d
    cross join lateral pg_catalog.regexp_match(d.datname, '^upshift_shadow_([0-9]{1,10})_([0-9]{1,18})$') maker
    where pg_catalog.pg_has_role(d.datdba, 'USAGE')
        and maker is not null
        and not exists (
            select from pg_catalog.pg_stat_activity a
            where a.pid operator(pg_catalog.=) maker[1]::pg_catalog.int8
                and (a.backend_start is null or a.backend_start operator(pg_catalog.<=)
                    pg_catalog.to_timestamp(maker[2]::pg_catalog.float8 operator(pg_catalog./) 1000000)))";

impl Shadow {
    /// An empty one on the server of this address. The role has to be allowed to create databases.
    ///
    /// # Errors
    /// The server cannot be reached, or refuses to create a database.
    ///
    /// # Cancel safety
    /// What was made is dropped when the next shadow is made.
    pub async fn empty(place: &Place) -> Result<Shadow, GenerateError> {
        Shadow::make(place, "template0").await
    }

    /// A copy of this one, in which nobody may be connected.
    ///
    /// # Errors
    /// As [`Shadow::empty`].
    ///
    /// # Cancel safety
    /// As [`Shadow::empty`].
    pub async fn copy(&self) -> Result<Shadow, GenerateError> {
        Shadow::make(&self.place, &self.name).await
    }

    async fn make(place: &Place, template: &str) -> Result<Shadow, GenerateError> {
        let desk = Link::open(place).await?;
        for left in column(&desk, LEFT).await? {
            // Somebody may have been quicker; what is left stays for the next.
            let _ = desk.run(&format!("drop database if exists {left}")).await;
        }
        let name = column(&desk, NAME).await?.pop().unwrap_or_default();
        desk.run(&format!("create database {name} template {template}")).await?;
        Ok(Shadow { name, place: place.clone(), desk })
    }

    /// Where it is.
    pub fn place(&self) -> Place {
        self.place.on(&self.name)
    }

    /// Drops the database.
    ///
    /// # Errors
    /// The server is gone, or somebody is in the database.
    ///
    /// # Cancel safety
    /// As [`Shadow::empty`].
    pub async fn close(self) -> Result<(), GenerateError> {
        self.desk.run(&format!("drop database if exists {} with (force)", self.name)).await
    }

    pub(super) async fn schema(&self, filter: &Filter) -> Result<Schema, GenerateError> {
        let link = Link::open(&self.place()).await?;
        let schema = link.schema(filter).await;
        link.close().await;
        schema
    }

    pub(super) async fn run_text(&self, text: &str) -> Result<(), GenerateError> {
        let link = Link::open(&self.place()).await?;
        let done = link.run_text(text).await;
        link.close().await;
        done
    }
}

async fn column(link: &Link, sql: &str) -> Result<Vec<String>, GenerateError> {
    let rows = link.client.simple_query(sql).await;
    let rows = rows.map_err(|cause| GenerateError::Statement { sql: sql.to_owned(), cause })?;
    let first = |message: &SimpleQueryMessage| match message {
        SimpleQueryMessage::Row(row) => row.get(0).map(ToOwned::to_owned),
        _ => None,
    };
    Ok(rows.iter().filter_map(first).collect())
}
