//! `check`: whether files, history and rules agree.

use clap::Args;
use serde_json::{Value, json};
use upshift::Target;

use super::lint::findings;
use crate::answer::{Answer, error};
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;

/// Whether files, history and rules agree: for a pull request. Writes nothing.
///
/// Names and texts of all files are read, the rules of lint are asked, and, where there is a database, whether the files fit
/// its history. What is pending is fine: it is what the pull request brings.
#[derive(Debug, Clone, Args)]
pub struct Check {
    /// Files and rules alone, without a database.
    #[arg(long)]
    offline: bool,
    /// Exit with 4 where something is pending as well: for a check after the deploy.
    #[arg(long, conflicts_with = "offline")]
    applied: bool,
}

/// What came of one of the questions.
struct Part {
    name: &'static str,
    text: String,
    data: Value,
    exit: Exit,
}

impl Part {
    fn good(name: &'static str, text: String, data: Value) -> Part {
        Part { name, text, data, exit: Exit::Done }
    }

    fn of(name: &'static str, failure: &Failure) -> Part {
        Part { name, text: failure.render(), data: error(failure), exit: failure.exit() }
    }
}

impl Check {
    pub(super) async fn run(&self, context: &Context) -> Result<Answer, Failure> {
        let files = files(context);
        let not_asked = match (self.offline, files.exit) {
            (true, _) => Some("not asked: --offline"),
            // It would say the same mistakes again.
            (false, Exit::Refused) => Some("not asked: the files have mistakes"),
            (false, _) => None,
        };
        let rules = rules(context)?;
        let history = match not_asked {
            Some(why) => Part::good("history", why.to_owned(), json!({ "asked": false })),
            None => self.history(context).await,
        };
        let parts = [files, rules, history];
        let text: String =
            parts.iter().map(|part| format!("{:8} {}\n", part.name, indented(&part.text))).collect();
        let data: Value = parts.iter().map(|part| (part.name.to_owned(), part.data.clone())).collect();
        // The first that went wrong says how it ended.
        let exit = parts.iter().map(|part| part.exit).find(|exit| *exit != Exit::Done);
        Ok(Answer::of_the_engine(text, data).exit(exit.unwrap_or(Exit::Done)))
    }

    async fn history(&self, context: &Context) -> Part {
        match self.look(context).await {
            Ok(part) => part,
            Err(failure) => Part::of("history", &failure),
        }
    }

    async fn look(&self, context: &Context) -> Result<Part, Failure> {
        let migrator = context.migrator()?;
        let plan = migrator.plan(Target::Head).await?;
        let pending: Vec<&str> = plan.steps().map(upshift::Step::label).collect();
        let blocked: Vec<&str> = plan.blocked().map(|it| it.label.as_str()).collect();
        let mut text = match pending.len() {
            0 => "fits, and nothing is pending".to_owned(),
            count => format!("fits; {count} pending: {}", pending.join(", ")),
        };
        if !blocked.is_empty() {
            text.push_str(&format!("; blocked: {}", blocked.join(", ")));
        }
        let data = json!({ "asked": true, "fits": true, "pending": pending, "blocked": blocked });
        let mut part = Part::good("history", text, data);
        if self.applied && !migrator.health().await?.is_fit() {
            part.exit = Exit::No;
        }
        Ok(part)
    }
}

fn files(context: &Context) -> Part {
    match context.source().check() {
        Ok(set) => {
            let text = format!("{} migrations, {} files", set.len(), set.layout());
            Part::good("files", text, json!({ "migrations": set.len(), "layout": set.layout().to_string() }))
        }
        Err(error) => Part::of("files", &error.into()),
    }
}

fn rules(context: &Context) -> Result<Part, Failure> {
    let Ok(set) = context.set() else {
        return Ok(Part::good("lint", "not asked: the files have mistakes".to_owned(), Value::Null));
    };
    let report = upshift_lint::lint(&set, &context.settings.lint.options()?);
    let shown = report.clone().shown(|path| context.source().shown(path)).to_string();
    let mut part = Part::good("lint", shown.replace("lint: ", ""), findings(&report));
    if report.errors().next().is_some() {
        part.exit = Exit::Refused;
    }
    Ok(part)
}

/// The lines below the first stand under it.
fn indented(text: &str) -> String {
    let mut lines = text.trim_end().lines();
    let mut all = lines.next().unwrap_or_default().to_owned();
    for line in lines {
        all.push('\n');
        let line = line.trim_end();
        if !line.is_empty() {
            all.push_str("         ");
            all.push_str(line);
        }
    }
    all
}
