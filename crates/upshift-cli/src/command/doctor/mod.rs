//! `doctor`: looks a database over before a production run.

mod facts;
mod foresee;
mod judge;
mod need;

use std::collections::BTreeMap;
use std::time::Duration;

use clap::Args;
use serde_json::{Value, json};
use upshift::{MigrationSet, Plan, State, Target, human};
use upshift_adopt::LookBack;
use upshift_lint::statement::Name;
use upshift_schema::Filter;

use super::origin::schema_of;
use super::unadopted::unadopted;
use crate::answer::Answer;
use crate::connect;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use facts::{Extension, Facts};
use foresee::Touch;
use judge::{Finding, Grade, judge};

/// Look a database over before a production run. Writes nothing.
///
/// The server and the role, who would be in the way, what is broken already, which tables the pending migrations lock and
/// how large and busy they are. Exits with 4 where something would stop the run.
#[derive(Debug, Clone, Args)]
pub struct Doctor {
    /// Another database that has these migrations already, a staging: how long they took there.
    #[arg(long, value_name = "URL")]
    like: Option<String>,
}

impl Doctor {
    pub(super) async fn run(&self, context: &Context) -> Result<Answer, Failure> {
        let client = context.client().await?;
        let migrator = context.migrator()?;
        let planned = migrator.plan(Target::Head).await;
        let set = context.set()?;
        let plan = planned.as_ref().ok();
        let major = facts::major(&client).await?;
        let (touched, unknown) = match plan {
            Some(plan) if !plan.is_empty() => foreseen(&client, &set, plan, major).await?,
            _ => (BTreeMap::new(), None),
        };
        let facts = Facts::read(&client, &touched).await?;
        let mut findings = judge(&facts, &touched);
        findings.extend(unknown);
        findings.extend(nowhere_to_stand(&client, &facts, &context.settings.schema).await?);
        match &planned {
            Ok(plan) => findings.push(pending(plan)),
            Err(error) => findings.push(
                Finding::new(Grade::Problem, "migrations", error.to_string())
                    .help(error.help().unwrap_or_else(|| "`upshift status` says more".to_owned())),
            ),
        }
        if let Some(plan) = plan {
            let wanted = foresee::extensions(&set, plan);
            let standing = facts::extensions(&client, wanted.keys()).await?;
            findings.extend(wanted.iter().filter_map(|(name, by)| extension(name, by, *standing.get(name)?)));
            let needs = need::needs(&set, plan);
            findings.extend(need::lacking(&client, &facts.server.role, &needs).await?);
        }
        findings.extend(predecessor(&migrator).await);
        let others = unadopted(&set, &migrator).await?;
        findings.extend(others.iter().map(|it| {
            let words = format!(
                "{} has migrations of these files in its history, {}, and upshift has none",
                it.tool, it.table
            );
            Finding::new(Grade::Problem, "adopted", words).help(format!(
                "`upshift adopt {}` takes it over; else what it has applied would run again",
                it.tool
            ))
        }));
        if let (Some(other), Some(plan)) = (&self.like, plan) {
            findings.extend(estimate(&elsewhere(context, other).await?, plan));
        }
        findings.sort_by_key(|finding| std::cmp::Reverse(finding.grade));
        let worst = findings.iter().map(|finding| finding.grade).max();
        let answer = Answer::of_the_engine(text(&findings), json!({ "findings": findings, "worst": worst }));
        Ok(if worst == Some(Grade::Problem) { answer.exit(Exit::No) } else { answer })
    }
}

/// That the first run could not make the schema of the history.
async fn nowhere_to_stand(
    client: &tokio_postgres::Client,
    facts: &Facts,
    schema: &str,
) -> Result<Option<Finding>, Failure> {
    let server = &facts.server;
    if server.may_create || facts::has_schema(client, schema).await? {
        return Ok(None);
    }
    let words =
        format!("role {} may make no schema in this database, and {schema} is not there", server.role);
    Ok(Some(Finding::new(Grade::Problem, "role", words).help(format!(
        "the first run makes the schema {schema}: grant create on database {} to {}, or make it for the role",
        server.database, server.role
    ))))
}

/// Which tables the pending migrations lock; or that it is not known, and why.
async fn foreseen(
    client: &tokio_postgres::Client,
    set: &MigrationSet,
    plan: &Plan,
    major: u16,
) -> Result<(BTreeMap<Name, Touch>, Option<Finding>), Failure> {
    match foresee::catalog(&schema_of(client, &Filter::new()).await?) {
        Ok(catalog) => Ok((foresee::touched(catalog, set, plan, major), None)),
        Err(why) => {
            let words = format!("which tables the pending migrations lock is not known: {why}");
            Ok((BTreeMap::new(), Some(Finding::new(Grade::Warning, "lock", words))))
        }
    }
}

fn extension(name: &str, by: &str, standing: Extension) -> Option<Finding> {
    let problem = |words: &str, help: String| {
        Finding::new(Grade::Problem, "extension", format!("{by} makes {name}, {words}")).help(help)
    };
    match standing {
        Extension::Fine => None,
        Extension::ForSuperusers => Some(problem(
            "which only a superuser may",
            format!(
                "have an administrator run `create extension {name}` before; the migration says `if not exists`"
            ),
        )),
        Extension::NotThere => {
            Some(problem("which this server does not have", "install its package on the server".to_owned()))
        }
    }
}

/// Whether the tool whose history was adopted is still in use.
async fn predecessor(migrator: &upshift::Migrator) -> Option<Finding> {
    let seen = upshift_adopt::look_back(migrator).await;
    let (grade, words) = match seen {
        Ok(LookBack::NotAdopted) => return None,
        Ok(fine @ LookBack::AsAdopted { .. }) => (Grade::Good, fine.to_string()),
        Ok(other) => (Grade::Warning, other.to_string()),
        Err(error) => (Grade::Note, format!("the table of the tool before cannot be asked: {error}")),
    };
    Some(Finding::new(grade, "adopted", words))
}

fn pending(plan: &Plan) -> Finding {
    let labels: Vec<&str> = plan.steps().map(upshift::Step::label).collect();
    match labels.len() {
        0 => Finding::new(Grade::Good, "migrations", "nothing is pending".to_owned()),
        1 => Finding::new(Grade::Good, "migrations", format!("{} is pending, and fits", labels[0])),
        count => Finding::new(
            Grade::Good,
            "migrations",
            format!("{count} are pending, and fit: {}", labels.join(", ")),
        ),
    }
}

/// What the history of another database says of the migrations.
enum Elsewhere {
    /// It has none.
    NoHistory,
    /// How long each of those took, in milliseconds, that ran there as they are here.
    Took(BTreeMap<String, i64>),
}

async fn elsewhere(context: &Context, other: &str) -> Result<Elsewhere, Failure> {
    let pool = connect::pool(Some(other), &context.environment)?;
    let migrator = upshift::Migrator::new(pool, context.source())
        .schema(&context.settings.schema)
        .map_err(|why| Failure::usage(why.to_string()))?;
    let migrations = migrator.status().await?.migrations;
    if migrations.iter().all(|it| it.applied.is_none()) {
        return Ok(Elsewhere::NoHistory);
    }
    // Another one under the same number, an older text, or one that a baseline accepted says nothing of this one.
    let same = migrations.into_iter().filter(|it| it.state == State::Applied);
    Ok(Elsewhere::Took(same.filter_map(|it| Some((it.label, it.applied?.duration_ms))).collect()))
}

fn estimate(elsewhere: &Elsewhere, plan: &Plan) -> Option<Finding> {
    if plan.is_empty() {
        return None;
    }
    let warning = |words: &str| {
        Finding::new(
            Grade::Warning,
            "time",
            format!("how long the pending migrations take is not known: {words}"),
        )
        .help("name a database with --like in which `upshift up` has run them")
    };
    let took = match elsewhere {
        Elsewhere::NoHistory => return Some(warning("upshift has no history there")),
        Elsewhere::Took(took) => took,
    };
    let (known, unknown): (Vec<_>, Vec<_>) =
        plan.steps().map(upshift::Step::label).partition(|label| took.contains_key(*label));
    if known.is_empty() {
        return Some(warning("none of them has run there as it is here"));
    }
    let all: i64 = known.iter().filter_map(|label| took.get(*label)).sum();
    let all = human(Duration::from_millis(all.unsigned_abs()));
    let mut words = format!("the pending migrations took {all} there");
    if !unknown.is_empty() {
        words.push_str(&format!("; not applied there as they are here: {}", unknown.join(", ")));
    }
    Some(Finding::new(Grade::Good, "time", words))
}

fn text(findings: &[Finding]) -> String {
    let widest = findings.iter().map(|finding| finding.about.len()).max().unwrap_or(0);
    let mut text = String::new();
    for Finding { grade, about, what, help } in findings {
        text.push_str(&format!("{:8} {about:widest$}  {}\n", grade.word(), what.replace('\n', "\n    ")));
        if let Some(help) = help {
            text.push_str(&format!("{:8} {:widest$}  help: {help}\n", "", ""));
        }
    }
    text
}

impl serde::Serialize for Finding {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let value: Value =
            json!({ "grade": self.grade, "about": self.about, "what": self.what, "help": self.help });
        value.serialize(to)
    }
}
