//! What a CHECK proves about the rows of a table and the bound of a partition: with a proof ATTACH PARTITION reads no row.
//!
//! PostgreSQL's own prover (`predicate_implied_by`) knows more; what is not proven here is taken to be read.

use crate::catalog::Table;
use crate::statement::{Bound, ConstraintKind, Expression, ExpressionKind, Partitioning};

/// What one comparison says about the key.
#[derive(Debug, Clone, PartialEq)]
enum Fact {
    /// It is at least this.
    From(Value),
    /// It is less than this.
    Below(Value),
    /// It is one of these.
    In(Vec<Value>),
    /// It is none of these.
    NotIn(Vec<Value>),
    NotNull,
    /// Something else, or about something else.
    Other,
}

#[derive(Debug, Clone, PartialEq)]
enum Value {
    Number(f64),
    Text(String),
}

impl Value {
    fn read(expression: &Expression) -> Option<Value> {
        match &expression.kind {
            // `date '2026-01-31'` is a constant, too.
            ExpressionKind::Constant(text) => match text.split_once('\'') {
                Some((_, rest)) => rest.strip_suffix('\'').map(|inner| Value::Text(inner.to_owned())),
                None => text.parse().ok().map(Value::Number),
            },
            ExpressionKind::Cast(inner, _) => Value::read(inner),
            ExpressionKind::Operator { operator, operands } if operator == "-" && operands.len() == 1 => {
                match Value::read(operands.first()?)? {
                    Value::Number(number) => Some(Value::Number(-number)),
                    Value::Text(_) => None,
                }
            }
            _ => None,
        }
    }

    /// Whether it is known to be no larger. Texts compare as dates written alike do; others only with themselves.
    fn is_at_most(&self, other: &Value) -> bool {
        match (self, other) {
            (Value::Number(one), Value::Number(two)) => one <= two,
            (Value::Text(one), Value::Text(two)) => one == two || is_date(one) && is_date(two) && one <= two,
            _ => false,
        }
    }
}

/// `2026-01-31`, with nothing after it: what sorts as text as it does in time.
fn is_date(text: &str) -> bool {
    text.len() == 10
        && text.bytes().enumerate().all(|(at, byte)| match at {
            4 | 7 => byte == b'-',
            _ => byte.is_ascii_digit(),
        })
}

/// The one column of a key; of more than one nothing is proven.
fn column_of(key: &Partitioning) -> Option<&str> {
    let [only] = key.key.as_slice() else { return None };
    match &only.kind {
        ExpressionKind::Column(parts) => parts.last().map(String::as_str),
        _ => None,
    }
}

/// The CHECKs that every row is known to meet.
fn checks(table: &Table) -> impl Iterator<Item = &Expression> {
    table.constraints.iter().filter(|one| one.is_proven()).filter_map(|one| match &one.kind {
        ConstraintKind::Check(check) => Some(check),
        _ => None,
    })
}

/// Whether every row of the table is within the bound.
pub(super) fn implies(table: &Table, key: &Partitioning, bound: &Bound) -> bool {
    let Some(column) = column_of(key) else { return false };
    let not_null =
        table.column(column).is_some_and(|column| column.not_null) || table.proves_not_null(column);
    let facts: Vec<Fact> = checks(table).flat_map(|check| all_of(check, column, Side::Holds)).collect();
    match bound {
        Bound::Range { from, to } => {
            let (Some(from), Some(to)) = (limit(from), limit(to)) else { return false };
            let above = from.is_none_or(|from| facts.iter().any(|fact| is_from(fact, &from)));
            let below = to.is_none_or(|to| facts.iter().any(|fact| is_below(fact, &to)));
            not_null && above && below
        }
        Bound::List(values) => {
            let Some(values) = values.iter().map(Value::read).collect::<Option<Vec<_>>>() else {
                return false;
            };
            let within =
                |fact: &Fact| matches!(fact, Fact::In(found) if found.iter().all(|one| values.contains(one)));
            not_null && facts.iter().any(within)
        }
        Bound::Hash | Bound::Default => false,
    }
}

/// Whether no row of the table is within the bound.
pub(super) fn excludes(table: &Table, key: &Partitioning, bound: &Bound) -> bool {
    let Some(column) = column_of(key) else { return false };
    let outside = |facts: &[Fact]| match bound {
        Bound::Range { from, to } => match (limit(from), limit(to)) {
            (Some(from), Some(to)) => facts.iter().any(|fact| {
                from.as_ref().is_some_and(|from| is_below(fact, from))
                    || to.as_ref().is_some_and(|to| is_from(fact, to))
            }),
            _ => false,
        },
        Bound::List(values) => values.iter().map(Value::read).all(|value| {
            value.is_some_and(|value| {
                facts.iter().any(|fact| match fact {
                    Fact::NotIn(out) => out.contains(&value),
                    Fact::In(found) => !found.contains(&value),
                    _ => false,
                })
            })
        }),
        Bound::Hash | Bound::Default => false,
    };
    // One CHECK is enough when each of its alternatives is outside.
    let one = checks(table).any(|check| {
        let alternatives = any_of(check, column, Side::Holds);
        !alternatives.is_empty() && alternatives.iter().all(|facts| outside(facts))
    });
    let together: Vec<Fact> = checks(table).flat_map(|check| all_of(check, column, Side::Holds)).collect();
    one || outside(&together)
}

/// A bound of one column: none is MINVALUE or MAXVALUE.
fn limit(bound: &[Expression]) -> Option<Option<Value>> {
    let [only] = bound else { return None };
    if matches!(&only.kind, ExpressionKind::Column(_)) {
        return Some(None);
    }
    Value::read(only).map(Some)
}

fn is_from(fact: &Fact, from: &Value) -> bool {
    match fact {
        Fact::From(least) => from.is_at_most(least),
        Fact::In(values) => values.iter().all(|value| from.is_at_most(value)),
        _ => false,
    }
}

fn is_below(fact: &Fact, to: &Value) -> bool {
    match fact {
        Fact::Below(most) => most.is_at_most(to),
        Fact::In(values) => values.iter().all(|value| value != to && value.is_at_most(to)),
        _ => false,
    }
}

/// Whether an expression is true, or NOT of it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Holds,
    Fails,
}

/// What an expression says all at once.
fn all_of(check: &Expression, column: &str, side: Side) -> Vec<Fact> {
    match (&check.kind, side) {
        (ExpressionKind::And(parts), Side::Holds) | (ExpressionKind::Or(parts), Side::Fails) => {
            parts.iter().flat_map(|part| all_of(part, column, side)).collect()
        }
        (ExpressionKind::Not(inner), Side::Holds) => all_of(inner, column, Side::Fails),
        (ExpressionKind::Not(inner), Side::Fails) => all_of(inner, column, Side::Holds),
        _ => facts_of(check, column, side),
    }
}

/// What an expression says in alternatives, one of which holds.
fn any_of(check: &Expression, column: &str, side: Side) -> Vec<Vec<Fact>> {
    match (&check.kind, side) {
        (ExpressionKind::Or(parts), Side::Holds) | (ExpressionKind::And(parts), Side::Fails) => {
            parts.iter().flat_map(|part| any_of(part, column, side)).collect()
        }
        (ExpressionKind::Not(inner), Side::Holds) => any_of(inner, column, Side::Fails),
        (ExpressionKind::Not(inner), Side::Fails) => any_of(inner, column, Side::Holds),
        _ => vec![all_of(check, column, side)],
    }
}

fn facts_of(check: &Expression, column: &str, side: Side) -> Vec<Fact> {
    match (&check.kind, side) {
        (ExpressionKind::IsNotNull(inner), Side::Holds) | (ExpressionKind::IsNull(inner), Side::Fails)
            if inner.is_column(column) =>
        {
            vec![Fact::NotNull]
        }
        (ExpressionKind::Operator { operator, operands }, _) => compared(operator, operands, column, side),
        _ => vec![Fact::Other],
    }
}

fn compared(operator: &str, operands: &[Expression], column: &str, side: Side) -> Vec<Fact> {
    let values = || -> Option<Vec<Value>> {
        let list = operands.get(1)?;
        match &list.kind {
            ExpressionKind::Other(parts) => parts.iter().map(Value::read).collect(),
            _ => Value::read(list).map(|value| vec![value]),
        }
    };
    let on_left = operands.first().is_some_and(|left| left.is_column(column));
    if on_left && operator == "between" && side == Side::Holds {
        // Up to and with the end: not below it.
        return operands
            .get(1)
            .and_then(Value::read)
            .map_or(vec![Fact::Other], |from| vec![Fact::From(from)]);
    }
    if on_left && matches!(operator, "in" | "not in") {
        let Some(values) = values() else { return vec![Fact::Other] };
        let within = (operator == "in") == (side == Side::Holds);
        return vec![if within { Fact::In(values) } else { Fact::NotIn(values) }];
    }
    let [left, right] = operands else { return vec![Fact::Other] };
    let (operator, value) = match (left.is_column(column), right.is_column(column)) {
        (true, false) => (operator, Value::read(right)),
        (false, true) => (turned(operator), Value::read(left)),
        _ => return vec![Fact::Other],
    };
    let Some(value) = value else { return vec![Fact::Other] };
    let operator = if side == Side::Holds { operator } else { negated(operator) };
    vec![match operator {
        // More than this is at least this.
        ">=" | ">" => Fact::From(value),
        "<" => Fact::Below(value),
        "=" => Fact::In(vec![value]),
        "<>" | "!=" => Fact::NotIn(vec![value]),
        _ => Fact::Other,
    }]
}

/// The operator with its sides changed.
fn turned(operator: &str) -> &str {
    match operator {
        "<" => ">",
        ">" => "<",
        "<=" => ">=",
        ">=" => "<=",
        other => other,
    }
}

/// The operator that holds where this one does not.
fn negated(operator: &str) -> &str {
    match operator {
        "<" => ">=",
        ">=" => "<",
        ">" => "<=",
        "<=" => ">",
        "=" => "<>",
        "<>" | "!=" => "=",
        _ => "",
    }
}
