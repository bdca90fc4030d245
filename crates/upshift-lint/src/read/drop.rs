//! What follows DROP.

use super::alter::{dependants, missing, named_place};
use super::cursor::{Cursor, Reading};
use crate::statement::{Dependants, Drop, Kind, Manner, Statement};

/// What may be dropped.
const THINGS: &[(&str, Kind)] = &[
    ("table", Kind::Table),
    ("foreign table", Kind::ForeignTable),
    ("index", Kind::Index),
    ("view", Kind::View),
    ("materialized view", Kind::MaterializedView),
    ("sequence", Kind::Sequence),
    ("trigger", Kind::Trigger),
    ("rule", Kind::Rule),
    ("policy", Kind::Policy),
    ("type", Kind::Type),
    ("domain", Kind::Domain),
    ("function", Kind::Function),
    ("procedure", Kind::Procedure),
    ("routine", Kind::Function),
    ("aggregate", Kind::Aggregate),
    ("schema", Kind::Schema),
    ("database", Kind::Database),
    ("extension", Kind::Extension),
    ("statistics", Kind::Statistics),
    ("publication", Kind::Publication),
    ("subscription", Kind::Subscription),
    ("event trigger", Kind::EventTrigger),
    ("role", Kind::Role),
    ("user mapping", Kind::Other),
    ("user", Kind::Role),
    ("group", Kind::Role),
];

/// What is dropped without a lock on any table, its name in a form of its own.
const OTHERS: &[&str] = &[
    "operator",
    "collation",
    "conversion",
    "cast",
    "text search",
    "language",
    "procedural language",
    "access method",
    "server",
    "foreign data wrapper",
    "tablespace",
    "transform",
    "owned by",
];

pub(crate) fn drop(cursor: &mut Cursor<'_>) -> Reading<Statement> {
    let Some((_, kind)) = THINGS.iter().find(|(words, _)| cursor.eat(words)) else {
        let Some(words) = cursor.eat_one_of(OTHERS) else { return cursor.stop() };
        if words == "owned by" {
            // It drops everything a role owns: nothing that a text tells.
            return cursor.stop();
        }
        cursor.skip_rest();
        return Ok(Statement::Harmless { words: format!("drop {words}") });
    };
    let manner = if cursor.eat("concurrently") { Manner::Concurrently } else { Manner::Blocking };
    let missing = missing(cursor);
    if *kind == Kind::Other {
        cursor.skip_rest();
        return Ok(Statement::Harmless { words: "drop user mapping".to_owned() });
    }
    let names = cursor.list(|c| {
        let named = named_place(c)?;
        if c.is_sign("(") {
            c.parentheses()?;
        }
        Ok(named)
    })?;
    let has_table = matches!(kind, Kind::Trigger | Kind::Rule | Kind::Policy);
    let on = if has_table {
        cursor.require("on")?;
        Some(cursor.name()?)
    } else {
        None
    };
    let mut dependants = dependants(cursor);
    if *kind == Kind::Database {
        cursor.skip_rest();
        dependants = Dependants::Refuse;
    }
    cursor.finish(Statement::Drop(Drop { kind: *kind, names, on, missing, dependants, manner }))
}
