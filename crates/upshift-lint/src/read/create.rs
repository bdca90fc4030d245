//! What follows CREATE.

use super::cursor::{Cursor, Reading};
use super::{object, table};
use crate::statement::{Kind, Name, Persistence, Replace, Statement};

pub(crate) fn create(cursor: &mut Cursor<'_>) -> Reading<Statement> {
    let replace = if cursor.eat("or replace") { Replace::Yes } else { Replace::No };
    let persistence = table::persistence(cursor);
    let Some(what) = cursor.eat_one_of(THINGS) else { return other(cursor) };
    match what {
        "table" => table::create_table(cursor, persistence, Kind::Table),
        "foreign table" => table::create_table(cursor, persistence, Kind::ForeignTable),
        "materialized view" => {
            let existing = table::existing(cursor);
            let name = cursor.name()?;
            if cursor.eat("using") {
                cursor.identifier()?;
            }
            let made = table::Made {
                name,
                existing,
                persistence: Persistence::Permanent,
                kind: Kind::MaterializedView,
            };
            table::table_as(cursor, made)
        }
        "unique index" | "index" => object::index(cursor, what),
        "view" | "recursive view" => object::view(cursor, replace, persistence),
        "trigger" | "constraint trigger" => object::trigger(cursor, replace, what),
        "rule" => object::rule(cursor),
        "policy" => object::policy(cursor),
        "type" => object::create_type(cursor),
        "domain" => object::domain(cursor),
        "function" => object::function(cursor, Kind::Function, replace),
        "procedure" => object::function(cursor, Kind::Procedure, replace),
        "statistics" => object::statistics(cursor),
        "publication" => object::publication(cursor, "create"),
        "sequence" => sequence(cursor),
        "schema" => schema(cursor),
        _ => extension(cursor),
    }
}

const THINGS: &[&str] = &[
    "table",
    "foreign table",
    "materialized view",
    "unique index",
    "index",
    "view",
    "recursive view",
    "trigger",
    "constraint trigger",
    "rule",
    "policy",
    "type",
    "domain",
    "function",
    "procedure",
    "statistics",
    "publication",
    "sequence",
    "schema",
    "extension",
];

/// What is created without a lock on any table, and breaks nobody.
const ALONE: &[&str] = &[
    "role",
    "user",
    "group",
    "aggregate",
    "operator",
    "collation",
    "conversion",
    "cast",
    "text search",
    "language",
    "trusted language",
    "procedural language",
    "trusted procedural language",
    "access method",
    "server",
    "foreign data wrapper",
    "event trigger",
    "database",
    "tablespace",
    "default conversion",
    "transform",
    "subscription",
];

fn other(cursor: &mut Cursor<'_>) -> Reading<Statement> {
    if cursor.sees("user mapping") {
        cursor.eat("user mapping");
    } else if cursor.eat_one_of(ALONE).is_none() {
        return cursor.stop();
    }
    let words = super::first_words(cursor.at_start());
    cursor.skip_rest();
    Ok(Statement::Harmless { words })
}

fn sequence(cursor: &mut Cursor<'_>) -> Reading<Statement> {
    let existing = table::existing(cursor);
    let name = cursor.name()?;
    let mut owner = None;
    while !cursor.is_done() {
        if cursor.eat("owned by") {
            owner = super::alter::owned_by(cursor)?;
        } else {
            cursor.advance();
        }
    }
    Ok(Statement::CreateSequence { name, existing, owner })
}

fn schema(cursor: &mut Cursor<'_>) -> Reading<Statement> {
    let existing = table::existing(cursor);
    let name = if cursor.is("authorization") { Name::bare("") } else { Name::bare(cursor.identifier()?) };
    if cursor.eat("authorization") {
        let owner = cursor.identifier()?;
        let name = if name.name.is_empty() { owner } else { name.name };
        return cursor.finish(Statement::CreateSchema { name, existing });
    }
    // CREATE SCHEMA s CREATE TABLE …: each part could be anything, and nobody writes that in a migration.
    cursor.finish(Statement::CreateSchema { name: name.name, existing })
}

fn extension(cursor: &mut Cursor<'_>) -> Reading<Statement> {
    let existing = table::existing(cursor);
    let name = cursor.identifier()?;
    cursor.skip_rest();
    Ok(Statement::CreateExtension { name, existing })
}
