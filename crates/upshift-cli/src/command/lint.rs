//! `lint`: what is dangerous in the files.

use clap::{Args, ValueEnum};
use serde_json::{Value, json};
use upshift::Version;
use upshift_lint::{Level, Report, render};

use crate::answer::Answer;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;

/// What is dangerous in the files: locks, rewrites, what breaks old code. Connects to nothing.
#[derive(Debug, Clone, Args)]
pub struct Lint {
    /// How the findings are written.
    #[arg(long, value_enum, default_value_t = Shape::Text)]
    format: Shape,
    /// Nothing about migrations before this version.
    #[arg(long, value_name = "VERSION")]
    since: Option<Version>,
    /// How much the findings of a rule count: rule=off, rule=warn, rule=error. May be said more than once.
    #[arg(long = "rule", value_name = "RULE=LEVEL")]
    rules: Vec<String>,
    /// Warnings refuse, too.
    #[arg(long)]
    strict: bool,
}

/// How findings are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Shape {
    /// For a person: each with its line and what to write instead.
    Text,
    /// SARIF 2.1.0, for code hosts.
    Sarif,
}

impl Lint {
    pub(super) fn run(&self, context: &Context) -> Result<Answer, Failure> {
        let mut settings = context.settings.lint.clone();
        settings.since = self.since.or(settings.since);
        for said in &self.rules {
            let Some((rule, level)) = said.split_once('=') else {
                return Err(Failure::usage(format!("--rule wants rule=level, found `{said}`")));
            };
            let level: Level =
                level.parse().map_err(|why| Failure::usage(format!("--rule {said}: {why}")))?;
            settings.rules.insert(rule.to_owned(), level);
        }
        let report = upshift_lint::lint(&context.set()?, &settings.options()?);
        let text = match self.format {
            Shape::Text => report.clone().shown(|path| context.source().shown(path)).to_string(),
            Shape::Sarif => format!("{:#}", render::sarif(&report, &context.shown(&context.folder()))),
        };
        let refused = report.errors().next().is_some() || self.strict && report.warnings().next().is_some();
        let answer = Answer::done(text, findings(&report));
        Ok(if refused { answer.exit(Exit::Refused) } else { answer })
    }
}

/// A report of lint as JSON: that of upshift-lint.
pub(super) fn findings(report: &Report) -> Value {
    json!(render::json(report))
}
