//! Names as SQL quotes them, and what they name.

use crate::Kind;

/// The parts of a text between separators that stand in no quotes.
pub(crate) fn split<'a>(text: &'a str, separator: &str) -> Vec<&'a str> {
    let mut parts = Vec::new();
    let (mut begin, mut quoted) = (0, false);
    for (at, character) in text.char_indices() {
        if at < begin {
            continue;
        }
        if character == '"' {
            quoted = !quoted;
        } else if !quoted && text[at..].starts_with(separator) {
            parts.push(&text[begin..at]);
            begin = at + separator.len();
        }
    }
    parts.push(&text[begin..]);
    parts
}

/// `app.users` for `app.users.email`.
pub(crate) fn table_of(id: &str) -> &str {
    let last = split(id, ".").last().map_or(0, |last| last.len() + 1);
    &id[..id.len().saturating_sub(last)]
}

/// The relation that this fact is, or is a part of, or is said about.
pub(crate) fn relation(kind: Kind, id: &str) -> Option<&str> {
    match kind {
        Kind::Table | Kind::ForeignTable | Kind::View | Kind::MaterializedView | Kind::ColumnOrder => {
            Some(id)
        }
        // Of a constraint of a domain it is the domain.
        part if part.is_part() => Some(table_of(id)),
        _ => about(kind, id).and_then(|(kind, id)| relation(kind, id)),
    }
}

/// The schema and the name of the relation, sequence or function that this fact is, or is a part of, or is said about.
pub(crate) fn object(kind: Kind, id: &str) -> Option<(String, String)> {
    let other = || match about(kind, id).unwrap_or((kind, id)) {
        (Kind::Function, id) => split(id, "(").first().copied(),
        (Kind::Sequence, id) => Some(id),
        _ => None,
    };
    match split(relation(kind, id).or_else(other)?, ".").as_slice() {
        [schema, name] => Some((unquoted(schema), unquoted(name))),
        _ => None,
    }
}

/// What an owner, a privilege or a comment is about.
fn about(kind: Kind, id: &str) -> Option<(Kind, &str)> {
    if !matches!(kind, Kind::Owner | Kind::Grant | Kind::Revoke | Kind::Comment | Kind::SecurityLabel) {
        return None;
    }
    // From the end: `operator class` before `operator`.
    let words = |kind: &&Kind| id.strip_prefix(kind.as_str()).is_some_and(|rest| rest.starts_with(' '));
    let kind = *Kind::ALL.iter().rev().find(words)?;
    // Behind the name of what privileges are on stands to whom.
    Some((kind, split(id.get(kind.as_str().len() + 1..)?, " ").first().copied()?))
}

pub(crate) fn unquoted(name: &str) -> String {
    let inside = name.strip_prefix('"').and_then(|name| name.strip_suffix('"'));
    inside.map_or_else(|| name.to_owned(), |name| name.replace("\"\"", "\""))
}

#[cfg(test)]
mod tests {
    use super::{object, relation, split, table_of};
    use crate::Kind;

    #[test]
    fn dots_and_commas_in_quotes_are_no_ends() {
        assert_eq!(split(r#"id, "a, ""b""", c"#, ", "), ["id", r#""a, ""b""""#, "c"]);
        assert_eq!(table_of(r#""Odd. One"."T".x"#), r#""Odd. One"."T""#);
        assert_eq!(table_of(r#"app.users."a.b""#), "app.users");
        assert_eq!(table_of("alone"), "");
    }

    #[test]
    fn what_belongs_to_a_table_or_is_said_about_it_names_it() {
        let cases = [
            (Kind::Table, "a.t", Some("a.t")),
            (Kind::Column, r#"a."T. one".b"#, Some(r#"a."T. one""#)),
            (Kind::ColumnOrder, "a.t", Some("a.t")),
            (Kind::Index, "a.t.t_idx", Some("a.t")),
            (Kind::Comment, "materialized view a.v", Some("a.v")),
            (Kind::Comment, "constraint a.t.t_key", Some("a.t")),
            (Kind::Grant, "column a.t.c TO reader", Some("a.t")),
            (Kind::Grant, r#"table a."t o" TO reader"#, Some(r#"a."t o""#)),
            (Kind::Owner, "function a.f(integer, text)", None),
            (Kind::Comment, "operator class a.o USING btree", None),
            (Kind::Function, "a.f()", None),
            (Kind::Comment, "nonsense", None),
        ];
        for (kind, id, expected) in cases {
            assert_eq!(relation(kind, id), expected, "{kind} {id}");
        }
    }

    #[test]
    fn tables_and_functions_are_found_by_their_names() {
        let cases = [
            (Kind::Index, "a.t.t_idx", Some(("a", "t"))),
            (Kind::Grant, r#"table "A ""1""".t TO reader"#, Some((r#"A "1""#, "t"))),
            (Kind::Function, r#"a."f(x)"(integer, text)"#, Some(("a", "f(x)"))),
            (Kind::Owner, "function a.f()", Some(("a", "f"))),
            (Kind::Revoke, "function a.f(integer) FROM PUBLIC", Some(("a", "f"))),
            (Kind::Sequence, "a.t_id_seq", Some(("a", "t_id_seq"))),
            (Kind::Grant, "sequence a.t_id_seq TO reader", Some(("a", "t_id_seq"))),
            (Kind::Schema, "a", None),
            (Kind::Comment, "schema a", None),
        ];
        for (kind, id, expected) in cases {
            let expected = expected.map(|(schema, name)| (schema.to_owned(), name.to_owned()));
            assert_eq!(object(kind, id), expected, "{kind} {id}");
        }
    }
}
