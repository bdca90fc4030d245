//! What follows DROP.

use super::alter::{dependants, missing, named_place};
use super::cursor::{Cursor, Reading};
use crate::statement::{Dependants, Drop, Kind, Manner, Statement};

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
    let Some((words, kind)) = cursor.eat_kind() else {
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
    match kind {
        // Parts of a table: ALTER drops them.
        Kind::Column | Kind::Constraint => return cursor.stop(),
        Kind::UserMapping => {
            cursor.skip_rest();
            return Ok(Statement::Harmless { words: format!("drop {words}") });
        }
        _ => {}
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
    if kind == Kind::Database {
        cursor.skip_rest();
        dependants = Dependants::Refuse;
    }
    cursor.finish(Statement::Drop(Drop { kind, names, on, missing, dependants, manner }))
}
