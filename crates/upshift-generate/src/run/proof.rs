//! The proof: the plan is run in a shadow, step by step, and in the end as the migrations that will be written.

use tokio_postgres::Config;
use upshift::{DownTarget, Migrator, Source, SourceFile, Target, Version};
use upshift_schema::{Diff, Filter, Verdict};

use super::link::{Link, pool};
use super::origin::ROUNDS;
use super::{GenerateError, Refusal, words};
use crate::file::{Group, group};
use crate::plan::{Schema, Stage, Step, Style, plan};

/// A migration that was tried, with the schema before and after it.
pub(super) struct Tried {
    pub(super) group: Group,
    pub(super) before: Schema,
    pub(super) after: Schema,
}

/// Plans and tries until nothing is left to do.
pub(super) async fn walk(
    config: &Config,
    wish: &Schema,
    filter: &Filter,
    style: Style,
) -> Result<(Vec<Tried>, Diff), GenerateError> {
    let link = Link::open(config).await?;
    let mut tried = Vec::new();
    let mut now = link.schema(filter).await?;
    let mut unruled = Vec::new();
    for _ in 0..ROUNDS {
        let plan = plan(&now, wish, style);
        unruled = plan.unruled;
        if plan.steps.is_empty() {
            break;
        }
        for group in group(plan.steps) {
            if let Err((sql, said)) = apply(&link, &group).await {
                let residual = now.snapshot.diff(&wish.snapshot);
                let refusal = Refusal { what: "the plan", residual, unruled, said: Some((sql, said)) };
                return Err(GenerateError::Refused(Box::new(refusal)));
            }
            let after = link.schema(filter).await?;
            let before = std::mem::replace(&mut now, after.clone());
            tried.push(Tried { group, before, after });
        }
    }
    link.close().await;
    let residual = now.snapshot.diff(&wish.snapshot);
    if residual.verdict() == Verdict::Different {
        let refusal = Refusal { what: "the plan", residual, unruled, said: None };
        return Err(GenerateError::Refused(Box::new(refusal)));
    }
    Ok((tried, residual))
}

/// As a migration runs: in one transaction, or the one statement alone.
async fn apply(link: &Link, group: &Group) -> Result<(), (String, String)> {
    let alone = matches!(group.stage, Stage::Concurrent | Stage::ContractConcurrent);
    let send = async |sql: &str| {
        link.client.batch_execute(sql).await.map_err(|error| (sql.to_owned(), words(&error)))
    };
    if !alone {
        send("begin; set local check_function_bodies = off").await?;
    }
    for step in &group.steps {
        send(&step.sql).await?;
    }
    if !alone {
        send("commit").await?;
    }
    Ok(())
}

/// The statements of a way back. In a section all of them are one transaction, so none may be refused there.
pub(super) fn back(tried: &Tried) -> Vec<Step> {
    plan(&tried.after, &tried.before, Style::Plain).steps
}

/// Applies the files with the engine itself, one after the other, then reverts them, then applies them again.
pub(super) async fn prove(
    config: &Config,
    files: &[(Version, SourceFile)],
    wish: &Schema,
    filter: &Filter,
) -> Result<(), GenerateError> {
    let source = Source::files(files.iter().map(|(_, file)| file.clone()));
    let migrator = Migrator::new(pool(config)?, source).service("upshift", "generate");
    let migrator = migrator.schema(HISTORY).map_err(|_| GenerateError::Pool)?;
    let filter = filter.clone().without_schema(HISTORY);
    let link = Link::open(config).await?;
    let before = link.schema(&filter).await?;
    let up = async || {
        for (version, _) in files {
            // What a gate would block is applied, too: nobody else is there.
            migrator.up(Target::Only(vec![*version])).await.map_err(GenerateError::Migrations)?;
        }
        link.schema(&filter).await
    };
    refuse_unless_equal("the first up", &up().await?, wish)?;
    for _ in files {
        migrator.down(DownTarget::Steps(1)).await.map_err(GenerateError::Migrations)?;
    }
    refuse_unless_equal("the way back", &link.schema(&filter).await?, &before)?;
    refuse_unless_equal("the second up", &up().await?, wish)
}

/// The schema of the history while migrations are proven: the shadow may hold another already.
const HISTORY: &str = "upshift_proof";

fn refuse_unless_equal(what: &'static str, made: &Schema, wish: &Schema) -> Result<(), GenerateError> {
    let residual = made.snapshot.diff(&wish.snapshot);
    if residual.verdict() == Verdict::Different {
        let refusal = Refusal { what, residual, unruled: Vec::new(), said: None };
        return Err(GenerateError::Refused(Box::new(refusal)));
    }
    Ok(())
}
