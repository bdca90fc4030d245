//! Names with stars in them: which objects somebody means.

use std::fmt;
use std::str::FromStr;

use crate::Kind;
use crate::name::{object, split, unquoted};

/// Which objects somebody means, by name: `tmp_*` in any schema, `app.log_?` in one. `*` is any letters, `?` is one; names
/// are written as they are, without quotes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ObjectPattern {
    schema: String,
    name: String,
}

impl ObjectPattern {
    /// Whether it means what this fact is, or is a part of, or is said about. Facts without a name in a schema never are.
    pub(crate) fn means(&self, kind: Kind, id: &str) -> bool {
        let alone = || match split(id, ".").as_slice() {
            [schema, name] if has_a_name_of_its_own(kind) => Some((unquoted(schema), unquoted(name))),
            _ => None,
        };
        object(kind, id)
            .or_else(alone)
            .is_some_and(|(schema, name)| is_like(&self.schema, &schema) && is_like(&self.name, &name))
    }
}

/// Beside tables, views and functions.
fn has_a_name_of_its_own(kind: Kind) -> bool {
    matches!(kind, Kind::Sequence | Kind::Type | Kind::Domain | Kind::Statistics | Kind::Collation)
}

/// The text, letter by letter; a star that took too little takes one more and goes on from there.
fn is_like(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
    let (mut at, mut here) = (0, 0);
    let mut star = None;
    while here < text.len() {
        match pattern.get(at) {
            Some('*') => {
                star = Some((at, here));
                at += 1;
            }
            Some(wanted) if *wanted == '?' || text.get(here) == Some(wanted) => {
                at += 1;
                here += 1;
            }
            _ => {
                let Some((place, taken)) = star else { return false };
                star = Some((place, taken + 1));
                at = place + 1;
                here = taken + 1;
            }
        }
    }
    pattern.iter().skip(at).all(|letter| *letter == '*')
}

/// A text that means no object.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no pattern of objects: expected `name`, `schema.name`, or either with `*` and `?` in it")]
pub struct PatternError(String);

impl FromStr for ObjectPattern {
    type Err = PatternError;

    fn from_str(text: &str) -> Result<ObjectPattern, PatternError> {
        let (schema, name) = text.split_once('.').unwrap_or(("*", text));
        match schema.is_empty() || name.is_empty() || name.contains('.') || text.contains('"') {
            true => Err(PatternError(text.to_owned())),
            false => Ok(ObjectPattern { schema: schema.to_owned(), name: name.to_owned() }),
        }
    }
}

impl fmt::Display for ObjectPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.schema, self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_means_what_has_such_a_name_and_what_belongs_to_it() {
        let cases = [
            ("tmp_*", Kind::Table, "app.tmp_a", true),
            ("tmp_*", Kind::Table, "app.tmp", false),
            ("tmp_*", Kind::Column, "app.tmp_a.id", true),
            ("tmp_*", Kind::Comment, "table app.tmp_a", true),
            ("app.*", Kind::Sequence, "app.ids", true),
            ("app.*", Kind::Function, "app.f(integer)", true),
            ("app.*", Kind::Table, "application.t", false),
            ("a*b*c", Kind::Type, "x.a_b_b_c", true),
            ("a*b*c", Kind::Type, "x.a_c", false),
            ("log_?", Kind::View, "app.log_1", true),
            ("log_?", Kind::View, "app.log_10", false),
            ("*", Kind::Schema, "app", false),
            ("*", Kind::Extension, "hstore", false),
            ("Odd One", Kind::Table, r#"app."Odd One""#, true),
        ];
        for (pattern, kind, id, expected) in cases {
            let pattern: ObjectPattern = pattern.parse().unwrap();
            assert_eq!(pattern.means(kind, id), expected, "{pattern} {kind} {id}");
        }
    }

    #[test]
    fn what_means_nothing_is_an_error() {
        for text in ["", "a.", ".b", "a.b.c", "\"a\""] {
            assert!(text.parse::<ObjectPattern>().is_err(), "{text}");
        }
    }
}
