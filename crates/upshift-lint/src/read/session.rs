//! Settings, privileges, DO and CALL, and what concerns no table at all.

use upshift_files::sql::TokenKind;

use super::cursor::{Cursor, Reading};
use crate::statement::{Name, SetScope, Statement};

/// What follows SET, RESET or DISCARD.
pub(crate) fn set(cursor: &mut Cursor<'_>, verb: &str) -> Reading<Statement> {
    if verb == "discard" {
        cursor.skip_rest();
        return Ok(Statement::Set {
            setting: "all".to_owned(),
            values: Vec::new(),
            scope: SetScope::Session,
        });
    }
    let scope = match cursor.eat_one_of(&["local", "session characteristics", "session"]) {
        Some("session characteristics") => {
            cursor.skip_rest();
            return Ok(Statement::Harmless { words: "set session characteristics".to_owned() });
        }
        Some("local") => SetScope::Transaction,
        _ => SetScope::Session,
    };
    if cursor.is_one_of(&["transaction", "constraints"]) {
        cursor.skip_rest();
        return Ok(Statement::Harmless { words: "set".to_owned() });
    }
    let setting = setting(cursor)?;
    let _ = cursor.eat("to") || cursor.eat_sign("=");
    let mut values = Vec::new();
    while !cursor.is_done() {
        if cursor.kind() == Some(TokenKind::String) {
            values.push(cursor.string()?);
        } else if !cursor.eat_sign(",") {
            let sign = if cursor.eat_sign("-") { "-" } else { "" };
            values.push(match cursor.identifier() {
                Ok(word) => word,
                Err(_) => format!("{sign}{}", cursor.advance().map_or("", |t| t.text(cursor.text()))),
            });
        }
    }
    values.retain(|value| verb == "set" && value != "default");
    Ok(Statement::Set { setting, values, scope })
}

fn setting(cursor: &mut Cursor<'_>) -> Reading<String> {
    if cursor.eat("time zone") {
        return Ok("timezone".to_owned());
    }
    if cursor.eat("session authorization") {
        return Ok("session authorization".to_owned());
    }
    let mut name = cursor.identifier()?;
    if cursor.eat_sign(".") {
        name = format!("{name}.{}", cursor.identifier()?);
    }
    Ok(name)
}

/// What follows GRANT or REVOKE; `verb` is which.
pub(crate) fn privileges(cursor: &mut Cursor<'_>, verb: &str) -> Reading<Statement> {
    cursor.eat_one_of(&["grant option for", "admin option for"]);
    let mut words = Vec::new();
    while !cursor.is_done() && !cursor.is_one_of(&["on", "to", "from"]) {
        if cursor.is_sign("(") {
            cursor.parentheses()?;
        } else if !cursor.eat_sign(",") {
            words.push(cursor.identifier()?);
        }
    }
    words.retain(|word| word != "privileges");
    let mut tables = Vec::new();
    let mut sequences = Vec::new();
    if cursor.eat("on") {
        let elsewhere = [
            "database",
            "domain",
            "foreign",
            "function",
            "procedure",
            "routine",
            "language",
            "large",
            "parameter",
            "schema",
            "tablespace",
            "type",
            "all",
        ];
        if cursor.eat("sequence") {
            sequences = cursor.names()?;
        } else if !cursor.is_one_of(&elsewhere) {
            cursor.eat("table");
            tables = cursor.names()?;
        }
        cursor.skip_while(|c| !c.is_one_of(&["to", "from"]));
    }
    cursor.advance();
    let mut roles = Vec::new();
    while !cursor.is_done() && !cursor.is_one_of(&["with", "granted", "cascade", "restrict"]) {
        cursor.eat("group");
        if !cursor.eat_sign(",") {
            roles.push(cursor.identifier()?);
        }
    }
    Ok(Statement::Privileges { granted: verb == "grant", tables, sequences, privileges: words, roles })
}

/// What follows DO.
pub(crate) fn do_block(cursor: &mut Cursor<'_>) -> Reading<Statement> {
    let mut body = None;
    while !cursor.is_done() {
        if cursor.eat("language") {
            cursor.advance();
        } else {
            body = Some(cursor.string()?);
        }
    }
    match body {
        Some(body) => Ok(Statement::Do { body }),
        None => cursor.stop(),
    }
}

/// What follows CALL.
pub(crate) fn call(cursor: &mut Cursor<'_>) -> Reading<Statement> {
    let procedure: Name = cursor.name()?;
    cursor.parentheses()?;
    cursor.finish(Statement::Call { procedure })
}

/// What locks no table and breaks nobody.
const HARMLESS: &[&str] = &[
    "show",
    "listen",
    "notify",
    "unlisten",
    "load",
    "checkpoint",
    "prepare transaction",
    "deallocate",
    "fetch",
    "move",
    "close",
    "security label",
];

pub(crate) fn harmless(cursor: Cursor<'_>) -> Reading<Statement> {
    if !HARMLESS.iter().any(|words| cursor.sees(words)) {
        return cursor.stop();
    }
    Ok(Statement::Harmless { words: super::first_words(cursor) })
}
