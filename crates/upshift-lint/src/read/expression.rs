//! Expressions, by PostgreSQL's precedence (manual, 4.1.6): weakest first OR, AND, NOT, IS, comparison, IN and LIKE,
//! other operators, `+`, `*`, `^`, AT TIME ZONE, COLLATE, the sign, `[]`, `::`.

use upshift_files::sql::TokenKind;

use super::cursor::{Cursor, Reading};
use super::primary::{parenthesised, primary};
use super::types::type_name;
use crate::statement::{Expression, ExpressionKind};

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
            cursor.require_sign("]")?;
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
            cursor.require("time zone")?;
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
    cursor.require("is")?;
    let not = if cursor.eat("not") { "is not " } else { "is " };
    if cursor.eat("distinct from") {
        let right = binary(cursor, IS, Grammar::Full)?;
        return Ok(operation(cursor, start, &format!("{not}distinct from"), vec![*left, right]));
    }
    let what = cursor.identifier()?;
    match what.as_str() {
        "json" => drop(cursor.eat_one_of(&["value", "scalar", "array", "object"])),
        "nfc" | "nfd" | "nfkc" | "nfkd" => cursor.require("normalized")?,
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
            cursor.require("and")?;
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

fn operation(cursor: &Cursor<'_>, start: usize, operator: &str, operands: Vec<Expression>) -> Expression {
    made(cursor, start, ExpressionKind::Operator { operator: operator.to_owned(), operands })
}

pub(super) fn made(cursor: &Cursor<'_>, start: usize, kind: ExpressionKind) -> Expression {
    Expression { kind, range: cursor.since(start) }
}
