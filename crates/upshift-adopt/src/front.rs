//! The front door: look, decide, adopt, look back.

use async_trait::async_trait;
use tokio_postgres::Client;
use upshift::{Adopted, Ident, Migrator, Predecessor};
use upshift_files::MigrationSet;

use crate::adoption::Adoption;
use crate::error::Error;
use crate::origin::{LookBack, Origin};
use crate::read;
use crate::refusal::Refusal;
use crate::request::Request;
use crate::rules::{self, Table};
use crate::shape::{Naming, TableName};
use crate::survey::Survey;
use crate::tool::Tool;

/// Which histories of other tools the database of this migrator has, in all schemas. Writes nothing.
///
/// # Errors
/// The database cannot be reached or read.
pub async fn survey(migrator: &Migrator) -> Result<Survey, Error> {
    read::survey(&*read::connection(migrator.pool()).await?).await
}

/// What [`adopt`] would do now: the table a person sees first. Writes nothing, and takes no lock.
///
/// What cannot be adopted is no error here: [`Adoption::refusals`] says it beside the table.
///
/// # Errors
/// The files have mistakes, or the database cannot be reached or read.
pub async fn decide(migrator: &Migrator, request: &Request) -> Result<Adoption, Error> {
    let set = migrator.source().set()?;
    let status = migrator.status().await?;
    let ours = status.migrations.iter().filter(|it| it.applied.is_some()).count();
    let client = read::connection(migrator.pool()).await?;
    let facts = read::facts(&client, request, ours).await?;
    Ok(Adoption::decide(&facts, &set, request))
}

/// Adopts the history of another tool: what it has applied counts as applied, and its tables stay as they are.
///
/// Decides as [`decide`] does, takes the locks, reads and decides again, and writes the history in one transaction, an
/// audit row for each migration. Gives what was adopted.
///
/// # Locks
/// As [`Migrator::adopt`]: the migration lock, the locks the tool itself migrates under, and SHARE ROW EXCLUSIVE on its
/// table, all for one short transaction.
///
/// # Errors
/// [`Error::adoption`] when it was refused, with every reason; [`Error::is_locked`] when the tool is at work, with the
/// session that is; all of [`decide`].
///
/// # Cancel safety
/// Dropping the future closes the connection: nothing is adopted, and every lock is freed.
pub async fn adopt(migrator: &Migrator, request: &Request) -> Result<Adoption, Error> {
    let first = decide(migrator, request).await?;
    let table = match &first.old {
        Some(old) if first.refusals.is_empty() => old.table.clone(),
        _ => return Err(Error::refused(first)),
    };
    let database = read::database(&*read::connection(migrator.pool()).await?).await?;
    let name = request.tool.to_string();
    let mut takeover = Takeover { request, table, database, name, decided: Ok(first) };
    migrator.adopt(&mut takeover).await?;
    let decided = takeover.decided?;
    if decided.refusals.is_empty() { Ok(decided) } else { Err(Error::refused(decided)) }
}

/// Whether somebody has used the old tool since its history was adopted. Writes nothing.
///
/// # Errors
/// The database cannot be reached or read.
pub async fn look_back(migrator: &Migrator) -> Result<LookBack, Error> {
    let audit = match migrator.audit().rows().await {
        Ok(audit) => audit,
        // No tables, no schema: nothing was ever adopted.
        Err(error) if matches!(error.sqlstate(), Some("42P01" | "3F000")) => return Ok(LookBack::NotAdopted),
        Err(error) => return Err(error.into()),
    };
    let mut adopted = None;
    for row in &audit {
        match row.action.as_str() {
            "unadopt" => adopted = None,
            "adopt" if row.version.is_none() => {
                let origin = row.detail.as_deref().and_then(|detail| detail.parse::<Origin>().ok());
                let tool = row.name.parse::<Tool>().ok();
                adopted = tool.zip(origin).or(adopted);
            }
            _ => {}
        }
    }
    let Some((tool, was)) = adopted else { return Ok(LookBack::NotAdopted) };
    let client = read::connection(migrator.pool()).await?;
    let survey = read::survey(&client).await?;
    let table = was.table.clone();
    let there = survey.tables.iter().find(|found| found.shape.table == table);
    let shaped = there.and_then(|found| Some((found, found.shape.shape_of(tool, Naming::Said)?)));
    let Some((found, shape)) = shaped else { return Ok(LookBack::Gone { tool, table }) };
    let is = Origin::of(&read::history(&client, &found.shape, shape).await?);
    Ok(match is == was {
        true => LookBack::AsAdopted { tool, table },
        false => LookBack::Written { tool, table, then: was.rows, now: is.rows },
    })
}

/// What happens under the locks: read and decide again.
struct Takeover<'r> {
    request: &'r Request,
    table: TableName,
    database: String,
    name: String,
    decided: Result<Adoption, Error>,
}

#[async_trait]
impl Predecessor for Takeover<'_> {
    fn name(&self) -> &str {
        &self.name
    }

    fn advisory_locks(&self) -> Vec<i64> {
        let TableName { schema, name } = &self.table;
        (rules::of(self.request.tool).locks)(&Table { database: &self.database, schema, name })
    }

    fn tables(&self) -> Vec<(Ident, Ident)> {
        // The server gave the names, so they are names.
        let names = Ident::new(&self.table.schema).ok().zip(Ident::new(&self.table.name).ok());
        names.into_iter().collect()
    }

    async fn adopted(&mut self, client: &Client, set: &MigrationSet) -> Option<Adopted> {
        let facts = read::facts(client, self.request, 0).await;
        self.decided = facts.map(|facts| {
            let mut decided = Adoption::decide(&facts, set, self.request);
            // The locks are on the table of the first look.
            if decided.old.as_ref().is_none_or(|old| old.table != self.table) {
                decided.refusals.push(Refusal::Gone(self.table.clone()));
            }
            decided
        });
        self.decided.as_ref().ok().filter(|it| it.refusals.is_empty()).map(Adoption::adopted)
    }
}
