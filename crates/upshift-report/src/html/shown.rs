//! What of a report is shown: words and places on the time line, nothing of HTML.

use std::time::Duration;

use upshift::{Direction, Report, StepFailure, StepReport, human, utc};

use super::About;

/// A report in words.
#[derive(Debug)]
pub(super) struct Shown {
    pub(super) title: String,
    /// What came of it.
    pub(super) sentence: String,
    pub(super) outcome: Outcome,
    /// The head, above what [`About`] says.
    pub(super) head: Vec<(&'static str, String)>,
    pub(super) rows: Vec<Row>,
    pub(super) blocked: Vec<(String, String)>,
    pub(super) notes: Vec<String>,
    pub(super) total: Duration,
}

/// What came of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    Done,
    Failed,
}

impl Outcome {
    pub(super) fn class(self) -> &'static str {
        match self {
            Outcome::Done => "done",
            Outcome::Failed => "failed",
        }
    }
}

/// One line of the time line.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) label: String,
    pub(super) phase: Option<&'static str>,
    pub(super) direction: &'static str,
    pub(super) took: String,
    /// What is to be said besides.
    pub(super) remark: Option<String>,
    pub(super) bar: Bar,
}

/// Where a step is on the time line, in thousandths of all of it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Bar {
    /// Where it was tried the first time, or waited.
    pub(super) tried: f64,
    /// Where it began at last.
    pub(super) began: f64,
    pub(super) ended: f64,
    pub(super) kind: BarKind,
}

/// What a bar stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BarKind {
    Step,
    /// It was at work until it failed.
    Failed,
    /// Nothing was done: somebody else was at work.
    Waiting,
}

impl Shown {
    pub(super) fn of(report: &Report, about: &About) -> Shown {
        let outcome = if about.failure.is_some() { Outcome::Failed } else { Outcome::Done };
        let say = |text: String| (about.words.0)(&text);
        let mut head = about.facts.clone();
        head.push(("Began", utc(report.began)));
        head.push(("Took", human(report.took)));
        if !report.waited.is_zero() {
            head.push(("Of it waiting", human(report.waited)));
        }
        Shown {
            title: about.title.clone().unwrap_or_else(|| "run".to_owned()),
            sentence: sentence(report, outcome),
            outcome,
            head,
            rows: rows(report),
            blocked: report.blocked.iter().map(|it| (it.label.clone(), say(it.by.to_string()))).collect(),
            notes: report.notes.iter().map(|note| say(note.to_string())).collect(),
            total: report.took,
        }
    }

    pub(super) fn failure(about: &About) -> Shown {
        Shown {
            title: about.title.clone().unwrap_or_else(|| "run".to_owned()),
            sentence: "Nothing was done".to_owned(),
            outcome: Outcome::Failed,
            head: about.facts.clone(),
            rows: Vec::new(),
            blocked: Vec::new(),
            notes: Vec::new(),
            total: Duration::ZERO,
        }
    }

    pub(super) fn caption(&self) -> String {
        format!("Each step on a time line of {}", human(self.total))
    }
}

/// What came of it, in a sentence.
fn sentence(report: &Report, outcome: Outcome) -> String {
    let count = |direction: Direction| report.steps.iter().filter(|step| step.direction == direction).count();
    let said = |count: usize, verb: &str| match count {
        0 => None,
        1 => Some(format!("1 migration {verb}")),
        more => Some(format!("{more} migrations {verb}")),
    };
    let done = [said(count(Direction::Down), "reverted"), said(count(Direction::Up), "applied")];
    let mut words: Vec<String> = done.into_iter().flatten().collect();
    match (outcome, words.is_empty()) {
        (Outcome::Done, true) => words.push("Nothing to do".to_owned()),
        (Outcome::Failed, true) => words.push("Failed; nothing was done".to_owned()),
        (Outcome::Failed, false) => words.push("then it failed".to_owned()),
        (Outcome::Done, false) => {}
    }
    words.extend(said(report.blocked.len(), "blocked"));
    words.join(", ")
}

fn rows(report: &Report) -> Vec<Row> {
    let total = report.took.as_secs_f64();
    let place =
        |at: Duration| if total > 0.0 { (at.as_secs_f64() / total * 1000.0).min(1000.0) } else { 0.0 };
    let mut rows = Vec::new();
    let is_empty = report.steps.is_empty() && report.failed.is_none();
    if report.waited.as_millis() > 0 && !is_empty {
        rows.push(waiting(report.waited, place(report.waited)));
    }
    let mut before = report.waited;
    for step in &report.steps {
        let (began, ended) = (step.after, step.after + step.took);
        let tried = if step.retries == 0 { began } else { before.min(began) };
        before = ended;
        let bar = Bar { tried: place(tried), began: place(began), ended: place(ended), kind: BarKind::Step };
        rows.push(row(step, bar));
    }
    rows.extend(report.failed.as_ref().map(|step| {
        let (began, ended) = (place(step.after), place(step.after + step.took));
        failed(step, Bar { tried: began, began, ended, kind: BarKind::Failed })
    }));
    rows
}

fn failed(step: &StepFailure, bar: Bar) -> Row {
    Row {
        label: step.label.clone(),
        phase: Some(crate::json::phase(&step.id, step.phase)),
        direction: match step.direction {
            Direction::Up => "failed",
            Direction::Down => "failed to revert",
        },
        took: human(step.took),
        remark: None,
        bar,
    }
}

fn waiting(waited: Duration, end: f64) -> Row {
    Row {
        label: "another migrator at work".to_owned(),
        phase: None,
        direction: "waited",
        took: human(waited),
        remark: None,
        bar: Bar { tried: 0.0, began: 0.0, ended: end, kind: BarKind::Waiting },
    }
}

fn row(step: &StepReport, bar: Bar) -> Row {
    Row {
        label: step.label.clone(),
        phase: Some(phase(step)),
        direction: match step.direction {
            Direction::Up => "applied",
            Direction::Down => "reverted",
        },
        took: human(step.took),
        remark: match step.retries {
            0 => None,
            1 => Some("tried twice".to_owned()),
            more => Some(format!("tried {} times", more + 1)),
        },
        bar,
    }
}

fn phase(step: &StepReport) -> &'static str {
    crate::json::phase(&step.id, step.phase)
}
