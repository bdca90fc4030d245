//! A finding, and how it is shown: the same in a compile error, a terminal, JSON and SARIF.

use std::fmt;
use std::ops::Range;

use upshift_files::{Diagnostic, Migration, Section};

use super::{Level, Rewrite};
use crate::rules::Rule;
use crate::variable;

/// A finding as a rule makes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    pub(super) place: Option<Range<usize>>,
    pub(super) message: String,
    pub(super) effect: Option<String>,
    pub(super) advice: Option<String>,
    pub(super) rewrite: Option<Rewrite>,
}

impl Draft {
    pub(super) fn new(place: Option<Range<usize>>, message: impl Into<String>) -> Draft {
        Draft { place, message: message.into(), effect: None, advice: None, rewrite: None }
    }

    /// What the statement does to whom.
    pub fn effect(mut self, effect: impl Into<String>) -> Draft {
        self.effect = Some(effect.into());
        self
    }

    /// What to do, where no text can be written for it.
    pub fn advice(mut self, advice: impl Into<String>) -> Draft {
        self.advice = Some(advice.into());
        self
    }

    /// What to write instead.
    pub fn rewrite(mut self, rewrite: Rewrite) -> Draft {
        self.rewrite = Some(rewrite);
        self
    }
}

impl Draft {
    /// With the variables of its section where lint read words in their place.
    fn restored(self, section: Option<&Section>) -> Draft {
        let written: Vec<&str> = section.map(variables).unwrap_or_default();
        let back = |text: &String| variable::restored(text, &written);
        let rewrite = self.rewrite.as_ref().map(|rewrite| rewrite.with_variables(back));
        let advice = match rewrite {
            Some(None) if self.advice.is_none() => Some(NO_VARIABLE_IN_DIRECTIVES.to_owned()),
            _ => self.advice.as_ref().map(back),
        };
        Draft {
            place: self.place,
            message: back(&self.message),
            effect: self.effect.as_ref().map(back),
            advice,
            rewrite: rewrite.flatten(),
        }
    }
}

/// Said where nothing can be proposed because a directive of the proposal would need a variable.
const NO_VARIABLE_IN_DIRECTIVES: &str = "\
    the way to do it needs a directive (`-- upshift: backfill table=…`), and directives know no variables: write the \
    table's name there";

/// The variables of a section, as written.
fn variables(section: &Section) -> Vec<&str> {
    section.variables().into_iter().filter_map(|place| section.text().get(place)).collect()
}

/// Something a rule found.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Finding {
    /// The rule's name.
    pub rule: String,
    /// Where the rule is documented.
    pub link: String,
    /// How much it counts.
    pub level: Level,
    /// The migration, as people say it: `20260514093000_add_status`.
    pub migration: String,
    /// What is wrong and where, with the line.
    pub diagnostic: Diagnostic,
    /// What the statement does to whom.
    pub effect: Option<String>,
    /// What to do, where no text can be written for it.
    pub advice: Option<String>,
    /// What to write instead.
    pub rewrite: Option<Rewrite>,
    /// The bytes of the file that the statement stands in, which `rewrite` replaces.
    pub statement: Option<Range<usize>>,
}

/// A rule, and how much its findings count in this project.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked {
    pub rule: &'static Rule,
    pub level: Level,
}

impl Finding {
    pub(super) fn new(
        asked: Asked,
        migration: &Migration,
        section: Option<&Section>,
        draft: Draft,
    ) -> Finding {
        let draft = draft.restored(section);
        let diagnostic = match (section, draft.place) {
            (Some(section), Some(place)) => section.diagnostic(place, draft.message),
            _ => Diagnostic::of_file(migration.path(), draft.message),
        };
        let Asked { rule, level } = asked;
        Finding {
            rule: rule.name(),
            link: rule.link(),
            level,
            migration: migration.label(),
            diagnostic,
            effect: draft.effect,
            advice: draft.advice,
            rewrite: draft.rewrite,
            statement: None,
        }
    }
}

/// The whole picture, several lines, without its level:
///
/// ```text
/// this index is built while nobody can write to orders
///   --> migrations/2_index.sql:1:1
///    |
///  1 | create index orders_status on orders (status)
///    | ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
///    = effect: SHARE on orders while the whole table is read: INSERT, UPDATE and DELETE wait
///    = write instead:
///        create index concurrently orders_status on orders (status)
///    = rule: create-index-not-concurrently, https://…
/// ```
impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let margin =
            self.diagnostic.place.as_ref().map_or(3, |place| place.position.line.to_string().len() + 2);
        self.diagnostic.fmt(f)?;
        if let Some(effect) = &self.effect {
            write!(f, "\n{:margin$}= effect: {effect}", "")?;
        }
        if let Some(advice) = &self.advice {
            write!(f, "\n{:margin$}= help: {advice}", "")?;
        }
        if let Some(rewrite) = &self.rewrite {
            write!(f, "\n{:margin$}= write instead:", "")?;
            for line in rewrite.lines() {
                write!(f, "\n{:margin$}    {line}", "")?;
            }
        }
        write!(f, "\n{:margin$}= rule: {}, {}", "", self.rule, self.link)
    }
}

/// What was found in a set.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Report {
    /// The findings, in the order of the migrations and their lines.
    pub findings: Vec<Finding>,
    /// The statements that the reader does not know: no rule looked at them.
    pub not_understood: Vec<Diagnostic>,
    /// How many statements were looked at, those included.
    pub statements: usize,
}

impl Report {
    /// The same with each file named as this function says, such as with its folder in front.
    pub fn shown(mut self, name: impl Fn(&str) -> String) -> Report {
        let found = self.findings.iter_mut().map(|finding| &mut finding.diagnostic);
        found.chain(&mut self.not_understood).for_each(|one| one.path = name(&one.path));
        self
    }

    /// The findings that refuse the set.
    pub fn errors(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(|finding| finding.level == Level::Error)
    }

    /// The findings that are only said.
    pub fn warnings(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(|finding| finding.level == Level::Warning)
    }
}

/// Every finding under its level, and one line that counts them.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for finding in &self.findings {
            let level = if finding.level == Level::Error { "error" } else { "warning" };
            writeln!(f, "{level}: {finding}\n")?;
        }
        let (errors, warnings) = (self.errors().count(), self.warnings().count());
        write!(f, "lint: {} statements, {errors} errors, {warnings} warnings", self.statements)?;
        match self.not_understood.len() {
            0 => Ok(()),
            unknown => write!(f, ", {unknown} statements not understood"),
        }
    }
}
