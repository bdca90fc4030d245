//! CREATE TABLE, in all its forms, and CREATE MATERIALIZED VIEW.

use super::column::{column, column_constraints, table_constraint};
use super::cursor::{Cursor, Reading};
use super::expression::list;
use super::query::query;
use crate::statement::{
    Bound, Column, CreateTable, CreateTableAs, Kind, Name, Partitioning, Persistence, Statement, TypeName,
    WhenExisting,
};

/// Whether a relation is TEMPORARY or UNLOGGED.
pub(crate) fn persistence(cursor: &mut Cursor<'_>) -> Persistence {
    cursor.eat_one_of(&["global", "local"]);
    match cursor.eat_one_of(&["temporary", "temp", "unlogged"]) {
        Some("unlogged") => Persistence::Unlogged,
        Some(_) => Persistence::Temporary,
        None => Persistence::Permanent,
    }
}

/// IF NOT EXISTS.
pub(crate) fn existing(cursor: &mut Cursor<'_>) -> WhenExisting {
    if cursor.eat("if not exists") { WhenExisting::Skip } else { WhenExisting::Fail }
}

/// What follows CREATE [TEMP] TABLE.
pub(crate) fn create_table(
    cursor: &mut Cursor<'_>,
    persistence: Persistence,
    kind: Kind,
) -> Reading<Statement> {
    let existing = existing(cursor);
    let name = cursor.name()?;
    if is_made_of_query(cursor) {
        return table_as(cursor, Made { name, existing, persistence, kind });
    }
    let mut table = CreateTable {
        name,
        existing,
        persistence,
        foreign: kind == Kind::ForeignTable,
        columns: Vec::new(),
        constraints: Vec::new(),
        like: Vec::new(),
        inherits: Vec::new(),
        of: None,
        partition_of: None,
        partition_by: None,
    };
    if cursor.eat("partition of") {
        let parent = cursor.name()?;
        if cursor.is_sign("(") {
            elements(cursor, &mut table, Typed::Elsewhere)?;
        }
        table.partition_of = Some((parent, bound(cursor)?));
    } else if cursor.eat("of") {
        table.of = Some(cursor.name()?);
        if cursor.is_sign("(") {
            elements(cursor, &mut table, Typed::Elsewhere)?;
        }
    } else {
        elements(cursor, &mut table, Typed::Here)?;
    }
    if cursor.eat("inherits") {
        let mut inside = cursor.parentheses()?;
        let parents = inside.names()?;
        table.inherits = inside.finish(parents)?;
    }
    table.partition_by = partition_by(cursor)?;
    tail(cursor)?;
    cursor.finish(Statement::CreateTable(table))
}

/// PARTITION BY, if it comes next.
fn partition_by(cursor: &mut Cursor<'_>) -> Reading<Option<Partitioning>> {
    if !cursor.eat("partition by") {
        return Ok(None);
    }
    let strategy = cursor.identifier()?;
    let mut inside = cursor.parentheses()?;
    let key = inside.list(|c| {
        let read = super::expression::expression(c)?;
        c.skip_to_comma();
        Ok(read)
    })?;
    inside.finish(Some(Partitioning { strategy, key }))
}

/// Whether `AS query` comes next, perhaps after names of columns and storage parameters.
fn is_made_of_query(cursor: &Cursor<'_>) -> bool {
    let mut ahead = *cursor;
    if ahead.is_sign("(") && ahead.parentheses().is_err() {
        return false;
    }
    tail(&mut ahead).is_ok() && ahead.is("as")
}

/// What was said before a query that makes a relation.
pub(crate) struct Made {
    pub name: Name,
    pub existing: WhenExisting,
    pub persistence: Persistence,
    pub kind: Kind,
}

/// What follows the name in CREATE TABLE AS and CREATE MATERIALIZED VIEW.
pub(crate) fn table_as(cursor: &mut Cursor<'_>, made: Made) -> Reading<Statement> {
    let Made { name, existing, persistence, kind } = made;
    let materialized = kind == Kind::MaterializedView;
    if cursor.is_sign("(") {
        cursor.parentheses()?;
    }
    tail(cursor)?;
    cursor.require("as")?;
    let text = cursor.text();
    let read = query(*cursor)?;
    let end = text.get(read.place.clone()).unwrap_or("").to_ascii_lowercase();
    let empty = end.split_ascii_whitespace().rev().take(3).collect::<Vec<_>>() == ["data", "no", "with"];
    Ok(Statement::CreateTableAs(CreateTableAs {
        name,
        existing,
        persistence,
        materialized,
        empty,
        query: read,
    }))
}

/// Where the types of a table's columns are.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Typed {
    Here,
    /// In the type or the partitioned table: a column is only given constraints.
    Elsewhere,
}

fn elements(cursor: &mut Cursor<'_>, table: &mut CreateTable, typed: Typed) -> Reading<()> {
    let mut inside = cursor.parentheses()?;
    while !inside.is_done() {
        if inside.eat("like") {
            let of = inside.name()?;
            let mut including = Vec::new();
            while let Some(word) = inside.eat_one_of(&["including", "excluding"]) {
                let what = inside.identifier()?;
                if word == "including" {
                    including.push(what);
                }
            }
            table.like.push((of, including));
        } else if let Some(constraint) = table_constraint(&mut inside)? {
            table.constraints.push(constraint);
        } else if typed == Typed::Here {
            table.columns.push(column(&mut inside)?);
        } else {
            table.columns.push(untyped(&mut inside)?);
        }
        if !inside.eat_sign(",") {
            break;
        }
    }
    inside.finish(())
}

fn untyped(cursor: &mut Cursor<'_>) -> Reading<Column> {
    let start = cursor.byte();
    let name = cursor.identifier()?;
    cursor.eat("with options");
    let name_place = cursor.since(start);
    let mut column = Column {
        name,
        type_name: TypeName::plain(""),
        collation: None,
        constraints: Vec::new(),
        type_place: name_place.clone(),
        name_place,
        place: start..start,
    };
    column_constraints(cursor, &mut column)?;
    column.place = cursor.since(start);
    Ok(column)
}

/// FOR VALUES …, or DEFAULT.
pub(crate) fn bound(cursor: &mut Cursor<'_>) -> Reading<Bound> {
    if cursor.eat("default") {
        return Ok(Bound::Default);
    }
    cursor.require("for values")?;
    if cursor.eat("in") {
        let mut inside = cursor.parentheses()?;
        let values = list(&mut inside)?;
        return inside.finish(Bound::List(values));
    }
    if cursor.eat("with") {
        cursor.parentheses()?;
        return Ok(Bound::Hash);
    }
    cursor.require("from")?;
    let mut inside = cursor.parentheses()?;
    let from = list(&mut inside)?;
    inside.finish(())?;
    cursor.require("to")?;
    let mut inside = cursor.parentheses()?;
    let to = list(&mut inside)?;
    inside.finish(Bound::Range { from, to })
}

/// USING, WITH, ON COMMIT, TABLESPACE, SERVER, OPTIONS: nothing a rule asks for.
fn tail(cursor: &mut Cursor<'_>) -> Reading<()> {
    loop {
        if cursor.is_one_of(&["with", "options"]) && cursor.is_sign_at(1, "(") {
            cursor.advance();
            cursor.parentheses()?;
        } else if cursor.eat_one_of(&["using", "tablespace", "server"]).is_some() {
            cursor.identifier()?;
        } else if cursor.eat_one_of(&["without oids", "with oids"]).is_some() {
        } else if cursor.eat("on commit") {
            if cursor.eat_one_of(&["drop", "preserve rows", "delete rows"]).is_none() {
                return cursor.stop();
            }
        } else {
            return Ok(());
        }
    }
}
