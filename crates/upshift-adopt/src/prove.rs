//! The proof: the files that count as applied are replayed on an empty database, and the two schemas compared.

use std::fmt;

use upshift::deadpool_postgres::Pool;
use upshift::schema::{Diff, Filter, Kind, Snapshot};
use upshift::{Migrator, Target};
use upshift_files::{MigrationId, Version};

use crate::adoption::Adoption;
use crate::error::Error;
use crate::front::decide;
use crate::read;
use crate::request::Request;
use crate::tool::Tool;

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
    let filter = filter(&adoption).history_schema(migrator.history_schema().as_str());
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

/// Everything but owners, privileges, and what is the tool's own.
fn filter(adoption: &Adoption) -> Filter {
    let filter = Filter::new().without_kinds([Kind::Owner, Kind::Grant, Kind::Revoke, Kind::UserMapping]);
    let Some(old) = &adoption.old else { return filter };
    let (schema, name) = (&old.table.schema, &old.table.name);
    match (adoption.tool, schema.as_str()) {
        (Tool::Sqitch, _) | (_, "drizzle" | "graphile_migrate") => filter.without_schema(schema),
        _ => {
            let own = [name.clone(), format!("{name}_id_seq"), "goose_lock".to_owned()];
            filter.without_objects(schema, own)
        }
    }
}
