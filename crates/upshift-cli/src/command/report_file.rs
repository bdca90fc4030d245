//! `--report`: what a run did, as a file to attach to a ticket.

use std::path::{Path, PathBuf};
use std::str::FromStr;

use clap::Args;
use upshift::Report;
use upshift_report::html::{self, About};
use upshift_report::json;

use crate::answer::{Answer, failure_as_json};
use crate::context::Context;
use crate::failure::Failure;

/// Where the report of a run is kept.
#[derive(Debug, Clone, Args)]
pub(super) struct ReportFile {
    /// Write what was done into this file, also when it fails: .html, .json or .txt.
    #[arg(long = "report", value_name = "FILE")]
    file: Option<Kept>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Kept {
    path: PathBuf,
    form: Form,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Html,
    Json,
    Text,
}

impl FromStr for Kept {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Kept, &'static str> {
        let path = PathBuf::from(text);
        let form = match path.extension().and_then(|ending| ending.to_str()) {
            Some("html") => Form::Html,
            Some("json") => Form::Json,
            Some("txt") => Form::Text,
            _ => return Err("a report ends in .html, .json or .txt, which says what it is written as"),
        };
        Ok(Kept { path, form })
    }
}

impl ReportFile {
    /// Runs, and answers with the report; keeps it where that was asked for.
    pub(super) async fn of(
        &self,
        command: &str,
        context: &Context,
        run: impl Future<Output = Result<Report, upshift::Error>>,
    ) -> Result<Answer, Failure> {
        if let Some(kept) = &self.file {
            // A file that cannot be written is said before anything is done.
            std::fs::write(&kept.path, "").map_err(|cause| Failure::file("write", &kept.path, &cause))?;
        }
        let ran = run.await.map_err(Failure::from);
        let answered = ran.map(|report| {
            let answer = Answer::of_the_engine(report.to_string(), json::report(&report));
            (answer, report)
        });
        if let Some(kept) = &self.file {
            let text = match &answered {
                Ok((answer, report)) => kept.form.of_a_run(command, context, answer, report),
                Err(failure) => kept.form.of_a_failure(command, context, failure),
            };
            write(&kept.path, &text)?;
            context.terminal.tell(&format!("report: {}", kept.path.display()));
        }
        answered.map(|(answer, _)| answer)
    }

    /// Keeps why a run was ended from outside, where a report was asked for: the run itself is gone then. It says how the
    /// command ended whether it could be kept or not.
    pub(super) fn keep(&self, command: &str, context: &Context, ended: &Failure) {
        let Some(kept) = &self.file else { return };
        match write(&kept.path, &kept.form.of_a_failure(command, context, ended)) {
            Ok(()) => context.terminal.tell(&format!("report: {}", kept.path.display())),
            Err(failure) => context.terminal.tell(&format!("no report: {}", failure.render())),
        }
    }
}

impl Form {
    fn of_a_run(self, command: &str, context: &Context, answer: &Answer, report: &Report) -> String {
        match self {
            Form::Html => html::report(report, &about(command, context)),
            Form::Json => format!("{:#}\n", answer.json(command, context.terminal.called())),
            Form::Text => answer.text(context.terminal.called()),
        }
    }

    fn of_a_failure(self, command: &str, context: &Context, failure: &Failure) -> String {
        let report = failure.engine().and_then(upshift::Error::report);
        let called = context.terminal.called();
        let words = called.at_a_command_line(&failure.render()).into_owned();
        match (self, report) {
            (Form::Html, Some(report)) => html::report(report, &about(command, context).failure(words)),
            (Form::Html, None) => html::failure(&about(command, context).failure(words)),
            (Form::Json, _) => format!("{:#}\n", failure_as_json(command, failure, called)),
            (Form::Text, Some(report)) if !report.is_empty() => format!("{report}\nerror: {words}\n"),
            (Form::Text, _) => format!("error: {words}\n"),
        }
    }
}

fn about(command: &str, context: &Context) -> About {
    // The program's own, where that mounts the commands and says who it is.
    let identity = context.migrator_offline().map(|migrator| migrator.identity().clone()).unwrap_or_default();
    let service = identity.service.map(|service| match identity.release {
        Some(release) => format!("{service} {release}").trim_end().to_owned(),
        None => service,
    });
    let called = context.terminal.called().clone();
    let words = move |text: &str| called.at_a_command_line(text).into_owned();
    About::nothing().title(command).fact("Service", service).words(words)
}

fn write(path: &Path, text: &str) -> Result<(), Failure> {
    std::fs::write(path, text).map_err(|cause| {
        Failure::file("write", path, &cause)
            .help("the run itself is over: `upshift status` says what is done")
    })
}
