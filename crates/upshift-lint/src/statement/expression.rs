//! Expressions: as much of them as tells what a default costs, what a CHECK implies and which columns are read.

use std::ops::Range;

use super::name::Name;
use super::types::TypeName;

/// An expression and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expression {
    /// What it is.
    pub kind: ExpressionKind,
    /// Its bytes in the section's text.
    pub range: Range<usize>,
}

/// What an expression is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ExpressionKind {
    /// A column, perhaps with its table (and schema): `status`, `o.status`. `*` is a part, too.
    Column(Vec<String>),
    /// NULL.
    Null,
    /// A number, string, TRUE, FALSE, or `$1`, as written.
    Constant(String),
    /// A function call; `count(*)` has no arguments. CURRENT_TIMESTAMP and its like are calls of that name.
    Call {
        /// The function.
        function: Name,
        /// What it is given.
        arguments: Vec<Expression>,
    },
    /// NOT.
    Not(Box<Expression>),
    /// AND of two or more.
    And(Vec<Expression>),
    /// OR of two or more.
    Or(Vec<Expression>),
    /// IS NULL.
    IsNull(Box<Expression>),
    /// IS NOT NULL.
    IsNotNull(Box<Expression>),
    /// Any other operator, with one or two sides: `a + 1`, `a LIKE b` (`like`), `- a`, BETWEEN and IN as their parts.
    Operator {
        /// Lower case.
        operator: String,
        /// One or two; more for BETWEEN and IN.
        operands: Vec<Expression>,
    },
    /// A cast: `a::text`, `CAST(a AS text)`, `date '2026-01-01'`.
    Cast(Box<Expression>, TypeName),
    /// COLLATE.
    Collate(Box<Expression>, Name),
    /// CASE, ARRAY, ROW, subscripts …: something with parts.
    Other(Vec<Expression>),
    /// A query in parentheses, with EXISTS, IN, ANY or alone; what is read there is not looked at.
    Query,
}

impl Expression {
    /// The direct parts.
    pub fn parts(&self) -> &[Expression] {
        match &self.kind {
            ExpressionKind::Column(_)
            | ExpressionKind::Null
            | ExpressionKind::Constant(_)
            | ExpressionKind::Query => &[],
            ExpressionKind::Call { arguments: parts, .. }
            | ExpressionKind::And(parts)
            | ExpressionKind::Or(parts)
            | ExpressionKind::Operator { operands: parts, .. }
            | ExpressionKind::Other(parts) => parts,
            ExpressionKind::Not(part)
            | ExpressionKind::IsNull(part)
            | ExpressionKind::IsNotNull(part)
            | ExpressionKind::Cast(part, _)
            | ExpressionKind::Collate(part, _) => std::slice::from_ref(part),
        }
    }

    /// It and everything in it.
    pub fn walk(&self) -> Vec<&Expression> {
        let mut found = vec![self];
        let mut at = 0;
        while let Some(one) = found.get(at).copied() {
            found.extend(one.parts());
            at += 1;
        }
        found
    }

    /// The last part of every column named in it: `["status"]` for `o.status = 'x'`.
    pub fn columns(&self) -> impl Iterator<Item = &str> {
        self.walk().into_iter().filter_map(|one| match &one.kind {
            ExpressionKind::Column(parts) => parts.last().map(String::as_str),
            _ => None,
        })
    }

    /// Whether it is just this column.
    pub fn is_column(&self, name: &str) -> bool {
        matches!(&self.kind, ExpressionKind::Column(parts) if parts.last().is_some_and(|last| last == name))
    }

    /// Whether a CHECK of it proves to PostgreSQL that `column` has no NULL: `column IS NOT NULL`, alone or in an AND.
    ///
    /// `column > 0` does not: it lets NULL through (measured on 11 to 18).
    pub fn implies_not_null(&self, column: &str) -> bool {
        match &self.kind {
            ExpressionKind::IsNotNull(inner) => inner.is_column(column),
            ExpressionKind::And(parts) => parts.iter().any(|part| part.implies_not_null(column)),
            ExpressionKind::Not(inner) => {
                matches!(&inner.kind, ExpressionKind::IsNull(inner) if inner.is_column(column))
            }
            _ => false,
        }
    }

    /// Its text.
    pub fn text<'t>(&self, text: &'t str) -> &'t str {
        text.get(self.range.clone()).unwrap_or("")
    }
}

impl Expression {
    /// The same expression over a column that has a new name.
    pub(crate) fn rename_column(&mut self, from: &str, to: &str) {
        match &mut self.kind {
            ExpressionKind::Column(parts) => {
                if let Some(last) = parts.last_mut().filter(|last| *last == from) {
                    to.clone_into(last);
                }
            }
            ExpressionKind::Null | ExpressionKind::Constant(_) | ExpressionKind::Query => {}
            ExpressionKind::Call { arguments: parts, .. }
            | ExpressionKind::And(parts)
            | ExpressionKind::Or(parts)
            | ExpressionKind::Operator { operands: parts, .. }
            | ExpressionKind::Other(parts) => parts.iter_mut().for_each(|part| part.rename_column(from, to)),
            ExpressionKind::Not(part)
            | ExpressionKind::IsNull(part)
            | ExpressionKind::IsNotNull(part)
            | ExpressionKind::Cast(part, _)
            | ExpressionKind::Collate(part, _) => part.rename_column(from, to),
        }
    }
}
