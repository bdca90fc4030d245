//! The report of a run as one HTML file: no script, no other file, no outside host; for a screen, dark or light, and for
//! paper.
//!
//! Every text is escaped by the macro that writes it, also one that a migration or its error brought.

mod line;
mod shown;

use std::fmt::{self, Display};
use std::sync::Arc;

use maud::{DOCTYPE, Markup, PreEscaped, html};
use upshift::Report;

use self::shown::{Outcome, Row, Shown};

const STYLE: &str = include_str!("style.css");

/// What a report does not know of itself.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct About {
    title: Option<String>,
    facts: Vec<(&'static str, String)>,
    failure: Option<String>,
    words: Words,
}

/// How a text of the engine is said where this is read.
#[derive(Clone)]
struct Words(Arc<dyn Fn(&str) -> String + Send + Sync>);

impl Default for Words {
    fn default() -> Words {
        Words(Arc::new(str::to_owned))
    }
}

impl fmt::Debug for Words {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Words")
    }
}

impl About {
    /// Nothing but what the report says.
    pub fn nothing() -> About {
        About::default()
    }

    /// What was asked for: `up`, `down`, `redo`.
    pub fn title(mut self, title: impl Into<String>) -> About {
        self.title = Some(title.into());
        self
    }

    /// A line of the head: the service, its release, the database. Of what is not known, none.
    pub fn fact(mut self, name: &'static str, value: Option<impl Into<String>>) -> About {
        self.facts.extend(value.map(|value| (name, value.into())));
        self
    }

    /// Why the run ended before its end, as a person reads it.
    pub fn failure(mut self, failure: impl Display) -> About {
        self.failure = Some(failure.to_string());
        self
    }

    /// How the engine's texts are said where this is read, such as with commands in the place of calls.
    pub fn words(mut self, words: impl Fn(&str) -> String + Send + Sync + 'static) -> About {
        self.words = Words(Arc::new(words));
        self
    }
}

/// The report of a run as one HTML file.
///
/// A bar for each step on a time line: when it was at work, and how long it was tried again before, or waited.
pub fn report(report: &Report, about: &About) -> String {
    page(&Shown::of(report, about), about).into_string()
}

/// The same of a run that came to nothing: refused, or without a database.
pub fn failure(about: &About) -> String {
    page(&Shown::failure(about), about).into_string()
}

fn page(shown: &Shown, about: &About) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                // A file that is opened has no headers: this holds it to what it promises.
                meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'";
                meta name="color-scheme" content="light dark";
                meta name="referrer" content="no-referrer";
                title { (shown.title) ": " (shown.sentence) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                header {
                    p.kicker { "upshift · " (shown.title) }
                    h1.(shown.outcome.class()) { (shown.sentence) }
                    dl.facts {
                        @for (name, value) in &shown.head { div { dt { (name) } dd { (value) } } }
                    }
                }
                main {
                    @if let Some(failure) = &about.failure { (failed(failure)) }
                    @if !shown.rows.is_empty() { (steps(shown)) }
                    @if !shown.blocked.is_empty() { (blocked(shown)) }
                    @if !shown.notes.is_empty() { (notes(shown)) }
                }
                footer { p { "Written by upshift " (env!("CARGO_PKG_VERSION")) ". Times are those of the process that ran." } }
            }
        }
    }
}

fn failed(why: &str) -> Markup {
    html! {
        section.failure aria-labelledby="failure" {
            h2 #failure { "What went wrong" }
            pre { (why) }
        }
    }
}

fn steps(shown: &Shown) -> Markup {
    html! {
        section aria-labelledby="steps" {
            h2 #steps { (if shown.outcome == Outcome::Failed { "What was done, and what failed" } else { "What was done" }) }
            div.scroll tabindex="0" role="region" aria-labelledby="steps" {
                table {
                    caption { (shown.caption()) }
                    thead { tr {
                        th scope="col" { "Migration" }
                        th scope="col" { "Phase" }
                        th scope="col" { "Direction" }
                        th.line scope="col" { (line::axis(shown.total)) }
                        th.number scope="col" { "Took" }
                    } }
                    tbody { @for row in &shown.rows { (step(row)) } }
                }
            }
            (line::legend(shown))
        }
    }
}

fn step(row: &Row) -> Markup {
    html! {
        tr {
            th scope="row" { code { (row.label) } @if let Some(remark) = &row.remark { " " span.remark { (remark) } } }
            td { @if let Some(phase) = row.phase { span class={ "phase " (phase) } { (phase) } } }
            td { (row.direction) }
            td.line { (line::bar(row)) }
            td.number { (row.took) }
        }
    }
}

fn blocked(shown: &Shown) -> Markup {
    html! {
        section aria-labelledby="blocked" {
            h2 #blocked { "What was not done, and why" }
            dl.blocked {
                @for (label, why) in &shown.blocked { div { dt { code { (label) } } dd { (why) } } }
            }
        }
    }
}

fn notes(shown: &Shown) -> Markup {
    html! {
        section aria-labelledby="notes" {
            h2 #notes { "Notes" }
            ul { @for note in &shown.notes { li { (note) } } }
        }
    }
}

#[cfg(test)]
mod tests;
