//! Statements over tables that neither define nor change them: COPY, TRUNCATE, LOCK, VACUUM …

use super::alter::dependants;
use super::cursor::{Cursor, Reading};
use super::query::query;
use crate::statement::{Kind, LockMode, Manner, Name, Query, Statement};

pub(crate) fn copy(cursor: &mut Cursor<'_>) -> Reading<Statement> {
    if cursor.is_sign("(") {
        let inside = cursor.parentheses()?;
        return Ok(Statement::Copy { table: None, into_table: false, query: query(inside)? });
    }
    cursor.eat("binary");
    let table = cursor.name()?;
    if cursor.is_sign("(") {
        cursor.columns()?;
    }
    let into_table = cursor.is("from");
    if !into_table && !cursor.is("to") {
        return cursor.stop();
    }
    cursor.skip_rest();
    Ok(Statement::Copy { table: Some(table), into_table, query: Query::default() })
}

/// Tables with commas between, each perhaps with ONLY before and `*` after; then those with ONLY.
fn tables(cursor: &mut Cursor<'_>) -> Reading<(Vec<Name>, Vec<Name>)> {
    let mut only = Vec::new();
    let all = cursor.list(|c| {
        let alone = c.eat("only");
        let name = c.name()?;
        c.eat_sign("*");
        if alone {
            only.push(name.clone());
        }
        Ok(name)
    })?;
    Ok((all, only))
}

pub(crate) fn truncate(cursor: &mut Cursor<'_>) -> Reading<Statement> {
    cursor.eat("table");
    let (tables, only) = tables(cursor)?;
    let restarts = cursor.eat_one_of(&["restart identity", "continue identity"]) == Some("restart identity");
    let dependants = dependants(cursor);
    cursor.finish(Statement::Truncate { tables, only, restarts, dependants })
}

pub(crate) fn lock(cursor: &mut Cursor<'_>) -> Reading<Statement> {
    cursor.eat("table");
    let (tables, only) = tables(cursor)?;
    let mut mode = LockMode::AccessExclusive;
    if cursor.eat("in") {
        let mut said = |mode: &LockMode| cursor.eat(&format!("{} mode", mode.name().to_ascii_lowercase()));
        match LockMode::ALL.into_iter().find(|mode| said(mode)) {
            Some(named) => mode = named,
            None => return cursor.stop(),
        }
    }
    cursor.eat("nowait");
    cursor.finish(Statement::Lock { tables, only, mode })
}

/// The words of an option list `(verbose, concurrently off)` that are on.
fn options(cursor: &mut Cursor<'_>) -> Reading<Vec<String>> {
    if !cursor.is_sign("(") {
        return Ok(Vec::new());
    }
    let mut inside = cursor.parentheses()?;
    let all = inside.list(|c| {
        let name = c.identifier()?;
        let off = c.is_one_of(&["off", "false"]) || c.peek(0) == "0";
        c.skip_to_comma();
        Ok((name, off))
    })?;
    Ok(all.into_iter().filter(|(_, off)| !off).map(|(name, _)| name).collect())
}

pub(crate) fn reindex(cursor: &mut Cursor<'_>) -> Reading<Statement> {
    let on = options(cursor)?;
    let kind =
        if cursor.eat("system") { Some(Kind::Database) } else { cursor.eat_kind().map(|(_, kind)| kind) };
    let allowed = [Kind::Index, Kind::Table, Kind::Schema, Kind::Database];
    let Some(kind) = kind.filter(|kind| allowed.contains(kind)) else { return cursor.stop() };
    let concurrently = cursor.eat("concurrently") || on.iter().any(|name| name == "concurrently");
    let manner = if concurrently { Manner::Concurrently } else { Manner::Blocking };
    let name = if cursor.is_done() { None } else { Some(cursor.name()?) };
    cursor.finish(Statement::Reindex { kind, name, manner })
}

pub(crate) fn vacuum(cursor: &mut Cursor<'_>) -> Reading<Statement> {
    let mut full = options(cursor)?.iter().any(|name| name == "full");
    while let Some(word) = cursor.eat_one_of(&["full", "freeze", "verbose", "analyze", "analyse"]) {
        full |= word == "full";
    }
    let tables = with_columns(cursor)?;
    cursor.finish(Statement::Vacuum { tables, full })
}

pub(crate) fn analyze(cursor: &mut Cursor<'_>) -> Reading<Statement> {
    options(cursor)?;
    cursor.eat("verbose");
    let tables = with_columns(cursor)?;
    cursor.finish(Statement::Analyze { tables })
}

fn with_columns(cursor: &mut Cursor<'_>) -> Reading<Vec<Name>> {
    if cursor.is_done() {
        return Ok(Vec::new());
    }
    cursor.list(|c| {
        c.eat("only");
        let name = c.name()?;
        c.eat_sign("*");
        if c.is_sign("(") {
            c.columns()?;
        }
        Ok(name)
    })
}

pub(crate) fn cluster(cursor: &mut Cursor<'_>) -> Reading<Statement> {
    options(cursor)?;
    cursor.eat("verbose");
    if cursor.is_done() {
        return Ok(Statement::Cluster { table: None });
    }
    let mut table = cursor.name()?;
    if cursor.eat("on") {
        // CLUSTER index ON table, as before 8.3.
        table = cursor.name()?;
    } else if cursor.eat("using") {
        cursor.identifier()?;
    }
    cursor.finish(Statement::Cluster { table: Some(table) })
}

pub(crate) fn refresh(cursor: &mut Cursor<'_>) -> Reading<Statement> {
    let manner = if cursor.eat("concurrently") { Manner::Concurrently } else { Manner::Blocking };
    let name = cursor.name()?;
    let empty = cursor.eat_one_of(&["with no data", "with data"]) == Some("with no data");
    cursor.finish(Statement::RefreshMaterializedView { name, manner, empty })
}

pub(crate) fn comment(cursor: &mut Cursor<'_>) -> Reading<Statement> {
    let known = cursor.eat_kind().map(|(_, kind)| kind);
    let Some(kind) = known.filter(|kind| *kind != Kind::UserMapping) else {
        cursor.skip_rest();
        return Ok(Statement::Comment { kind: Kind::Other, name: Name::bare(""), on: None });
    };
    let mut parts = vec![cursor.identifier()?];
    while cursor.eat_sign(".") {
        parts.push(cursor.identifier()?);
    }
    let name = parts.pop().unwrap_or_default();
    let (name, on) = match kind {
        Kind::Column => {
            let table = parts.pop().unwrap_or_default();
            (Name::bare(name), Some(Name { schema: parts.pop(), name: table }))
        }
        Kind::Constraint | Kind::Trigger | Kind::Rule | Kind::Policy => {
            cursor.require("on")?;
            let domain = cursor.eat("domain");
            let on = cursor.name()?;
            (Name::bare(name), (!domain).then_some(on))
        }
        _ => (Name { schema: parts.pop(), name }, None),
    };
    cursor.skip_rest();
    Ok(Statement::Comment { kind, name, on })
}
