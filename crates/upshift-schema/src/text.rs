//! A snapshot as text, and back. The format: `docs/schema.md`.

use std::fmt;
use std::str::FromStr;

use crate::{Fact, Kind, KindError, Snapshot};

/// The first line. Another number is another format, or other definitions of the same objects.
const HEADER: &str = "upshift schema 1";

impl fmt::Display for Snapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{HEADER}")?;
        for fact in self.facts() {
            writeln!(f, "{}: {}", fact.kind, escaped(&fact.id))?;
            if fact.definition.is_empty() {
                continue;
            }
            for line in fact.definition.split('\n') {
                // No white space at the end of a line, which editors take away.
                if line.is_empty() { writeln!(f)? } else { writeln!(f, "    {line}")? }
            }
        }
        Ok(())
    }
}

/// A name may hold a line break.
fn escaped(id: &str) -> String {
    id.replace('\\', "\\\\").replace('\n', "\\n")
}

fn unescaped(id: &str) -> String {
    let mut text = String::with_capacity(id.len());
    let mut characters = id.chars();
    while let Some(character) = characters.next() {
        match (character, characters.clone().next()) {
            ('\\', Some('n')) => text.push('\n'),
            ('\\', Some(other)) => text.push(other),
            _ => {
                text.push(character);
                continue;
            }
        }
        characters.next();
    }
    text
}

/// A text that is no snapshot.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TextError {
    /// The first line is another.
    #[error("line 1 is `{found}`, not `{HEADER}`: no snapshot, or one of another version of upshift")]
    Header {
        /// The first line.
        found: String,
    },
    /// A line is neither the head of a fact nor a line of a definition.
    #[error("line {line} is `{found}`: expected `kind: id`, or a definition behind four spaces")]
    Line {
        /// Counted from 1.
        line: usize,
        /// The line.
        found: String,
    },
    /// A fact is of no kind that is known.
    #[error("line {line} of the snapshot")]
    Kind {
        /// Counted from 1.
        line: usize,
        /// Which kind.
        #[source]
        cause: KindError,
    },
}

impl FromStr for Snapshot {
    type Err = TextError;

    fn from_str(text: &str) -> Result<Snapshot, TextError> {
        let mut lines = text.strip_suffix('\n').unwrap_or(text).split('\n').enumerate();
        match lines.next() {
            Some((_, HEADER)) => {}
            other => return Err(TextError::Header { found: other.map_or("", |(_, line)| line).to_owned() }),
        }
        let mut facts: Vec<Fact> = Vec::new();
        let mut in_definition = false;
        for (at, text) in lines {
            let wrong = || TextError::Line { line: at + 1, found: text.to_owned() };
            let line = if text.is_empty() { Some("") } else { text.strip_prefix("    ") };
            if let Some(line) = line {
                let fact = facts.last_mut().ok_or_else(wrong)?;
                if in_definition {
                    fact.definition.push('\n');
                }
                fact.definition.push_str(line);
                in_definition = true;
                continue;
            }
            let (kind, id) = text.split_once(": ").ok_or_else(wrong)?;
            let kind: Kind = kind.parse().map_err(|cause| TextError::Kind { line: at + 1, cause })?;
            facts.push(Fact::new(kind, unescaped(id), ""));
            in_definition = false;
        }
        Ok(Snapshot::from(facts))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Fact, Kind, Snapshot};

    fn facts() -> impl Strategy<Value = Vec<Fact>> {
        let kind = (0..Kind::ALL.len()).prop_map(|at| Kind::ALL[at]);
        let id = "[a-c.:\\\\\n\" ]{1,8}";
        let definition = prop_oneof![Just(String::new()), "[a-c:\n\r ]{0,6}[a-c]"];
        prop::collection::vec((kind, id, definition).prop_map(|(k, id, d)| Fact::new(k, id, d)), 0..6)
    }

    proptest! {
        #[test]
        fn every_snapshot_survives_its_text(facts in facts()) {
            let snapshot = Snapshot::from(facts);
            prop_assert_eq!(snapshot.to_string().parse::<Snapshot>(), Ok(snapshot));
        }

        #[test]
        fn no_text_makes_it_panic(text in "(upshift schema 1\n)?[a-z :\\\\\n]{0,40}") {
            let _ = text.parse::<Snapshot>();
        }
    }

    #[test]
    fn what_is_no_snapshot_is_named_with_its_line() {
        let check = |text: &str, expected: &str| {
            assert_eq!(text.parse::<Snapshot>().unwrap_err().to_string(), expected);
        };
        check("", "line 1 is ``, not `upshift schema 1`: no snapshot, or one of another version of upshift");
        check(
            "upshift schema 1\n    text\n",
            "line 2 is `    text`: expected `kind: id`, or a definition behind four spaces",
        );
        check(
            "upshift schema 1\ntable: a.t\ntable\n",
            "line 3 is `table`: expected `kind: id`, or a definition behind four spaces",
        );
        check("upshift schema 1\nsatellite: a.t\n", "line 2 of the snapshot");
    }
}
