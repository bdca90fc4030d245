//! One file of a recipe, and its text.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use upshift_files::{Phase, Transaction, Version};

use crate::name::{Ident, Table};

/// One file of a recipe: all of a migration but its version.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RecipeFile {
    /// Its phase.
    pub phase: Phase,
    /// What stands behind the version in its name.
    pub name: String,
    /// The names of the files of this recipe that must be applied before.
    pub requires: Vec<String>,
    /// What it is for, in a line.
    pub about: String,
    /// The locks it takes, in a line.
    pub locks: String,
    batches: Option<Batches>,
    after: Option<String>,
    switch: Option<String>,
    transaction: Transaction,
    guard: Vec<String>,
    up: Vec<String>,
    verify: Vec<String>,
    down: Way,
}

/// The table a backfill is cut into batches over.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Batches {
    table: Table,
    key: Option<Ident>,
}

/// The way back from a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Way {
    /// These statements.
    Back(Vec<String>),
    /// Nothing need be done, and why.
    Nothing(String),
    /// There is none, and why.
    None(String),
}

impl RecipeFile {
    pub(crate) fn new(phase: Phase, name: impl Into<String>, about: impl Into<String>) -> RecipeFile {
        RecipeFile {
            phase,
            name: name.into(),
            requires: Vec::new(),
            about: about.into(),
            locks: String::new(),
            batches: None,
            after: None,
            switch: None,
            transaction: Transaction::On,
            guard: Vec::new(),
            up: Vec::new(),
            verify: Vec::new(),
            down: Way::Nothing("Nothing to take back.".to_owned()),
        }
    }

    pub(crate) fn requires(mut self, name: impl Into<String>) -> RecipeFile {
        self.requires.push(name.into());
        self
    }

    pub(crate) fn locks(mut self, locks: impl Into<String>) -> RecipeFile {
        self.locks = locks.into();
        self
    }

    pub(crate) fn batches(mut self, table: &Table, key: Option<&Ident>) -> RecipeFile {
        self.batches = Some(Batches { table: table.clone(), key: key.cloned() });
        self
    }

    pub(crate) fn after(mut self, delay: &str) -> RecipeFile {
        self.after = Some(delay.to_owned());
        self
    }

    /// Each statement by itself: the locks of one are gone when the next begins.
    pub(crate) fn one_by_one(mut self) -> RecipeFile {
        self.transaction = Transaction::Off;
        self
    }

    pub(crate) fn up(mut self, statements: impl IntoIterator<Item = String>) -> RecipeFile {
        self.up.extend(statements);
        self
    }

    pub(crate) fn guard(mut self, queries: impl IntoIterator<Item = String>) -> RecipeFile {
        self.guard.extend(queries);
        self
    }

    pub(crate) fn verify(mut self, queries: impl IntoIterator<Item = String>) -> RecipeFile {
        self.verify.extend(queries);
        self
    }

    pub(crate) fn down(mut self, down: Way) -> RecipeFile {
        self.down = down;
        self
    }

    /// The same with something else as the delay of a contract, such as `14d`; nothing happens for other files.
    pub(crate) fn delayed(&mut self, delay: &str) {
        if let Some(after) = &mut self.after {
            delay.clone_into(after);
        }
    }

    pub(crate) fn switched(&mut self, name: &str) {
        self.switch = Some(name.to_owned());
    }

    /// The text, with the versions of the files it names.
    pub(crate) fn text(&self, versions: &BTreeMap<&str, Version>) -> String {
        let mut text = String::new();
        self.header(versions, &mut text);
        if !self.guard.is_empty() {
            text.push_str("\n-- upshift: guard\n");
            section(&mut text, &self.guard);
            text.push_str("\n-- upshift: up\n");
        }
        section(&mut text, &self.up);
        if !self.verify.is_empty() {
            text.push_str("\n-- upshift: verify\n");
            section(&mut text, &self.verify);
        }
        match &self.down {
            Way::Back(statements) => {
                text.push_str("\n-- upshift: down\n");
                section(&mut text, statements);
            }
            Way::Nothing(why) => {
                text.push_str("\n-- upshift: down\n");
                comment(&mut text, why);
            }
            Way::None(_) => {}
        }
        text
    }

    fn header(&self, versions: &BTreeMap<&str, Version>, text: &mut String) {
        // Writing to a String cannot fail.
        let _ = match &self.batches {
            None => writeln!(text, "-- upshift: phase {}", self.phase),
            Some(Batches { table, key: None }) => writeln!(text, "-- upshift: backfill table={table}"),
            Some(Batches { table, key: Some(key) }) => {
                writeln!(text, "-- upshift: backfill table={table} key={key}")
            }
        };
        if let Some(name) = &self.switch {
            let _ = writeln!(text, "-- upshift: switch {name}");
        }
        let requires: Vec<String> = self
            .requires
            .iter()
            .filter_map(|name| versions.get(name.as_str()))
            .map(ToString::to_string)
            .collect();
        if !requires.is_empty() {
            let _ = writeln!(text, "-- upshift: requires {}", requires.join(", "));
        }
        if let Some(delay) = &self.after {
            let _ = writeln!(text, "-- upshift: after {delay}");
        }
        if self.transaction == Transaction::Off {
            text.push_str("-- upshift: transaction off\n");
        }
        if let Way::None(why) = &self.down {
            let _ = writeln!(text, "-- upshift: irreversible because {}", one_line(why));
        }
        comment(text, &self.about);
        comment(text, &format!("Locks: {}", self.locks));
    }
}

/// Statements, each with its `;`.
fn section(text: &mut String, statements: &[String]) {
    for statement in statements {
        text.push_str(statement);
        text.push_str(";\n");
    }
}

/// A comment, broken into lines.
pub(crate) fn comment(text: &mut String, words: &str) {
    const WIDTH: usize = 100;
    let mut line = String::new();
    for word in one_line(words).split(' ') {
        // A word with a colon begins no line: in a name it could make the line a directive.
        let breaks = !line.is_empty() && !word.contains(':');
        if breaks && line.chars().count() + word.chars().count() > WIDTH {
            let _ = writeln!(text, "-- {}", line.trim_end());
            line.clear();
        }
        line.push_str(word);
        line.push(' ');
    }
    let _ = writeln!(text, "-- {}", line.trim_end());
}

/// A comment ends with its line, so a line break in it would make SQL of the rest.
fn one_line(words: &str) -> String {
    words.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}
