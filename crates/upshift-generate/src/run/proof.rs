//! The proof: the plan is run in a shadow, step by step, and in the end as the migrations that will be written.

use upshift::{DownTarget, Migrator, Phase, Source, SourceFile, Target, Version};
use upshift_schema::{Diff, Filter, Verdict};

use super::link::Link;
use super::origin::ROUNDS;
use super::{GenerateError, Place, Refusal, words};
use crate::file::{Group, group};
use crate::plan::{Schema, SchemaPlan, Stage, Step, Style, plan};

/// A migration that was tried, with the schema before it.
pub(super) struct Tried {
    pub(super) group: Group,
    pub(super) before: Schema,
}

/// Plans and tries until nothing is left to do.
pub(super) async fn walk(
    place: &Place,
    wish: &Schema,
    filter: &Filter,
    style: Style,
) -> Result<(Vec<Tried>, Diff), GenerateError> {
    let link = Link::open(place).await?;
    let mut tried = Vec::new();
    let mut now = link.schema(filter).await?;
    for _ in 0..ROUNDS {
        let plan = plan(&now, wish, style);
        ruled(&now, wish, "the plan", &plan)?;
        if plan.steps.is_empty() {
            break;
        }
        for group in group(plan.steps) {
            if let Err((sql, said)) = apply(&link, &group).await {
                return Err(refused("the plan", &now, wish, (sql, said)));
            }
            let after = link.schema(filter).await?;
            let before = std::mem::replace(&mut now, after);
            tried.push(Tried { group, before });
        }
    }
    link.close().await;
    let residual = now.snapshot.diff(&wish.snapshot);
    if residual.verdict() == Verdict::Different {
        let refusal = Refusal { what: "the plan", residual, unruled: Vec::new(), said: None };
        return Err(GenerateError::Refused(Box::new(refusal)));
    }
    Ok((tried, residual))
}

/// As a migration runs: in one transaction, or the one statement alone.
async fn apply(link: &Link, group: &Group) -> Result<(), (String, String)> {
    let alone = is_alone(group.stage);
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

/// What was one statement beside reads and writes goes back by one, too, where that is all; else in one transaction.
fn back(now: &Schema, migration: &Tried) -> SchemaPlan {
    if is_alone(migration.group.stage) {
        let beside = plan(now, &migration.before, Style::Online);
        if let [step] = beside.steps.as_slice()
            && is_alone(step.stage)
        {
            return beside;
        }
    }
    plan(now, &migration.before, Style::Plain)
}

fn is_alone(stage: Stage) -> bool {
    matches!(stage, Stage::Concurrent | Stage::ContractConcurrent)
}

/// What has no rule is not tried: the rest would only hide the reason.
fn ruled(now: &Schema, wish: &Schema, what: &'static str, plan: &SchemaPlan) -> Result<(), GenerateError> {
    if plan.unruled.is_empty() {
        return Ok(());
    }
    let residual = now.snapshot.diff(&wish.snapshot);
    let refusal = Refusal { what, residual, unruled: plan.unruled.clone(), said: None };
    Err(GenerateError::Refused(Box::new(refusal)))
}

fn refused(what: &'static str, now: &Schema, wish: &Schema, said: (String, String)) -> GenerateError {
    let residual = now.snapshot.diff(&wish.snapshot);
    GenerateError::Refused(Box::new(Refusal { what, residual, unruled: Vec::new(), said: Some(said) }))
}

/// Goes back all the way in the database that was walked through: the statements of the way back of each migration.
///
/// In a section all of them are one transaction, so none may be refused there.
pub(super) async fn retrace(
    place: &Place,
    filter: &Filter,
    tried: &[Tried],
) -> Result<Vec<Vec<Step>>, GenerateError> {
    let link = Link::open(place).await?;
    let mut now = link.schema(filter).await?;
    let mut downs = Vec::new();
    for migration in tried.iter().rev() {
        let rename = migration.group.steps.first().and_then(Step::rename_back);
        let mut down: Vec<Step> = Vec::new();
        for round in 0..ROUNDS {
            let plan = match &rename {
                Some(step) if round == 0 => SchemaPlan { steps: vec![step.clone()], unruled: Vec::new() },
                _ => back(&now, migration),
            };
            ruled(&now, &migration.before, "the way back", &plan)?;
            if plan.steps.is_empty() {
                break;
            }
            let stage = plan.steps.first().map_or(Stage::Expand, |step| step.stage);
            let group = Group { stage, phase: Phase::Expand, steps: plan.steps };
            if let Err(said) = apply(&link, &group).await {
                return Err(refused("the way back", &now, &migration.before, said));
            }
            now = link.schema(filter).await?;
            down.extend(group.steps);
        }
        downs.push(down);
    }
    link.close().await;
    downs.reverse();
    Ok(downs)
}

/// Applies the files with the engine itself, one after the other, then reverts them, then applies them again.
pub(super) async fn prove(
    place: &Place,
    files: &[(Version, SourceFile)],
    wish: &Schema,
    filter: &Filter,
) -> Result<(), GenerateError> {
    let source = Source::files(files.iter().map(|(_, file)| file.clone()));
    let migrator = Migrator::new(place.pool()?, source).service("upshift", "generate");
    let migrator = migrator.schema(HISTORY).map_err(|_| GenerateError::Pool)?;
    let filter = filter.clone().without_schema(HISTORY);
    let link = Link::open(place).await?;
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
