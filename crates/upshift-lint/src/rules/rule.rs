//! What a rule is.

use crate::engine::{AllowUse, At, Draft, InMigration, Level};

/// One rule.
#[derive(Debug, Clone, Copy)]
pub struct Rule {
    /// The name of its file: with `_`, not yet with `-`.
    file: &'static str,
    /// What it is about.
    pub group: Group,
    /// What it is unless the project says otherwise.
    pub level: Level,
    /// What it catches, in one line: lower case, no full stop.
    pub summary: &'static str,
    /// Why that is bad and what to do, in a few sentences.
    pub explanation: &'static str,
    /// Where the facts are from: the manual's section, or "measured on 10 to 18".
    pub source: &'static str,
    /// Migrations that trip this rule and no other.
    pub bad: Example,
    /// Migrations that do the same and trip none.
    pub good: Example,
    /// How it is checked.
    pub check: Check,
}

/// Files of a folder in one text: each begins with a line `--- 1_name.sql`.
pub type Example = &'static str;

/// How a rule is checked.
#[derive(Debug, Clone, Copy)]
pub enum Check {
    /// On each statement of an up section.
    Up(fn(&At<'_>) -> Vec<Draft>),
    /// On each statement of an up or a down section.
    UpAndDown(fn(&At<'_>) -> Vec<Draft>),
    /// On each statement of a down section.
    Down(fn(&At<'_>) -> Vec<Draft>),
    /// On each `allow`, once every other rule was asked.
    Allow(fn(&AllowUse<'_>) -> Vec<Draft>),
    /// On each migration as a whole.
    Migration(fn(&InMigration<'_>) -> Vec<Draft>),
}

/// What a rule is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Group {
    /// Adding columns.
    AddingColumns,
    /// Changing and dropping columns.
    ChangingColumns,
    /// Constraints.
    Constraints,
    /// Indexes.
    Indexes,
    /// Tables, partitions and views.
    Tables,
    /// Types, functions, triggers and privileges.
    Objects,
    /// Transactions, locks and settings.
    Transactions,
    /// Data.
    Data,
    /// The way back.
    Rollback,
    /// House style: off unless asked for.
    Style,
}

impl Group {
    /// All of them, in the order of the documentation.
    pub const ALL: &[Group] = &[
        Group::AddingColumns,
        Group::ChangingColumns,
        Group::Constraints,
        Group::Indexes,
        Group::Tables,
        Group::Objects,
        Group::Transactions,
        Group::Data,
        Group::Rollback,
        Group::Style,
    ];

    /// Its heading.
    pub fn title(self) -> &'static str {
        match self {
            Group::AddingColumns => "Adding columns",
            Group::ChangingColumns => "Changing and dropping columns",
            Group::Constraints => "Constraints",
            Group::Indexes => "Indexes",
            Group::Tables => "Tables, partitions and views",
            Group::Objects => "Types, functions, triggers and privileges",
            Group::Transactions => "Transactions, locks and settings",
            Group::Data => "Data",
            Group::Rollback => "The way back",
            Group::Style => "House style",
        }
    }
}

impl Rule {
    /// A rule that [`RULES`](super::RULES) gives the name of its file.
    pub(super) const fn new(group: Group, level: Level, summary: &'static str, check: Check) -> Rule {
        Rule { file: "", group, level, summary, explanation: "", source: "", bad: "", good: "", check }
    }

    pub(super) const fn explained(self, explanation: &'static str, source: &'static str) -> Rule {
        Rule { explanation, source, ..self }
    }

    pub(super) const fn examples(self, bad: Example, good: Example) -> Rule {
        Rule { bad, good, ..self }
    }

    pub(super) const fn named(self, file: &'static str) -> Rule {
        Rule { file, ..self }
    }

    /// Its name, as directives and settings say it: `add-column-volatile-default`.
    pub fn name(&self) -> String {
        self.file.replace('_', "-")
    }

    /// Whether this is its name.
    pub(crate) fn is_called(&self, name: &str) -> bool {
        let own = self.file.bytes().map(|byte| if byte == b'_' { b'-' } else { byte });
        own.eq(name.bytes())
    }

    /// Where its documentation stands.
    pub fn link(&self) -> String {
        format!("https://github.com/upshift-rs/upshift/blob/main/docs/lints.md#{}", self.name())
    }
}
