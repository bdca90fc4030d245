//! Expressions, by PostgreSQL's precedence (manual, 4.1.6): weakest first OR, AND, NOT, IS, comparison, IN and LIKE,
//! other operators, `+`, `*`, `^`, AT TIME ZONE, COLLATE, the sign, `[]`, `::`.

use upshift_files::sql::TokenKind;

use super::cursor::{Cursor, Reading};
use super::types::type_name;
use crate::statement::{Expression, ExpressionKind, Name};

/// Which operators an expression may have at its top.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Grammar {
    /// All (`a_expr`).
    Full,
    /// Those that cannot begin the next constraint of a column (`b_expr`): no AND, NOT, IS, IN, COLLATE.
    Narrow,
}

const OR: u8 = 1;
const AND: u8 = 2;
const NOT: u8 = 3;
const IS: u8 = 4;
const COMPARE: u8 = 5;
const LIKE: u8 = 6;
const OTHER: u8 = 7;
const ADD: u8 = 8;
const MULTIPLY: u8 = 9;
const POWER: u8 = 10;
const AT: u8 = 11;
const COLLATE: u8 = 12;
const SIGN: u8 = 13;

/// More operators in a row are not read: what is built of them is as deep as they are many.
const LONGEST: usize = 1_000;

/// Reads an expression as far as it goes.
pub(crate) fn expression(cursor: &mut Cursor<'_>) -> Reading<Expression> {
    binary(cursor, 0, Grammar::Full)
}

/// Reads an expression that a constraint of a column may follow, as after DEFAULT.
pub(crate) fn narrow(cursor: &mut Cursor<'_>) -> Reading<Expression> {
    binary(cursor, 0, Grammar::Narrow)
}

/// Expressions with commas between.
pub(crate) fn list(cursor: &mut Cursor<'_>) -> Reading<Vec<Expression>> {
    if cursor.is_done() { Ok(Vec::new()) } else { cursor.list(expression) }
}

/// Reads the expression in the parentheses that come next.
pub(crate) fn in_parentheses(cursor: &mut Cursor<'_>) -> Reading<Expression> {
    let mut inside = cursor.parentheses()?;
    let read = expression(&mut inside)?;
    inside.finish(read)
}

fn binary(cursor: &mut Cursor<'_>, weakest: u8, grammar: Grammar) -> Reading<Expression> {
    let start = cursor.byte();
    let mut nested = cursor.deeper()?;
    let mut left = prefix(&mut nested, grammar)?;
    for _ in 0..LONGEST {
        match infix(&mut nested, left, start, (weakest, grammar))? {
            Grown::More(more) => left = more,
            Grown::No(all) => {
                cursor.catch_up(&nested);
                return Ok(all);
            }
        }
    }
    cursor.stop()
}

fn prefix(cursor: &mut Cursor<'_>, grammar: Grammar) -> Reading<Expression> {
    let start = cursor.byte();
    if grammar == Grammar::Full && cursor.eat("not") {
        let inner = binary(cursor, NOT, grammar)?;
        return Ok(made(cursor, start, ExpressionKind::Not(Box::new(inner))));
    }
    if cursor.kind() == Some(TokenKind::Operator) {
        let operator = cursor.peek(0).to_owned();
        if operator == "*" {
            cursor.advance();
            return Ok(made(cursor, start, ExpressionKind::Column(vec![operator])));
        }
        cursor.advance();
        let strength = if matches!(operator.as_str(), "-" | "+") { SIGN } else { OTHER };
        let operand = binary(cursor, strength, grammar)?;
        return Ok(made(cursor, start, ExpressionKind::Operator { operator, operands: vec![operand] }));
    }
    postfix(cursor, start)
}

/// A primary with its `::`, `[]` and `.field`s.
fn postfix(cursor: &mut Cursor<'_>, start: usize) -> Reading<Expression> {
    let mut left = primary(cursor)?;
    loop {
        if cursor.is_sign(":") && cursor.is_sign_at(1, ":") {
            cursor.advance();
            cursor.advance();
            let to = type_name(cursor)?;
            left = made(cursor, start, ExpressionKind::Cast(Box::new(left), to));
        } else if cursor.eat_sign("[") {
            cursor.skip_while(|c| !c.is_sign("]"));
            cursor.expect_sign("]")?;
            left = made(cursor, start, ExpressionKind::Other(vec![left]));
        } else if cursor.is_sign(".") {
            cursor.advance();
            if !cursor.eat_sign("*") {
                cursor.identifier()?;
            }
            left = made(cursor, start, ExpressionKind::Other(vec![left]));
        } else {
            return Ok(left);
        }
    }
}

/// An expression after a look for an operator behind it.
enum Grown {
    /// It became the left side of a larger one.
    More(Expression),
    /// It is all there is.
    No(Expression),
}

fn infix(
    cursor: &mut Cursor<'_>,
    left: Expression,
    start: usize,
    (weakest, grammar): (u8, Grammar),
) -> Reading<Grown> {
    if cursor.kind() == Some(TokenKind::Operator) {
        let operator = cursor.peek(0).to_owned();
        let strength = match operator.as_str() {
            "<" | ">" | "=" | "<=" | ">=" | "<>" | "!=" => COMPARE,
            "+" | "-" => ADD,
            "*" | "/" | "%" => MULTIPLY,
            "^" => POWER,
            _ => OTHER,
        };
        if strength <= weakest {
            return Ok(Grown::No(left));
        }
        cursor.advance();
        return right_side(cursor, operator, left, (strength, grammar)).map(Grown::More);
    }
    if grammar == Grammar::Full { words(cursor, left, start, weakest) } else { Ok(Grown::No(left)) }
}

/// What stands right of an operator of this strength, and the two sides with it.
fn right_side(
    cursor: &mut Cursor<'_>,
    operator: String,
    left: Expression,
    (strength, grammar): (u8, Grammar),
) -> Reading<Expression> {
    let right = match cursor.eat_one_of(&["any", "some", "all"]) {
        Some(_) => {
            let at = cursor.byte();
            let inside = cursor.parentheses()?;
            parenthesised(cursor, inside, at)?
        }
        None => binary(cursor, strength, grammar)?,
    };
    let start = left.range.start;
    Ok(made(cursor, start, ExpressionKind::Operator { operator, operands: vec![left, right] }))
}

/// The operators that are words.
fn words(cursor: &mut Cursor<'_>, left: Expression, start: usize, weakest: u8) -> Reading<Grown> {
    if weakest < OR && cursor.eat("or") {
        let right = binary(cursor, OR, Grammar::Full)?;
        let all = match left.kind {
            ExpressionKind::Or(all) => with(all, right),
            _ => vec![left, right],
        };
        return Ok(Grown::More(made(cursor, start, ExpressionKind::Or(all))));
    }
    if weakest < AND && cursor.eat("and") {
        let right = binary(cursor, AND, Grammar::Full)?;
        let all = match left.kind {
            ExpressionKind::And(all) => with(all, right),
            _ => vec![left, right],
        };
        return Ok(Grown::More(made(cursor, start, ExpressionKind::And(all))));
    }
    if weakest < IS && cursor.is_one_of(&["is", "isnull", "notnull"]) {
        return is(cursor, left, start).map(Grown::More);
    }
    if weakest < LIKE
        && let Some(word) = in_between_or_like(cursor)
    {
        return set_operation(cursor, left, start, &word).map(Grown::More);
    }
    if weakest < AT && cursor.eat("at") {
        if !cursor.eat("local") {
            cursor.expect("time zone")?;
            let zone = binary(cursor, AT, Grammar::Full)?;
            return Ok(Grown::More(operation(cursor, start, "at time zone", vec![left, zone])));
        }
        return Ok(Grown::More(operation(cursor, start, "at local", vec![left])));
    }
    if weakest < COLLATE && cursor.eat("collate") {
        let collation = cursor.name()?;
        return Ok(Grown::More(made(cursor, start, ExpressionKind::Collate(Box::new(left), collation))));
    }
    if weakest < OTHER && cursor.is("operator") && cursor.is_sign_at(1, "(") {
        cursor.advance();
        cursor.parentheses()?;
        return right_side(cursor, "operator".to_owned(), left, (OTHER, Grammar::Full)).map(Grown::More);
    }
    Ok(Grown::No(left))
}

fn with(mut all: Vec<Expression>, one: Expression) -> Vec<Expression> {
    all.push(one);
    all
}

fn is(cursor: &mut Cursor<'_>, left: Expression, start: usize) -> Reading<Expression> {
    let left = Box::new(left);
    if cursor.eat_one_of(&["isnull", "is null"]).is_some() {
        return Ok(made(cursor, start, ExpressionKind::IsNull(left)));
    }
    if cursor.eat_one_of(&["notnull", "is not null"]).is_some() {
        return Ok(made(cursor, start, ExpressionKind::IsNotNull(left)));
    }
    cursor.expect("is")?;
    let not = if cursor.eat("not") { "is not " } else { "is " };
    if cursor.eat("distinct from") {
        let right = binary(cursor, IS, Grammar::Full)?;
        return Ok(operation(cursor, start, &format!("{not}distinct from"), vec![*left, right]));
    }
    let what = cursor.identifier()?;
    match what.as_str() {
        "json" => drop(cursor.eat_one_of(&["value", "scalar", "array", "object"])),
        "nfc" | "nfd" | "nfkc" | "nfkd" => cursor.expect("normalized")?,
        _ => {}
    }
    Ok(operation(cursor, start, &format!("{not}{what}"), vec![*left]))
}

/// `in`, `not like` and so on, read if one comes next.
fn in_between_or_like(cursor: &mut Cursor<'_>) -> Option<String> {
    let mut ahead = *cursor;
    let not = if ahead.eat("not") { "not " } else { "" };
    let word = ahead.eat_one_of(&["in", "between", "like", "ilike", "similar to"])?;
    *cursor = ahead;
    Some(format!("{not}{word}"))
}

/// What follows IN, BETWEEN or LIKE.
fn set_operation(cursor: &mut Cursor<'_>, left: Expression, start: usize, word: &str) -> Reading<Expression> {
    let mut operands = vec![left];
    match word.trim_start_matches("not ") {
        "in" => {
            let at = cursor.byte();
            let inside = cursor.parentheses()?;
            operands.push(parenthesised(cursor, inside, at)?);
        }
        "between" => {
            cursor.eat_one_of(&["symmetric", "asymmetric"]);
            operands.push(binary(cursor, LIKE, Grammar::Full)?);
            cursor.expect("and")?;
            operands.push(binary(cursor, LIKE, Grammar::Full)?);
        }
        _ => {
            operands.push(match cursor.eat_one_of(&["any", "all"]) {
                Some(_) => {
                    let at = cursor.byte();
                    let inside = cursor.parentheses()?;
                    parenthesised(cursor, inside, at)?
                }
                None => binary(cursor, LIKE, Grammar::Full)?,
            });
            if cursor.eat("escape") {
                operands.push(binary(cursor, LIKE, Grammar::Full)?);
            }
        }
    }
    Ok(operation(cursor, start, word, operands))
}

fn primary(cursor: &mut Cursor<'_>) -> Reading<Expression> {
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
fn parenthesised(cursor: &Cursor<'_>, mut inside: Cursor<'_>, start: usize) -> Reading<Expression> {
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
        inside.expect("as")?;
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
    cursor.expect_sign("[")?;
    let mut all = Vec::new();
    let mut nested = cursor.deeper()?;
    while !nested.is_sign("]") {
        let at = nested.byte();
        all.push(if nested.is_sign("[") { array(&mut nested, at)? } else { expression(&mut nested)? });
        if !nested.eat_sign(",") {
            break;
        }
    }
    nested.expect_sign("]")?;
    cursor.catch_up(&nested);
    Ok(made(cursor, start, ExpressionKind::Other(all)))
}

fn case(cursor: &mut Cursor<'_>, start: usize) -> Reading<Expression> {
    cursor.expect("case")?;
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

fn operation(cursor: &Cursor<'_>, start: usize, operator: &str, operands: Vec<Expression>) -> Expression {
    made(cursor, start, ExpressionKind::Operator { operator: operator.to_owned(), operands })
}

fn made(cursor: &Cursor<'_>, start: usize, kind: ExpressionKind) -> Expression {
    Expression { kind, range: cursor.since(start) }
}
