//! CREATE of what is no table: indexes, views, types, functions, triggers and the rest.

use super::column::column_constraint;
use super::cursor::{Cursor, Reading};
use super::expression::{expression, list};
use super::query::query;
use super::table::existing;
use super::types::type_name;
use crate::statement::{
    CreateFunction, CreateIndex, CreateTrigger, CreateType, CreateView, Expression, ExpressionKind, Kind,
    Language, Manner, Name, Persistence, Replace, Security, Statement, TypeName, TypeShape, Volatility,
};

/// What follows CREATE [UNIQUE] INDEX; `what` are these words.
pub(crate) fn index(cursor: &mut Cursor<'_>, what: &str) -> Reading<Statement> {
    let manner = if cursor.eat("concurrently") { Manner::Concurrently } else { Manner::Blocking };
    let existing = existing(cursor);
    let name = if cursor.is("on") { None } else { Some(cursor.name()?.name) };
    cursor.require("on")?;
    let only = cursor.eat("only");
    let table = cursor.name()?;
    let method = if cursor.eat("using") { cursor.identifier()? } else { "btree".to_owned() };
    let mut inside = cursor.parentheses()?;
    let (parts, part_options) = inside.list(index_part)?.into_iter().unzip();
    inside.finish(())?;
    let include = if cursor.eat("include") { cursor.columns()? } else { Vec::new() };
    let nulls = super::column::nulls(cursor);
    if cursor.eat("with") {
        cursor.parentheses()?;
    }
    if cursor.eat("tablespace") {
        cursor.identifier()?;
    }
    let predicate = if cursor.eat("where") { Some(expression(cursor)?) } else { None };
    cursor.finish(Statement::CreateIndex(CreateIndex {
        name,
        table,
        only,
        unique: what.starts_with("unique"),
        manner,
        existing,
        method,
        parts,
        part_options,
        include,
        nulls,
        predicate,
    }))
}

/// `lower(email) collate "C" text_pattern_ops desc nulls last`: the expression, and what is said after it.
fn index_part(cursor: &mut Cursor<'_>) -> Reading<(Expression, String)> {
    let start = cursor.byte();
    let read = match super::expression::narrow(cursor) {
        Ok(read) => read,
        Err(_) => Expression { kind: ExpressionKind::Other(Vec::new()), range: cursor.since(start) },
    };
    let after = cursor.byte();
    cursor.skip_to_comma();
    let options = cursor.text().get(cursor.since(after)).unwrap_or("").trim().to_ascii_lowercase();
    Ok((read, options))
}

/// What follows CREATE [OR REPLACE] [TEMP] [RECURSIVE] VIEW.
pub(crate) fn view(
    cursor: &mut Cursor<'_>,
    replace: Replace,
    persistence: Persistence,
) -> Reading<Statement> {
    let name = cursor.name()?;
    let columns = if cursor.is_sign("(") { cursor.columns()? } else { Vec::new() };
    if cursor.eat("with") {
        cursor.parentheses()?;
    }
    cursor.require("as")?;
    Ok(Statement::CreateView(CreateView { name, replace, persistence, columns, query: query(*cursor)? }))
}

/// What follows CREATE [CONSTRAINT] TRIGGER; `what` are these words.
pub(crate) fn trigger(cursor: &mut Cursor<'_>, replace: Replace, what: &str) -> Reading<Statement> {
    let name = cursor.identifier()?;
    let Some(timing) = cursor.eat_one_of(&["before", "after", "instead of"]) else { return cursor.stop() };
    let mut events = Vec::new();
    loop {
        let event = cursor.identifier()?;
        if event == "update" && cursor.eat("of") {
            cursor.list(Cursor::identifier)?;
        }
        events.push(event);
        if !cursor.eat("or") {
            break;
        }
    }
    cursor.require("on")?;
    let table = cursor.name()?;
    let from = if cursor.eat("from") { Some(cursor.name()?) } else { None };
    cursor.skip_while(|c| !c.is_one_of(&["execute", "for"]));
    let mut each_row = false;
    while cursor.eat("for") {
        cursor.eat("each");
        each_row = cursor.eat("row");
        cursor.skip_while(|c| !c.is_one_of(&["execute", "for"]));
    }
    cursor.require("execute")?;
    if cursor.eat_one_of(&["function", "procedure"]).is_none() {
        return cursor.stop();
    }
    let function = cursor.name()?;
    cursor.skip_rest();
    Ok(Statement::CreateTrigger(CreateTrigger {
        name,
        table,
        replace,
        timing: timing.to_owned(),
        events,
        each_row,
        constraint: what.starts_with("constraint"),
        from,
        function,
    }))
}

/// What follows CREATE TYPE.
pub(crate) fn create_type(cursor: &mut Cursor<'_>) -> Reading<Statement> {
    let name = cursor.name()?;
    let shape = if cursor.eat("as enum") {
        let mut inside = cursor.parentheses()?;
        let values = if inside.is_done() { Vec::new() } else { inside.list(Cursor::string)? };
        inside.finish(TypeShape::Enum(values))?
    } else if cursor.eat("as range") {
        cursor.parentheses()?;
        TypeShape::Range
    } else if cursor.eat("as") {
        let mut inside = cursor.parentheses()?;
        let attributes = if inside.is_done() { Vec::new() } else { inside.list(attribute)? };
        inside.finish(TypeShape::Composite(attributes))?
    } else {
        cursor.skip_rest();
        TypeShape::Base
    };
    cursor.finish(Statement::CreateType(CreateType { name, shape }))
}

/// `name type [COLLATE …]` of a composite type.
pub(crate) fn attribute(cursor: &mut Cursor<'_>) -> Reading<(String, TypeName)> {
    let name = cursor.identifier()?;
    let of = type_name(cursor)?;
    if cursor.eat("collate") {
        cursor.name()?;
    }
    Ok((name, of))
}

/// What follows CREATE DOMAIN.
pub(crate) fn domain(cursor: &mut Cursor<'_>) -> Reading<Statement> {
    let name = cursor.name()?;
    cursor.eat("as");
    let base = type_name(cursor)?;
    if cursor.eat("collate") {
        cursor.name()?;
    }
    let mut constraints = Vec::new();
    while let Some(one) = column_constraint(cursor, "value")? {
        constraints.push(one);
        if cursor.eat("collate") {
            cursor.name()?;
        }
    }
    cursor.finish(Statement::CreateDomain { name, base, constraints })
}

/// What follows CREATE [OR REPLACE] FUNCTION or PROCEDURE.
pub(crate) fn function(cursor: &mut Cursor<'_>, kind: Kind, replace: Replace) -> Reading<Statement> {
    let name = cursor.name()?;
    let mut function = CreateFunction {
        kind,
        name,
        replace,
        arguments: arguments(cursor.parentheses()?)?,
        returns: None,
        language: Language::Sql,
        volatility: Volatility::Volatile,
        security: Security::Invoker,
        settings: Vec::new(),
        body: None,
    };
    while !cursor.is_done() {
        attribute_of_function(cursor, &mut function)?;
    }
    Ok(Statement::CreateFunction(function))
}

fn attribute_of_function(cursor: &mut Cursor<'_>, function: &mut CreateFunction) -> Reading<()> {
    if cursor.eat("returns null on null input") {
    } else if cursor.eat("returns") {
        if cursor.eat("table") {
            cursor.parentheses()?;
        } else {
            function.returns = Some(type_name(cursor)?);
        }
    } else if cursor.eat("language") {
        let language = match cursor.string() {
            Ok(language) => language,
            Err(_) => cursor.identifier()?,
        };
        function.language = match language.to_ascii_lowercase().as_str() {
            "sql" => Language::Sql,
            "plpgsql" => Language::PlPgSql,
            other => Language::Other(other.to_owned()),
        };
    } else if let Some(word) = cursor.eat_one_of(&["immutable", "stable", "volatile"]) {
        function.volatility = match word {
            "immutable" => Volatility::Immutable,
            "stable" => Volatility::Stable,
            _ => Volatility::Volatile,
        };
    } else if cursor.eat_one_of(&["external security definer", "security definer"]).is_some() {
        function.security = Security::Definer;
    } else if cursor.eat("set") {
        function.settings.push(cursor.name()?.name);
        cursor.eat_one_of(&["to", "from current"]);
        cursor.eat_sign("=");
        while matches!(
            cursor.kind(),
            Some(upshift_files::sql::TokenKind::String | upshift_files::sql::TokenKind::Number)
        ) || cursor.is_sign(",")
            || !cursor.is_done() && !is_function_word(cursor)
        {
            cursor.advance();
        }
    } else if cursor.eat("as") {
        function.body = Some(cursor.string()?);
        if cursor.eat_sign(",") {
            cursor.string()?;
        }
    } else if cursor.is("begin") && cursor.is_at(1, "atomic") || cursor.is("return") {
        cursor.skip_rest();
    } else {
        // COST, ROWS, PARALLEL, LEAKPROOF, STRICT, WINDOW …
        cursor.advance();
    }
    Ok(())
}

/// Words that begin an attribute of a function, and so end the values of a SET.
fn is_function_word(cursor: &Cursor<'_>) -> bool {
    cursor.is_one_of(&[
        "as",
        "language",
        "immutable",
        "stable",
        "volatile",
        "security",
        "external",
        "set",
        "returns",
        "cost",
        "rows",
        "strict",
        "parallel",
        "called",
        "leakproof",
        "not",
        "window",
        "support",
        "transform",
        "begin",
        "return",
    ])
}

/// The types of a function's arguments, OUT left out.
fn arguments(inside: Cursor<'_>) -> Reading<Vec<TypeName>> {
    let mut cursor = inside;
    let mut all = Vec::new();
    while !cursor.is_done() {
        let mode = cursor.eat_one_of(&["inout", "out", "in", "variadic"]);
        let mut named = cursor;
        let named = named.identifier().is_ok() && type_name(&mut named).is_ok() && ends_argument(&named);
        if named {
            cursor.identifier()?;
        }
        let of = type_name(&mut cursor)?;
        if mode != Some("out") {
            all.push(of);
        }
        cursor.skip_to_comma();
        cursor.eat_sign(",");
    }
    Ok(all)
}

fn ends_argument(cursor: &Cursor<'_>) -> bool {
    cursor.is_done()
        || cursor.is_sign(",")
        || cursor.is("default")
        || cursor.is_sign("=")
        || cursor.is_sign(":")
}

/// What follows CREATE POLICY.
pub(crate) fn policy(cursor: &mut Cursor<'_>) -> Reading<Statement> {
    let name = cursor.identifier()?;
    cursor.require("on")?;
    let table = cursor.name()?;
    let restrictive = cursor.eat("as restrictive");
    Ok(Statement::CreatePolicy { name, table, restrictive, reads: query(*cursor)?.reads })
}

/// What follows CREATE [OR REPLACE] RULE.
pub(crate) fn rule(cursor: &mut Cursor<'_>) -> Reading<Statement> {
    let name = cursor.identifier()?;
    cursor.require("as on")?;
    cursor.identifier()?;
    cursor.require("to")?;
    let table = cursor.name()?;
    cursor.skip_rest();
    Ok(Statement::CreateRule { name, table })
}

/// What follows CREATE STATISTICS.
pub(crate) fn statistics(cursor: &mut Cursor<'_>) -> Reading<Statement> {
    super::table::existing(cursor);
    let name = if cursor.is("on") || cursor.is_sign("(") { None } else { Some(cursor.name()?) };
    if cursor.is_sign("(") {
        cursor.parentheses()?;
    }
    cursor.require("on")?;
    list(cursor)?;
    cursor.require("from")?;
    let table = cursor.name()?;
    cursor.finish(Statement::CreateStatistics { name, table })
}

/// What follows CREATE PUBLICATION or ALTER PUBLICATION; `verb` is the first word.
pub(crate) fn publication(cursor: &mut Cursor<'_>, verb: &str) -> Reading<Statement> {
    let name = cursor.identifier()?;
    let mut tables = Vec::new();
    while !cursor.is_done() {
        let before_tables = cursor.eat_one_of(&["for table", "add table", "set table", "drop table"]);
        if before_tables.is_none() {
            cursor.advance();
            continue;
        }
        loop {
            cursor.eat("only");
            tables.push(published(cursor)?);
            if !cursor.eat_sign(",") || cursor.sees("tables in") {
                break;
            }
            cursor.eat("table");
        }
    }
    Ok(Statement::Publication { name, tables, created: verb == "create" })
}

/// A table, perhaps with columns and a WHERE.
fn published(cursor: &mut Cursor<'_>) -> Reading<Name> {
    let table = cursor.name()?;
    cursor.eat_sign("*");
    if cursor.is_sign("(") {
        cursor.parentheses()?;
    }
    if cursor.eat("where") {
        cursor.parentheses()?;
    }
    Ok(table)
}
