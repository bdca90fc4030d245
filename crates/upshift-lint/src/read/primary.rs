//! What an expression begins with: a constant, a column, a call, CASE, ARRAY, something in parentheses.

use upshift_files::sql::TokenKind;

use super::cursor::{Cursor, Reading};
use super::expression::{expression, list, made, narrow};
use super::types::type_name;
use crate::statement::{Expression, ExpressionKind, Name};

pub(super) fn primary(cursor: &mut Cursor<'_>) -> Reading<Expression> {
    let start = cursor.byte();
    let constant = |cursor: &Cursor<'_>| {
        let place = cursor.since(start);
        let text = cursor.text().get(place.clone()).unwrap_or("").to_owned();
        Expression { kind: ExpressionKind::Constant(text), range: place }
    };
    match cursor.kind() {
        Some(TokenKind::Number | TokenKind::Parameter | TokenKind::DollarString) => {
            cursor.advance();
            Ok(constant(cursor))
        }
        Some(TokenKind::String) => {
            // On the next line a string goes on.
            while cursor.kind() == Some(TokenKind::String) {
                cursor.advance();
            }
            Ok(constant(cursor))
        }
        Some(TokenKind::Punctuation) if cursor.is_sign("(") => {
            let inside = cursor.parentheses()?;
            parenthesised(cursor, inside, start)
        }
        Some(TokenKind::Word | TokenKind::QuotedName) => word(cursor, start),
        _ => cursor.stop(),
    }
}

/// What stands in parentheses: a query, one expression, or a row of them.
pub(super) fn parenthesised(
    cursor: &Cursor<'_>,
    mut inside: Cursor<'_>,
    start: usize,
) -> Reading<Expression> {
    if inside.is_one_of(&["select", "with", "values", "table"]) {
        return Ok(made(cursor, start, ExpressionKind::Query));
    }
    let mut all = list(&mut inside)?;
    inside.finish(())?;
    match (all.pop(), all.is_empty()) {
        // Parentheses change nothing: the part is what it is.
        (Some(only), true) => Ok(made(cursor, start, only.kind)),
        (last, _) => {
            all.extend(last);
            Ok(made(cursor, start, ExpressionKind::Other(all)))
        }
    }
}

/// A column, a function, or one of the words that begin an expression of their own form.
fn word(cursor: &mut Cursor<'_>, start: usize) -> Reading<Expression> {
    if cursor.kind() == Some(TokenKind::Word)
        && let Some(read) = special(cursor, start)?
    {
        return Ok(read);
    }
    let mut parts = vec![cursor.identifier()?];
    while cursor.is_sign(".") {
        cursor.advance();
        parts.push(if cursor.eat_sign("*") { "*".to_owned() } else { cursor.identifier()? });
    }
    if cursor.is_sign("(") {
        let function = named(parts);
        return call(cursor, start, function);
    }
    if cursor.kind() == Some(TokenKind::String) && parts.len() == 1 {
        // date '2026-01-01', B'01'
        cursor.advance();
        let place = cursor.since(start);
        let text = cursor.text().get(place.clone()).unwrap_or("").to_owned();
        return Ok(Expression { kind: ExpressionKind::Constant(text), range: place });
    }
    Ok(made(cursor, start, ExpressionKind::Column(parts)))
}

fn named(mut parts: Vec<String>) -> Name {
    let name = parts.pop().unwrap_or_default();
    Name { schema: parts.pop(), name }
}

fn special(cursor: &mut Cursor<'_>, start: usize) -> Reading<Option<Expression>> {
    if cursor.eat("null") {
        return Ok(Some(made(cursor, start, ExpressionKind::Null)));
    }
    if let Some(word) = cursor.eat_one_of(&["true", "false"]) {
        return Ok(Some(made(cursor, start, ExpressionKind::Constant(word.to_owned()))));
    }
    let clocks = [
        "current_date",
        "current_time",
        "current_timestamp",
        "localtime",
        "localtimestamp",
        "current_user",
        "current_role",
        "current_catalog",
        "current_schema",
        "session_user",
        "system_user",
        "user",
    ];
    if let Some(word) = cursor.eat_one_of(&clocks) {
        if cursor.is_sign("(") {
            cursor.parentheses()?;
        }
        let call = ExpressionKind::Call { function: Name::bare(word), arguments: Vec::new() };
        return Ok(Some(made(cursor, start, call)));
    }
    if cursor.is("case") {
        return case(cursor, start).map(Some);
    }
    if cursor.is("cast") && cursor.is_sign_at(1, "(") {
        cursor.advance();
        let mut inside = cursor.parentheses()?;
        let inner = expression(&mut inside)?;
        inside.require("as")?;
        let to = type_name(&mut inside)?;
        inside.finish(())?;
        return Ok(Some(made(cursor, start, ExpressionKind::Cast(Box::new(inner), to))));
    }
    if cursor.eat("exists") {
        cursor.parentheses()?;
        return Ok(Some(made(cursor, start, ExpressionKind::Query)));
    }
    if cursor.is("array") && cursor.is_sign_at(1, "[") {
        cursor.advance();
        return array(cursor, start).map(Some);
    }
    if cursor.is("array") && cursor.is_sign_at(1, "(") {
        cursor.advance();
        cursor.parentheses()?;
        return Ok(Some(made(cursor, start, ExpressionKind::Query)));
    }
    if cursor.is_one_of(&["interval", "timestamp", "time", "double"])
        && !cursor.is_sign_at(1, ".")
        && !cursor.is_sign_at(1, ",")
    {
        let mut ahead = *cursor;
        if type_name(&mut ahead).is_ok() && ahead.kind() == Some(TokenKind::String) {
            ahead.advance();
            // interval '1' day
            ahead.eat_one_of(&["year", "month", "day", "hour", "minute", "second"]);
            *cursor = ahead;
            let place = cursor.since(start);
            let text = cursor.text().get(place.clone()).unwrap_or("").to_owned();
            return Ok(Some(Expression { kind: ExpressionKind::Constant(text), range: place }));
        }
    }
    Ok(None)
}

fn array(cursor: &mut Cursor<'_>, start: usize) -> Reading<Expression> {
    cursor.require_sign("[")?;
    let mut all = Vec::new();
    let mut nested = cursor.deeper()?;
    while !nested.is_sign("]") {
        let at = nested.byte();
        all.push(if nested.is_sign("[") { array(&mut nested, at)? } else { expression(&mut nested)? });
        if !nested.eat_sign(",") {
            break;
        }
    }
    nested.require_sign("]")?;
    cursor.catch_up(&nested);
    Ok(made(cursor, start, ExpressionKind::Other(all)))
}

fn case(cursor: &mut Cursor<'_>, start: usize) -> Reading<Expression> {
    cursor.require("case")?;
    let mut parts = Vec::new();
    while !cursor.eat("end") {
        if cursor.eat_one_of(&["when", "then", "else"]).is_none() && !parts.is_empty() {
            return cursor.stop();
        }
        parts.push(expression(cursor)?);
    }
    Ok(made(cursor, start, ExpressionKind::Other(parts)))
}

/// A function's arguments; what only aggregates and a few odd functions have is passed over.
fn call(cursor: &mut Cursor<'_>, start: usize, function: Name) -> Reading<Expression> {
    let mut inside = cursor.parentheses()?;
    inside.eat_one_of(&["distinct", "all", "both", "leading", "trailing"]);
    let mut arguments = Vec::new();
    let separators = ["from", "for", "in", "placing", "order by", "using", "separator", "similar", "escape"];
    while !inside.is_done() {
        inside.eat("variadic");
        // name => value
        if inside.is_sign_at(1, "=>") || inside.is_sign_at(1, ":") && inside.is_sign_at(2, "=") {
            inside.advance();
            while inside.eat_sign("=>") || inside.eat_sign(":") || inside.eat_sign("=") {}
        }
        match narrow_or_full(&mut inside) {
            Ok(argument) => arguments.push(argument),
            Err(_) => inside.skip_rest(),
        }
        if !inside.eat_sign(",") && inside.eat_one_of(&separators).is_none() {
            inside.skip_rest();
        }
    }
    if cursor.eat("within group") {
        cursor.parentheses()?;
    }
    if cursor.eat("filter") {
        cursor.parentheses()?;
    }
    if cursor.eat("over") && cursor.parentheses().is_err() {
        cursor.identifier()?;
    }
    Ok(made(cursor, start, ExpressionKind::Call { function, arguments }))
}

/// `position(a in b)` has an IN that is none: what stands before it is read without.
fn narrow_or_full(cursor: &mut Cursor<'_>) -> Reading<Expression> {
    let mut ahead = *cursor;
    match narrow(&mut ahead) {
        Ok(read) if ahead.is("in") || ahead.is_done() || ahead.is_sign(",") => {
            *cursor = ahead;
            Ok(read)
        }
        _ => expression(cursor),
    }
}
