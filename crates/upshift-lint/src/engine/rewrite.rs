//! What to write instead.

use crate::variable;

/// What to write instead of a statement: here, and in migrations that come after.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rewrite {
    here: String,
    later: Vec<(String, String)>,
}

impl Rewrite {
    /// In the place of the statement. Directives it begins with belong into the file's header.
    pub fn this(text: impl Into<String>) -> Rewrite {
        Rewrite { here: text.into(), later: Vec::new() }
    }

    /// The same, and a migration of its own after it, with these words as its name.
    pub fn then(mut self, name: &str, text: impl Into<String>) -> Rewrite {
        self.later.push((slug(name), text.into()));
        self
    }

    /// The same, each text of it with its variables again; `None` where a directive has one, which directives do not know.
    pub(super) fn with_variables(&self, restored: impl Fn(&String) -> String) -> Option<Rewrite> {
        let in_directive = |text: &str| text.lines().any(|line| is_directive(&line) && variable::is_in(line));
        let texts = || std::iter::once(&self.here).chain(self.later.iter().map(|(_, text)| text));
        if texts().any(|text| in_directive(text)) {
            return None;
        }
        let later = self.later.iter().map(|(name, text)| {
            let header = if variable::is_in(text) { "-- upshift: vars on\n" } else { "" };
            (name.clone(), format!("{header}{}", restored(text)))
        });
        Some(Rewrite { here: restored(&self.here), later: later.collect() })
    }

    /// What stands in the place of the statement.
    pub fn here(&self) -> &str {
        &self.here
    }

    /// The migrations after it: name and text of each.
    pub fn later(&self) -> &[(String, String)] {
        &self.later
    }

    /// The text of a file in which it replaces the statement at `range`.
    pub fn applied(&self, file: &str, range: std::ops::Range<usize>) -> String {
        let directives: Vec<&str> = self.here.lines().filter(is_directive).collect();
        let rest: Vec<&str> = self.here.lines().filter(|line| !is_directive(line)).collect();
        let body = rest.join("\n");
        let header = directives.iter().map(|line| format!("{line}\n")).collect::<String>();
        let (before, after) = (file.get(..range.start).unwrap_or(""), file.get(range.end..).unwrap_or(""));
        format!("{header}{before}{}{after}", body.trim().trim_end_matches(';'))
    }

    /// As a text to read: what stands here, then each migration under its name.
    pub fn text(&self) -> String {
        self.lines().join("\n")
    }

    pub(super) fn lines(&self) -> Vec<String> {
        let mut lines: Vec<String> = self.here.lines().map(str::to_owned).collect();
        for (name, text) in &self.later {
            lines.push(format!("-- in a migration after this one: …_{name}.sql"));
            lines.extend(text.lines().map(str::to_owned));
        }
        lines
    }
}

fn is_directive(line: &&str) -> bool {
    line.trim_start().starts_with("-- upshift:")
}

/// A name for a file: its letters and digits, `_` for whatever stands between them.
fn slug(name: &str) -> String {
    let words = name.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join("_").to_ascii_lowercase()
}
