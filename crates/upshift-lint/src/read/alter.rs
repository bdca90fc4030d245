//! ALTER of tables, indexes, views and sequences.

use super::column::{column, table_constraint};
use super::cursor::{Cursor, Reading};
use super::expression::{expression, in_parentheses};
use super::table::{bound, existing};
use super::types::type_name;
use crate::statement::{
    Action, AlterRelation, ColumnChange, Dependants, DetachHow, Identity, Kind, Name, Place, Replica,
    RowSecurity, SequenceChange, Statement, Switch, WhenMissing,
};

/// IF EXISTS.
pub(crate) fn missing(cursor: &mut Cursor<'_>) -> WhenMissing {
    if cursor.eat("if exists") { WhenMissing::Skip } else { WhenMissing::Fail }
}

/// CASCADE, RESTRICT, or neither.
pub(crate) fn dependants(cursor: &mut Cursor<'_>) -> Dependants {
    match cursor.eat_one_of(&["cascade", "restrict"]) {
        Some("cascade") => Dependants::Drop,
        _ => Dependants::Refuse,
    }
}

/// What follows ALTER TABLE, ALTER INDEX and so on.
pub(crate) fn alter_relation(cursor: &mut Cursor<'_>, kind: Kind) -> Reading<Statement> {
    let missing = missing(cursor);
    let only = cursor.eat("only");
    if cursor.sees("all in tablespace") {
        return cursor.stop();
    }
    let name = cursor.name()?;
    cursor.eat_sign("*");
    let actions = if kind == Kind::Sequence && !begins_general_action(cursor) {
        let start = cursor.byte();
        let change = sequence(cursor)?;
        vec![(Action::Sequence(change), cursor.since(start))]
    } else {
        cursor.list(|c| {
            let start = c.byte();
            let read = action(c)?;
            Ok((read, c.since(start)))
        })?
    };
    cursor.finish(Statement::AlterRelation(AlterRelation { kind, name, missing, only, actions }))
}

fn begins_general_action(cursor: &Cursor<'_>) -> bool {
    ["rename", "set schema", "owner to", "set logged", "set unlogged"].iter().any(|words| cursor.sees(words))
}

fn sequence(cursor: &mut Cursor<'_>) -> Reading<SequenceChange> {
    let mut owner = None;
    let mut others = false;
    let mut restarts = false;
    while !cursor.is_done() {
        if cursor.eat("owned by") {
            owner = Some(owned_by(cursor)?);
        } else {
            others = true;
            restarts |= cursor.is("restart");
            cursor.advance();
        }
    }
    Ok(match owner {
        Some(owner) if !others => SequenceChange::OwnedBy(owner),
        owner => SequenceChange::Options { restarts, owner: owner.flatten() },
    })
}

/// `table.column`, or NONE.
pub(crate) fn owned_by(cursor: &mut Cursor<'_>) -> Reading<Option<(Name, String)>> {
    if cursor.eat("none") {
        return Ok(None);
    }
    let mut parts = vec![cursor.identifier()?];
    while cursor.eat_sign(".") {
        parts.push(cursor.identifier()?);
    }
    let (Some(column), Some(table)) = (parts.pop(), parts.pop()) else { return cursor.stop() };
    Ok(Some((Name { schema: parts.pop(), name: table }, column)))
}

fn action(cursor: &mut Cursor<'_>) -> Reading<Action> {
    let Some(verb) = cursor.eat_one_of(&[
        "add",
        "drop",
        "alter",
        "validate constraint",
        "rename",
        "set",
        "reset",
        "attach partition",
        "detach partition",
        "enable",
        "disable",
        "force row level security",
        "no force row level security",
        "replica identity",
        "owner to",
        "cluster on",
        "inherit",
        "no inherit",
        "of",
        "not of",
    ]) else {
        return cursor.stop();
    };
    match verb {
        "add" => add(cursor),
        "drop" => drop_action(cursor),
        "alter" => alter(cursor),
        "validate constraint" => cursor.identifier().map(Action::ValidateConstraint),
        "rename" => rename(cursor),
        "set" => set(cursor),
        "reset" => options(cursor).map(Action::SetOptions),
        "attach partition" => attach(cursor),
        "detach partition" => detach(cursor),
        "enable" | "disable" => switch(cursor, verb),
        "force row level security" => Ok(Action::RowSecurity(RowSecurity::Force)),
        "no force row level security" => Ok(Action::RowSecurity(RowSecurity::NoForce)),
        "replica identity" => replica_identity(cursor),
        "owner to" => cursor.identifier().map(Action::OwnerTo),
        "cluster on" => cursor.identifier().map(|index| Action::ClusterOn(Some(index))),
        "inherit" => cursor.name().map(Action::Inherit),
        "no inherit" => cursor.name().map(Action::NoInherit),
        "of" => cursor.name().map(|_| Action::OfType),
        _ => Ok(Action::OfType),
    }
}

fn add(cursor: &mut Cursor<'_>) -> Reading<Action> {
    if let Some(constraint) = table_constraint(cursor)? {
        return Ok(Action::AddConstraint(constraint));
    }
    cursor.eat("column");
    let existing = existing(cursor);
    let column = column(cursor)?;
    Ok(Action::AddColumn { column, existing })
}

fn drop_action(cursor: &mut Cursor<'_>) -> Reading<Action> {
    if cursor.eat("constraint") {
        let missing = missing(cursor);
        let name = cursor.identifier()?;
        return Ok(Action::DropConstraint { name, missing, dependants: dependants(cursor) });
    }
    cursor.eat("column");
    let missing = missing(cursor);
    let column = cursor.identifier()?;
    Ok(Action::DropColumn { column, missing, dependants: dependants(cursor) })
}

fn alter(cursor: &mut Cursor<'_>) -> Reading<Action> {
    if cursor.eat("constraint") {
        let name = cursor.identifier()?;
        cursor.skip_to_comma();
        return Ok(Action::AlterConstraint(name));
    }
    cursor.eat("column");
    let column = if cursor.kind() == Some(upshift_files::sql::TokenKind::Number) {
        // ALTER INDEX … ALTER COLUMN 1 SET STATISTICS
        cursor.advance();
        String::new()
    } else {
        cursor.identifier()?
    };
    Ok(Action::AlterColumn { column, change: column_change(cursor)? })
}

fn column_change(cursor: &mut Cursor<'_>) -> Reading<ColumnChange> {
    if cursor.eat_one_of(&["set data type", "type"]).is_some() {
        let type_name = type_name(cursor)?;
        let collation = if cursor.eat("collate") { Some(cursor.name()?) } else { None };
        let using = if cursor.eat("using") { Some(expression(cursor)?) } else { None };
        return Ok(ColumnChange::SetType { type_name, collation, using });
    }
    if cursor.eat("set default") {
        return expression(cursor).map(ColumnChange::SetDefault);
    }
    if cursor.eat("set expression as") {
        return in_parentheses(cursor).map(ColumnChange::SetExpression);
    }
    for (words, change) in [
        ("drop default", ColumnChange::DropDefault),
        ("set not null", ColumnChange::SetNotNull),
        ("drop not null", ColumnChange::DropNotNull),
    ] {
        if cursor.eat(words) {
            return Ok(change);
        }
    }
    if let Some(which) = cursor.eat_one_of(&["drop identity", "drop expression"]) {
        missing(cursor);
        let identity = which == "drop identity";
        return Ok(if identity { ColumnChange::DropIdentity } else { ColumnChange::DropExpression });
    }
    if cursor.eat("add generated") {
        let identity = identity(cursor)?;
        cursor.require("as identity")?;
        if cursor.is_sign("(") {
            cursor.parentheses()?;
        }
        return Ok(ColumnChange::AddIdentity(identity));
    }
    if cursor.eat("set statistics") {
        cursor.skip_to_comma();
        return Ok(ColumnChange::SetStatistics);
    }
    if let Some(words) = cursor.eat_one_of(&["set storage", "set compression"]) {
        cursor.identifier()?;
        let storage = words == "set storage";
        return Ok(if storage { ColumnChange::SetStorage } else { ColumnChange::SetCompression });
    }
    if cursor.is_one_of(&["set", "reset"]) && cursor.is_sign_at(1, "(") {
        cursor.advance();
        options(cursor)?;
        return Ok(ColumnChange::SetOptions);
    }
    set_identity(cursor)
}

fn identity(cursor: &mut Cursor<'_>) -> Reading<Identity> {
    match cursor.eat_one_of(&["always", "by default"]) {
        Some("always") => Ok(Identity::Always),
        Some(_) => Ok(Identity::ByDefault),
        None => cursor.stop(),
    }
}

/// SET GENERATED …, SET INCREMENT 5, RESTART: one after the other, without commas.
fn set_identity(cursor: &mut Cursor<'_>) -> Reading<ColumnChange> {
    let mut generated = None;
    let mut restarts = false;
    if !cursor.is_one_of(&["set", "restart"]) {
        return cursor.stop();
    }
    loop {
        if cursor.eat("set generated") {
            generated = Some(identity(cursor)?);
        } else if cursor.eat("restart") {
            restarts = true;
            cursor.eat("with");
            skip_number(cursor);
        } else if cursor.eat("set") {
            cursor.skip_while(|c| !c.is_sign(",") && !c.is_one_of(&["set", "restart"]));
        } else {
            return Ok(ColumnChange::SetIdentity { generated, restarts });
        }
    }
}

fn skip_number(cursor: &mut Cursor<'_>) {
    cursor.eat_sign("-");
    if cursor.kind() == Some(upshift_files::sql::TokenKind::Number) {
        cursor.advance();
    }
}

fn rename(cursor: &mut Cursor<'_>) -> Reading<Action> {
    if cursor.eat("to") {
        return cursor.identifier().map(Action::RenameTo);
    }
    let constraint = cursor.eat("constraint");
    if !constraint {
        cursor.eat("column");
    }
    let from = cursor.identifier()?;
    cursor.require("to")?;
    let to = cursor.identifier()?;
    Ok(if constraint { Action::RenameConstraint { from, to } } else { Action::RenameColumn { from, to } })
}

fn set(cursor: &mut Cursor<'_>) -> Reading<Action> {
    if cursor.is_sign("(") {
        return options(cursor).map(Action::SetOptions);
    }
    let words =
        ["schema", "tablespace", "access method", "logged", "unlogged", "without cluster", "without oids"];
    match cursor.eat_one_of(&words) {
        Some("schema") => cursor.identifier().map(Action::SetSchema),
        Some("tablespace") => {
            let tablespace = cursor.identifier()?;
            cursor.eat("nowait");
            Ok(Action::SetTablespace(tablespace))
        }
        Some("access method") => cursor.identifier().map(Action::SetAccessMethod),
        Some("logged") => Ok(Action::SetLogged),
        Some("unlogged") => Ok(Action::SetUnlogged),
        Some("without cluster") => Ok(Action::ClusterOn(None)),
        Some(_) => Ok(Action::SetOptions(Vec::new())),
        None => cursor.stop(),
    }
}

/// `(fillfactor = 90, toast.autovacuum_enabled)`: the names.
fn options(cursor: &mut Cursor<'_>) -> Reading<Vec<String>> {
    let mut inside = cursor.parentheses()?;
    let names = inside.list(|c| {
        let name = c.name()?.name;
        c.skip_to_comma();
        Ok(name)
    })?;
    inside.finish(names)
}

fn attach(cursor: &mut Cursor<'_>) -> Reading<Action> {
    let partition = cursor.name()?;
    if cursor.is_done() {
        return Ok(Action::AttachIndex(partition));
    }
    Ok(Action::AttachPartition { partition, bound: bound(cursor)? })
}

fn detach(cursor: &mut Cursor<'_>) -> Reading<Action> {
    let partition = cursor.name()?;
    let how = match cursor.eat_one_of(&["concurrently", "finalize"]) {
        Some("concurrently") => DetachHow::Concurrently,
        Some(_) => DetachHow::Finalize,
        None => DetachHow::Blocking,
    };
    Ok(Action::DetachPartition { partition, how })
}

fn switch(cursor: &mut Cursor<'_>, verb: &str) -> Reading<Action> {
    if cursor.eat("row level security") {
        let state = if verb == "enable" { RowSecurity::Enable } else { RowSecurity::Disable };
        return Ok(Action::RowSecurity(state));
    }
    let switch = match (verb, cursor.eat_one_of(&["always", "replica"])) {
        ("enable", Some("always")) => Switch::EnableAlways,
        ("enable", Some(_)) => Switch::EnableReplica,
        ("enable", None) => Switch::Enable,
        (_, None) => Switch::Disable,
        (_, Some(_)) => return cursor.stop(),
    };
    if cursor.eat("rule") {
        if cursor.is("all") {
            return cursor.stop();
        }
        return Ok(Action::Rule { name: cursor.identifier()?, switch });
    }
    cursor.require("trigger")?;
    // ALL and USER come with plain ENABLE and DISABLE alone.
    let plain = matches!(switch, Switch::Enable | Switch::Disable);
    if !plain && cursor.is_one_of(&["all", "user"]) {
        return cursor.stop();
    }
    let every = cursor.eat_one_of(&["all", "user"]).is_some();
    let name = if every { None } else { Some(cursor.identifier()?) };
    Ok(Action::Trigger { name, switch })
}

fn replica_identity(cursor: &mut Cursor<'_>) -> Reading<Action> {
    let replica = match cursor.eat_one_of(&["default", "full", "nothing", "using index"]) {
        Some("default") => Replica::Default,
        Some("full") => Replica::Full,
        Some("nothing") => Replica::Nothing,
        Some(_) => Replica::Index(cursor.identifier()?),
        None => return cursor.stop(),
    };
    Ok(Action::ReplicaIdentity(replica))
}

/// Where something begins to the end of what was read.
pub(crate) fn named_place(cursor: &mut Cursor<'_>) -> Reading<(Name, Place)> {
    let start = cursor.byte();
    let name = cursor.name()?;
    Ok((name, cursor.since(start)))
}
