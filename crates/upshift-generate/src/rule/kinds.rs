//! What kinds are called in statements that look the same for all of them.

use upshift_schema::{Fact, Key, Kind};

use super::Draft;
use crate::plan::Schema;
use crate::text::{container, last, rcut};

/// The kind and id that a comment, an owner, a grant or a label is about.
pub(crate) fn about(kind: Kind, id: &str) -> Option<Key> {
    let text = match kind {
        Kind::Grant => rcut(id, " TO ")?.0,
        Kind::Revoke => rcut(id, " FROM ")?.0,
        Kind::SecurityLabel => rcut(id, " FOR ")?.0,
        Kind::Comment | Kind::Owner => id,
        _ => return None,
    };
    // The longest word is meant: `text search parser` before `type`, `foreign table` before `table`.
    let kinds =
        Kind::ALL.iter().filter(|it| text.strip_prefix(it.as_str()).is_some_and(|it| it.starts_with(' ')));
    let found = kinds.max_by_key(|it| it.as_str().len())?;
    Some((*found, text[found.as_str().len() + 1..].to_owned()))
}

/// An operator as statements call it: with its arguments behind a space.
fn operator(id: &str) -> String {
    crate::text::cut(id, "(").map_or(id.to_owned(), |(name, arguments)| format!("{name} ({arguments}"))
}

/// How a statement calls an object: `TABLE app.users`, `TRIGGER t ON app.users`.
pub(crate) fn called(schema: &Schema, kind: Kind, id: &str) -> String {
    let word = kind.as_str().to_uppercase();
    match kind {
        Kind::Constraint if schema.snapshot.get(Kind::Domain, container(id)).is_some() => {
            format!("{word} {} ON DOMAIN {}", last(id), container(id))
        }
        Kind::Constraint | Kind::Trigger | Kind::Rule | Kind::Policy => {
            format!("{word} {} ON {}", last(id), container(id))
        }
        Kind::Index => format!("{word} {}", super::index::name(id)),
        Kind::Operator => format!("{word} {}", operator(id)),
        Kind::Aggregate if id.ends_with("()") => format!("{word} {}(*)", id.trim_end_matches("()")),
        Kind::Aggregate => format!("{word} {}", aggregate(schema, id)),
        Kind::UserMapping => {
            let (server, user) = crate::text::cut(id, " FOR ").unwrap_or((id, "PUBLIC"));
            format!("USER MAPPING FOR {user} SERVER {server}")
        }
        _ => format!("{word} {id}"),
    }
}

/// Ordered-set aggregates are called with their own arguments.
fn aggregate(schema: &Schema, id: &str) -> String {
    let definition = schema.snapshot.get(Kind::Aggregate, id).unwrap_or_default();
    let arguments = definition.lines().next().and_then(|line| line.strip_prefix("ARGUMENTS "));
    let arguments = arguments.and_then(|it| crate::text::cut(it, " RETURNS ")).map(|it| it.0);
    match arguments {
        Some(list) if list.contains(" ORDER BY ") => {
            format!("{}{list}", rcut(id, "(").map_or(id, |it| it.0))
        }
        _ => id.to_owned(),
    }
}

pub(crate) fn drop(fact: &Fact) -> Vec<Draft> {
    let called = called(&Schema::default(), fact.kind, &fact.id);
    vec![Draft::contract(format!("DROP {called}")).hazard(format!("drops the {} {}", fact.kind, fact.id))]
}

/// A comment or a label, or none.
pub(crate) fn describe(schema: &Schema, kind: Kind, id: &str, text: &str) -> Vec<Draft> {
    let Some((about, of)) = about(kind, id) else { return Vec::new() };
    let called = called(schema, about, &of);
    // That schema has a comment from the beginning: none said of it means that one, an empty text none at all.
    let text = match (text, of == "public" && about == Kind::Schema) {
        ("''", true) => "NULL",
        ("NULL", true) => "'standard public schema'",
        _ => text,
    };
    let sql = match kind {
        Kind::SecurityLabel => {
            let provider = rcut(id, " FOR ").map_or("", |it| it.1);
            format!("SECURITY LABEL FOR {provider} ON {called} IS {text}")
        }
        _ => format!("COMMENT ON {called} IS {text}"),
    };
    vec![Draft::expand(sql)]
}
