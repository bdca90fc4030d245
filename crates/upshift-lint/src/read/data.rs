//! Statements that read or change rows: SELECT, INSERT, UPDATE, DELETE, MERGE, EXPLAIN, and what begins with WITH.

use super::cursor::{Cursor, Reading};
use super::expression::expression;
use super::query::query;
use crate::statement::{
    CreateTableAs, Delete, Execution, Expression, ExpressionKind, Insert, Query, Statement, Update,
    WhenExisting,
};

/// What follows INSERT INTO.
pub(crate) fn insert(cursor: &mut Cursor<'_>) -> Reading<Statement> {
    let table = cursor.name()?;
    if cursor.eat("as") {
        cursor.identifier()?;
    }
    let mut ahead = *cursor;
    let columns = match ahead.columns() {
        Ok(columns) if !ahead.is_done() || !columns.is_empty() => {
            *cursor = ahead;
            columns
        }
        _ => Vec::new(),
    };
    let mut search = *cursor;
    search.skip_while(|c| !c.sees("on conflict"));
    let on_conflict = search.eat("on conflict");
    let names_conflict = on_conflict && (search.is_sign("(") || search.is("on"));
    let query = query(*cursor)?;
    Ok(Statement::Insert(Insert { table, columns, query, on_conflict, names_conflict }))
}

/// What follows UPDATE.
pub(crate) fn update(cursor: &mut Cursor<'_>) -> Reading<Statement> {
    let only = cursor.eat("only");
    let table = cursor.name()?;
    cursor.eat_sign("*");
    alias(cursor)?;
    cursor.require("set")?;
    let rest = *cursor;
    let mut columns = Vec::new();
    loop {
        let start = cursor.byte();
        if cursor.is_sign("(") {
            let mut inside = cursor.parentheses()?;
            while !inside.is_done() {
                let start = inside.byte();
                let column = inside.identifier()?;
                columns.push((column, inside.since(start)));
                inside.eat_sign(",");
            }
        } else {
            let column = cursor.identifier()?;
            columns.push((column, cursor.since(start)));
        }
        cursor.skip_while(|c| !c.is_sign(",") && !c.is_one_of(&["from", "where", "returning"]));
        if !cursor.eat_sign(",") {
            break;
        }
    }
    let mut query = query(rest)?;
    query.only.extend(only.then(|| table.clone()));
    Ok(Statement::Update(Update { table, columns, filter: filter(*cursor), query }))
}

/// What follows DELETE FROM.
pub(crate) fn delete(cursor: &mut Cursor<'_>) -> Reading<Statement> {
    let only = cursor.eat("only");
    let table = cursor.name()?;
    cursor.eat_sign("*");
    alias(cursor)?;
    let mut query = query(*cursor)?;
    query.only.extend(only.then(|| table.clone()));
    Ok(Statement::Delete(Delete { table, filter: filter(*cursor), query }))
}

/// What follows MERGE INTO.
pub(crate) fn merge(cursor: &mut Cursor<'_>) -> Reading<Statement> {
    cursor.eat("only");
    let table = cursor.name()?;
    alias(cursor)?;
    Ok(Statement::Merge { table, query: query(*cursor)? })
}

fn alias(cursor: &mut Cursor<'_>) -> Reading<()> {
    let named = cursor.eat("as");
    let clause = cursor.is_done() || cursor.is_one_of(&["set", "using", "where", "returning", "on"]);
    if named || !clause {
        cursor.identifier()?;
    }
    Ok(())
}

/// The WHERE that comes, outside parentheses; one that cannot be read is one all the same.
fn filter(cursor: Cursor<'_>) -> Option<Expression> {
    let mut cursor = cursor;
    cursor.skip_while(|c| !c.is("where"));
    let start = cursor.byte();
    if !cursor.eat("where") {
        return None;
    }
    match expression(&mut cursor) {
        Ok(read) => Some(read),
        Err(_) => {
            cursor.skip_rest();
            Some(Expression { kind: ExpressionKind::Other(Vec::new()), range: cursor.since(start) })
        }
    }
}

/// A statement that begins with WITH or `(`: what its main verb makes it.
pub(crate) fn with(cursor: Cursor<'_>) -> Reading<Statement> {
    let whole = cursor;
    let mut main = cursor;
    if main.eat("with") {
        main.skip_while(|c| {
            !c.is_one_of(&["select", "values", "table", "insert", "update", "delete", "merge"])
        });
    }
    let all = query(whole)?;
    let read = match main.eat_one_of(&["insert into", "update", "delete from", "merge into"]) {
        Some("insert into") => insert(&mut main)?,
        Some("update") => update(&mut main)?,
        Some("delete from") => delete(&mut main)?,
        Some(_) => merge(&mut main)?,
        None => return Ok(Statement::Select(all)),
    };
    Ok(match read {
        Statement::Insert(insert) => Statement::Insert(Insert { query: all, ..insert }),
        Statement::Update(update) => Statement::Update(Update { query: all, ..update }),
        Statement::Delete(delete) => Statement::Delete(Delete { query: all, ..delete }),
        Statement::Merge { table, .. } => Statement::Merge { table, query: all },
        other => other,
    })
}

/// Whether what is explained is carried out: ANALYZE, alone or among the options in parentheses.
fn explained(cursor: Cursor<'_>) -> Execution {
    let mut cursor = cursor;
    let run = |cursor: &Cursor<'_>| {
        let off = ["off", "false"].iter().any(|word| cursor.is_at(1, word)) || cursor.peek(1) == "0";
        cursor.is_one_of(&["analyze", "analyse"]) && !off
    };
    let Ok(mut options) = cursor.parentheses() else {
        return if run(&cursor) { Execution::Run } else { Execution::Planned };
    };
    options.skip_while(|c| !run(c));
    if options.is_done() { Execution::Planned } else { Execution::Run }
}

/// What follows SELECT, VALUES, TABLE or EXPLAIN.
pub(crate) fn select(cursor: &mut Cursor<'_>, verb: &str) -> Reading<Statement> {
    let mut found = query(cursor.at_start())?;
    if verb == "table" {
        found.reads.push(cursor.name()?);
    }
    // SELECT … INTO makes a table; in a query of a query there is no INTO.
    let mut into = *cursor;
    into.skip_while(|c| !c.is("into"));
    if verb == "select" && into.eat("into") {
        let persistence = super::table::persistence(&mut into);
        into.eat("table");
        let made = CreateTableAs {
            name: into.name()?,
            existing: WhenExisting::Fail,
            persistence,
            materialized: false,
            empty: false,
            query: found,
        };
        return Ok(Statement::CreateTableAs(made));
    }
    Ok(Statement::Select(found))
}

/// What follows EXPLAIN: with ANALYZE it does what it explains.
pub(crate) fn explain(cursor: &mut Cursor<'_>) -> Reading<Statement> {
    let execution = explained(*cursor);
    if cursor.is_sign("(") {
        cursor.parentheses()?;
    }
    while cursor.eat_one_of(&["analyze", "analyse", "verbose"]).is_some() {}
    let mut inner = *cursor;
    let read = match inner.eat_one_of(&["insert into", "update", "delete from", "merge into"]) {
        Some("insert into") => insert(&mut inner)?,
        Some("update") => update(&mut inner)?,
        Some("delete from") => delete(&mut inner)?,
        Some(_) => merge(&mut inner)?,
        None if cursor.is("with") || cursor.is_sign("(") => with(*cursor)?,
        None => Statement::Select(query(*cursor)?),
    };
    Ok(if execution == Execution::Run { read } else { only(read, execution) })
}

/// The statement, not carried out: what it reads, and what it would write.
fn only(statement: Statement, execution: Execution) -> Statement {
    let (table, query) = match statement {
        Statement::Insert(insert) => (insert.table, insert.query),
        Statement::Update(update) => (update.table, update.query),
        Statement::Delete(delete) => (delete.table, delete.query),
        Statement::Merge { table, query } => (table, query),
        Statement::Select(query) => {
            return Statement::Select(Query { execution, ..query });
        }
        other => return other,
    };
    let writes = query.writes.iter().cloned().chain([table]).collect();
    Statement::Select(Query { writes, execution, ..query })
}

/// What follows PREPARE or DECLARE: a statement that runs later, if at all.
pub(crate) fn later(cursor: &mut Cursor<'_>, verb: &str) -> Reading<Statement> {
    cursor.identifier()?;
    let before = if verb == "prepare" { "as" } else { "for" };
    cursor.skip_while(|c| !c.is(before));
    cursor.require(before)?;
    let execution = if verb == "prepare" { Execution::Parsed } else { Execution::Planned };
    explain(cursor).map(|read| only(read, execution))
}
