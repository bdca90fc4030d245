//! Push: a development database becomes the wish.

use tokio_postgres::SimpleQueryMessage;
use upshift_schema::{Filter, Verdict};

use super::link::Link;
use super::proof::walk;
use super::{GenerateError, Origin, Place, Refusal};
use crate::plan::Style;

/// What push may do.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct PushOptions {
    /// What is compared.
    pub filter: Filter,
    /// What may be lost.
    pub drops: Drops,
}

/// Whether push may take something away.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Drops {
    /// No: name it, and do nothing.
    #[default]
    Refuse,
    /// Yes.
    Allow,
}

impl PushOptions {
    /// With what may be lost.
    #[must_use]
    pub fn drops(mut self, drops: Drops) -> PushOptions {
        self.drops = drops;
        self
    }
}

/// What push did.
#[derive(Debug)]
#[non_exhaustive]
pub struct Pushed {
    /// The statements, in order; none where the database was the wish already.
    pub statements: Vec<String>,
    /// What was taken away.
    pub drops: Vec<String>,
}

/// Tables in which tools remember what was applied. Written for PostgreSQL 13 to 18.
const HISTORIES: &str = "\
    select n.nspname operator(pg_catalog.||) '.' operator(pg_catalog.||) c.relname
    from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid operator(pg_catalog.=) c.relnamespace
    where c.relkind operator(pg_catalog.=) 'r'
        and (c.relname operator(pg_catalog.=) any ('{_sqlx_migrations,refinery_schema_history,flyway_schema_history,\
__diesel_schema_migrations,schema_migrations,goose_db_version,alembic_version,seaql_migrations,knex_migrations,\
pgmigrations,__drizzle_migrations,_prisma_migrations,ar_internal_metadata,django_migrations}'::pg_catalog.name[])
            or c.relname operator(pg_catalog.=) 'history' and exists (
                select from pg_catalog.pg_class o
                where o.relnamespace operator(pg_catalog.=) c.relnamespace
                    and o.relname operator(pg_catalog.=) 'lease'))
    order by 1";

/// Makes a development database equal to a wish, in one transaction, as far as was proven on a copy of its schema.
///
/// Rows are never deleted but with what they stand in, and that only with [`Drops::Allow`].
///
/// # Locks
/// ACCESS EXCLUSIVE on what is changed, until all is: it is a database for one developer.
///
/// # Errors
/// [`GenerateError::HasHistory`] when migrations were applied to the database, [`GenerateError::WouldDrop`] when something
/// would be taken away, [`GenerateError::Refused`] as from [`generate`](crate::generate). Nothing is changed then.
///
/// # Cancel safety
/// Dropping the future leaves the database as it was, and shadows that the next call drops.
pub async fn push(
    place: &Place,
    database: &Place,
    wish: &Origin,
    options: &PushOptions,
) -> Result<Pushed, GenerateError> {
    let filter = &options.filter;
    let link = Link::open(database).await?;
    let rows = link.client.simple_query(HISTORIES).await;
    let rows = rows.map_err(|cause| GenerateError::Statement { sql: HISTORIES.to_owned(), cause })?;
    let found =
        rows.iter().find_map(|it| if let SimpleQueryMessage::Row(row) = it { row.get(0) } else { None });
    if let Some(table) = found {
        return Err(GenerateError::HasHistory(format!("migrations were applied to this database ({table})")));
    }
    let wish = wish.schema(place, filter).await?;
    let shadow = Origin::Database(database.clone()).shadow(place, filter).await?;
    let walked = walk(&shadow.place(), &wish, filter, Style::Plain).await;
    let closed = shadow.close().await;
    let (tried, _) = walked?;
    closed?;
    let steps: Vec<_> = tried.into_iter().flat_map(|it| it.group.steps).collect();
    let drops: Vec<String> = steps
        .iter()
        .filter_map(|step| step.drops.as_ref())
        .map(|(kind, id)| format!("{kind} {id}"))
        .collect();
    if !drops.is_empty() && options.drops == Drops::Refuse {
        return Err(GenerateError::WouldDrop(drops));
    }
    apply(&link, &steps).await?;
    let made = link.schema(filter).await?;
    let residual = made.snapshot.diff(&wish.snapshot);
    if residual.verdict() == Verdict::Different {
        let refusal = Refusal { what: "what was pushed", residual, unruled: Vec::new(), said: None };
        return Err(GenerateError::Refused(Box::new(refusal)));
    }
    Ok(Pushed { statements: steps.into_iter().map(|step| step.sql).collect(), drops })
}

async fn apply(link: &Link, steps: &[crate::Step]) -> Result<(), GenerateError> {
    link.run("begin; set local check_function_bodies = off; set local lock_timeout = '10s'").await?;
    for step in steps {
        if let Err(cause) = link.client.batch_execute(&step.sql).await {
            // The words of the failure are what counts, not those of the end of its transaction.
            let _ = link.run("rollback").await;
            return Err(GenerateError::Statement { sql: step.sql.clone(), cause });
        }
    }
    link.run("commit").await
}
