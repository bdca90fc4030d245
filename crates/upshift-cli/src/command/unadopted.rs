//! Histories of other tools that nobody has adopted: what they have applied would run again.

use upshift::files::Layout;
use upshift::{MigrationSet, Migrator};
use upshift_adopt::{Request, Rows, TableName, Tool, decide, survey};

use crate::failure::Failure;

/// A history that has migrations of these files, and is another tool's.
pub(super) struct Unadopted {
    pub(super) tool: Tool,
    pub(super) table: TableName,
}

/// Those of a database that upshift has applied nothing in.
pub(super) async fn unadopted(set: &MigrationSet, migrator: &Migrator) -> Result<Vec<Unadopted>, Failure> {
    let mut unadopted = Vec::new();
    if migrator.status().await?.migrations.iter().any(|migration| migration.applied.is_some()) {
        return Ok(unadopted);
    }
    for found in survey(migrator).await?.tables {
        let Some(tool) = found.tool else { continue };
        if found.rows == Rows::Count(0) || !tool.layouts().contains(&set.layout()) {
            continue;
        }
        let table = found.shape.table;
        // Plain files are many tools': that the database has such a table says nothing before it names one of them.
        if set.layout() != Layout::Native || has_one_of_them(migrator, tool, &table).await? {
            unadopted.push(Unadopted { tool, table });
        }
    }
    Ok(unadopted)
}

/// Whether this history has one of the migrations that would run.
async fn has_one_of_them(migrator: &Migrator, tool: Tool, table: &TableName) -> Result<bool, Failure> {
    let adoption = decide(migrator, &Request::new(tool).table(table.clone())).await?;
    Ok(adoption.lines.iter().any(|line| line.id.is_some() && line.standing.is_applied()))
}
