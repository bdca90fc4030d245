//! The proof: the files that count as applied are replayed on an empty database, and the two schemas compared.

use std::fmt;

use tokio_postgres::types::{ToSql, Type};
use upshift::deadpool_postgres::Pool;
use upshift::schema::{Diff, Filter, Kind, Snapshot};
use upshift::{Migrator, Target};
use upshift_files::{MigrationId, Version};

use crate::adoption::Adoption;
use crate::error::Error;
use crate::front::decide;
use crate::read;
use crate::request::Request;
use crate::shape::TableName;
use crate::tool::Tool;

/// The sequences that the columns of a table own, whatever their names. Written for PostgreSQL 13 to 18.
const OWNED: &str = "\
select s.relname::varchar as name
from pg_catalog.pg_depend d
    join pg_catalog.pg_class s on s.oid operator(pg_catalog.=) d.objid
        and s.relkind operator(pg_catalog.=) 'S'::\"char\"
    join pg_catalog.pg_class c on c.oid operator(pg_catalog.=) d.refobjid
    join pg_catalog.pg_namespace n on n.oid operator(pg_catalog.=) c.relnamespace
where d.classid operator(pg_catalog.=) 'pg_catalog.pg_class'::pg_catalog.regclass
    and d.refclassid operator(pg_catalog.=) 'pg_catalog.pg_class'::pg_catalog.regclass
    and d.refobjsubid operator(pg_catalog.>) 0
    and s.relnamespace operator(pg_catalog.=) c.relnamespace
    and n.nspname operator(pg_catalog.=) $1::varchar and c.relname operator(pg_catalog.=) $2::varchar";

/// What came of replaying the files.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Proof {
    /// The migrations that were replayed, in order.
    pub replayed: Vec<String>,
    /// Repeatables that were not: without every version below them they may not run.
    pub left_out: Vec<String>,
    /// From the schema that the files make to the one that is there.
    pub diff: Diff,
}

impl Proof {
    /// Whether the schema is what the files make.
    pub fn is_sound(&self) -> bool {
        self.diff.is_empty()
    }
}

impl fmt::Display for Proof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let files = if self.replayed.len() == 1 { "file makes" } else { "files make" };
        let count = self.replayed.len();
        match self.is_sound() {
            true => writeln!(f, "the schema is what {count} {files}")?,
            false => {
                writeln!(f, "the schema is not what {count} {files}:\n{}", self.diff.to_string().trim_end())?
            }
        }
        if self.left_out.is_empty() {
            Ok(())
        } else {
            writeln!(f, "not replayed: {}", self.left_out.join(", "))
        }
    }
}

/// Replays what counts as applied on an empty database, and compares its schema with the live one: what no checksum tells.
///
/// Neither owners nor privileges are compared, and none of the tables of the tool or of upshift. The live database is only
/// read; the scratch one is written to, and left to the caller: `upshift_generate::Shadow` makes one that goes away.
///
/// # Errors
/// As [`decide`]; a file that does not run on an empty database, as the engine tells it.
pub async fn prove(migrator: &Migrator, scratch: Pool, request: &Request) -> Result<Proof, Error> {
    let adoption = decide(migrator, request).await?;
    let applied = adoption.lines.iter().filter(|line| line.standing.is_applied());
    let ids: Vec<(&MigrationId, &String)> =
        applied.filter_map(|line| Some((line.id.as_ref()?, &line.label))).collect();
    let is_whole = adoption.lines.iter().all(|line| line.standing.is_applied());
    let is_replayed = |id: &MigrationId| is_whole || matches!(id, MigrationId::Version(_));
    let target = match is_whole {
        true => Target::Head,
        false => Target::Only(ids.iter().filter_map(|(id, _)| version(id)).collect()),
    };
    migrator.clone().with_pool(scratch.clone()).up(target).await?;
    let owned = match &adoption.old {
        Some(old) => owned(migrator.pool(), &old.table).await?,
        None => Vec::new(),
    };
    let filter = filter(&adoption, owned).history_schema(migrator.history_schema().as_str());
    let live = schema(migrator.pool(), &filter).await?;
    let made = schema(&scratch, &filter).await?;
    let labels = |replayed: bool| {
        let labels = ids.iter().filter(|(id, _)| is_replayed(id) == replayed);
        labels.map(|(_, label)| (*label).clone()).collect()
    };
    Ok(Proof { replayed: labels(true), left_out: labels(false), diff: made.diff(&live) })
}

fn version(id: &MigrationId) -> Option<Version> {
    match id {
        MigrationId::Version(version) => Some(*version),
        MigrationId::Repeatable(_) => None,
    }
}

async fn schema(pool: &Pool, filter: &Filter) -> Result<Snapshot, Error> {
    let client = read::connection(pool).await?;
    Snapshot::read(&client, filter).await.map_err(Error::schema)
}

async fn owned(pool: &Pool, table: &TableName) -> Result<Vec<String>, Error> {
    let broken = |cause| Error::server("look for the sequences of the other tool's table", cause);
    let client = read::connection(pool).await?;
    let values: [(&(dyn ToSql + Sync), Type); 2] =
        [(&table.schema, Type::VARCHAR), (&table.name, Type::VARCHAR)];
    let rows = client.query_typed(OWNED, &values).await.map_err(broken)?;
    rows.iter().map(|row| row.try_get("name")).collect::<Result<_, _>>().map_err(broken)
}

/// Everything but owners, privileges, and what is the tool's own; `owned` are the sequences of its table.
fn filter(adoption: &Adoption, owned: Vec<String>) -> Filter {
    let filter = Filter::new().without_kinds([Kind::Owner, Kind::Grant, Kind::Revoke, Kind::UserMapping]);
    let Some(old) = &adoption.old else { return filter };
    let (schema, name) = (&old.table.schema, &old.table.name);
    match (adoption.tool, schema.as_str()) {
        (Tool::Sqitch, _) | (_, "drizzle" | "graphile_migrate") => filter.without_schema(schema),
        _ => {
            let own = [name.clone(), "goose_lock".to_owned()];
            filter.without_objects(schema, own.into_iter().chain(owned))
        }
    }
}
