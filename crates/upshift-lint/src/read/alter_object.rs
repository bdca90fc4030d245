//! What follows ALTER, and is no relation: types, domains, functions, publications.

use super::alter::{alter_relation, dependants};
use super::column::column_constraint;
use super::cursor::{Cursor, Reading};
use super::object::{attribute, publication};
use super::types::type_name;
use crate::statement::{
    AlterDomain, AlterType, AttributeChange, Kind, Name, Statement, Validity, WhenExisting,
};

pub(crate) fn alter(cursor: &mut Cursor<'_>) -> Reading<Statement> {
    let Some((words, kind)) = cursor.eat_kind() else {
        // `default privileges` and its like.
        let Some(words) = cursor.eat_one_of(OTHERS) else { return cursor.stop() };
        cursor.skip_rest();
        return Ok(Statement::Harmless { words: format!("alter {words}") });
    };
    match kind {
        Kind::Table
        | Kind::ForeignTable
        | Kind::Index
        | Kind::View
        | Kind::MaterializedView
        | Kind::Sequence => alter_relation(cursor, kind),
        Kind::Type => alter_type(cursor),
        Kind::Domain => alter_domain(cursor),
        Kind::Extension => extension(cursor),
        Kind::Publication => publication(cursor, "alter"),
        Kind::Column | Kind::Constraint => cursor.stop(),
        _ => renamed(cursor, words, kind),
    }
}

fn alter_type(cursor: &mut Cursor<'_>) -> Reading<Statement> {
    let name = cursor.name()?;
    let change = if cursor.eat("add value") {
        let existing = super::table::existing(cursor);
        let value = cursor.string()?;
        let placed = cursor.eat_one_of(&["before", "after"]).is_some();
        if placed {
            cursor.string()?;
        }
        AlterType::AddValue {
            name,
            value,
            existing: if existing == WhenExisting::Skip { existing } else { WhenExisting::Fail },
            placed,
        }
    } else if cursor.eat("rename value") {
        let from = cursor.string()?;
        cursor.require("to")?;
        AlterType::RenameValue { name, from, to: cursor.string()? }
    } else if cursor.eat("rename attribute") {
        let from = cursor.identifier()?;
        cursor.require("to")?;
        let to = cursor.identifier()?;
        AlterType::RenameAttribute { name, from, to, dependants: dependants(cursor) }
    } else if cursor.eat("rename to") {
        AlterType::RenameTo { name, to: cursor.identifier()? }
    } else if cursor.eat("set schema") {
        AlterType::SetSchema { name, schema: cursor.identifier()? }
    } else if cursor.eat("owner to") {
        cursor.identifier()?;
        AlterType::OwnerTo { name }
    } else if cursor.is("set") && cursor.is_sign_at(1, "(") {
        cursor.advance();
        cursor.parentheses()?;
        AlterType::Options { name }
    } else {
        attributes(cursor, name)?
    };
    cursor.finish(Statement::AlterType(change))
}

fn attributes(cursor: &mut Cursor<'_>, name: Name) -> Reading<AlterType> {
    let mut last = crate::statement::Dependants::Refuse;
    let changes = cursor.list(|c| {
        let change = if c.eat("add attribute") {
            let (name, of) = attribute(c)?;
            AttributeChange::Add(name, of)
        } else if c.eat("drop attribute") {
            c.eat("if exists");
            AttributeChange::Drop(c.identifier()?)
        } else {
            c.require("alter attribute")?;
            let name = c.identifier()?;
            c.eat("set data");
            c.require("type")?;
            let of = type_name(c)?;
            if c.eat("collate") {
                c.name()?;
            }
            AttributeChange::SetType(name, of)
        };
        if dependants(c) == crate::statement::Dependants::Drop {
            last = crate::statement::Dependants::Drop;
        }
        Ok(change)
    })?;
    Ok(AlterType::Attributes { name, changes, dependants: last })
}

fn alter_domain(cursor: &mut Cursor<'_>) -> Reading<Statement> {
    let name = cursor.name()?;
    let change = if cursor.eat("add") {
        let constraint_name =
            if cursor.is("constraint") { Some(cursor.peek(1).to_ascii_lowercase()) } else { None };
        let Some(constraint) = column_constraint(cursor, "value")? else { return cursor.stop() };
        let validity = match &constraint {
            crate::statement::ColumnConstraint::Constraint(inner) => inner.validity,
            _ => Validity::Valid,
        };
        AlterDomain::AddConstraint { name, constraint, constraint_name, validity }
    } else if cursor.eat("validate constraint") {
        AlterDomain::ValidateConstraint { name, constraint: cursor.identifier()? }
    } else if cursor.eat("drop constraint") {
        cursor.eat("if exists");
        let constraint = cursor.identifier()?;
        dependants(cursor);
        AlterDomain::DropConstraint { name, constraint }
    } else if cursor.eat("rename constraint") {
        let from = cursor.identifier()?;
        cursor.require("to")?;
        AlterDomain::RenameConstraint { name, from, to: cursor.identifier()? }
    } else if cursor.eat("rename to") {
        AlterDomain::RenameTo { name, to: cursor.identifier()? }
    } else if cursor.eat("set schema") {
        AlterDomain::SetSchema { name, schema: cursor.identifier()? }
    } else if cursor.eat("owner to") {
        cursor.identifier()?;
        AlterDomain::OwnerTo { name }
    } else if cursor.eat("set not null") {
        AlterDomain::SetNotNull { name }
    } else if cursor.eat("drop not null") {
        AlterDomain::DropNotNull { name }
    } else if cursor.eat("drop default") {
        AlterDomain::SetDefault { name }
    } else {
        cursor.require("set default")?;
        super::expression::expression(cursor)?;
        AlterDomain::SetDefault { name }
    };
    cursor.finish(Statement::AlterDomain(change))
}

fn extension(cursor: &mut Cursor<'_>) -> Reading<Statement> {
    let name = cursor.identifier()?;
    if cursor.eat("update") {
        cursor.skip_rest();
        return Ok(Statement::UpdateExtension { name });
    }
    cursor.skip_rest();
    Ok(Statement::Harmless { words: "alter extension".to_owned() })
}

/// What is altered without a lock on any table, its name in a form of its own.
const OTHERS: &[&str] = &[
    "default privileges",
    "system",
    "operator",
    "collation",
    "conversion",
    "text search",
    "language",
    "server",
    "foreign data wrapper",
    "tablespace",
    "large object",
];

/// What may be renamed, and otherwise is altered without a lock on any table.
fn renamed(cursor: &mut Cursor<'_>, words: &str, kind: Kind) -> Reading<Statement> {
    let harmless = Statement::Harmless { words: format!("alter {words}") };
    if kind == Kind::UserMapping {
        cursor.skip_rest();
        return Ok(harmless);
    }
    let name = cursor.name()?;
    let has_table = matches!(kind, Kind::Trigger | Kind::Policy | Kind::Rule);
    let on = if has_table && cursor.eat("on") { Some(cursor.name()?) } else { None };
    if cursor.is_sign("(") {
        cursor.parentheses()?;
    }
    if cursor.eat("rename to") {
        let to = cursor.identifier()?;
        return cursor.finish(Statement::RenameObject { kind, name, on, to });
    }
    if has_table && kind == Kind::Policy {
        let Some(table) = on else { return cursor.stop() };
        let reads = super::query::query(*cursor)?.reads;
        return Ok(Statement::AlterPolicy { name: name.name, table, reads });
    }
    cursor.skip_rest();
    Ok(harmless)
}
