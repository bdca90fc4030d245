//! PostgreSQL's lexical rules, enough of them to cut a text into statements exactly.
//!
//! [`split`] follows the server's own lexer and psql: a `;` in a string, a quoted name, a dollar quote, a comment,
//! parentheses or a `BEGIN ATOMIC … END` body ends nothing. The text need not be valid SQL for that: what the server
//! would refuse is cut as well, and refused there. `standard_conforming_strings` is taken to be on, as it is unless
//! somebody turned it off.
//!
//! Everything here takes time in proportion to the text, whatever is in it.

mod boundary;
mod classify;
mod error;
mod head;
mod lexer;
mod literal;
mod meta_command;
mod name;
mod statement;
#[cfg(test)]
mod tests;
mod tokens;
mod transaction_block;

pub use error::SyntaxError;
pub use lexer::{Token, TokenKind};
pub use literal::literal;
pub use name::{QualifiedName, identifier};
pub use statement::{Statement, StatementKind, TransactionBlock, TransactionControl, WhenExisting};
pub use tokens::{Tokens, tokens};

use std::ops::Range;

use head::Head;

/// Cuts a text into its statements, in order.
///
/// What stands between them is white space, comments, `;`, and the data of a COPY with its line `\.`. Nothing between
/// two `;` is no statement. The data of a COPY begins on the line after its `;`; a text that ends there has none, any
/// other must say `\.`, even at its very end, where psql would not ask for it.
///
/// # Errors
/// A [`SyntaxError`] when a string, quoted name, dollar quote, comment or the data of a COPY is never closed, when
/// the text has a NUL byte, or a command of psql (`\i`, `\set`, …).
///
/// # Examples
/// ```
/// use upshift_files::sql::{StatementKind, split};
/// let text = "create table t (a text); insert into t values ('a;b'); -- done";
/// let statements = split(text)?;
/// assert_eq!(statements.len(), 2);
/// assert_eq!(statements[1].kind, StatementKind::Insert);
/// assert_eq!(statements[1].text(text), "insert into t values ('a;b')");
/// # Ok::<(), upshift_files::sql::SyntaxError>(())
/// ```
pub fn split(text: &str) -> Result<Vec<Statement>, SyntaxError> {
    let mut statements = Vec::new();
    let mut open: Option<Range<usize>> = None;
    let mut tokens = tokens(text);
    while let Some(token) = tokens.advance().map_err(|error| *error)? {
        match token.kind {
            TokenKind::LineComment | TokenKind::BlockComment => {}
            TokenKind::Semicolon => statements.extend(open.take().map(|range| statement(text, range))),
            TokenKind::CopyData => {
                statements.extend(open.take().map(|range| statement(text, range)));
                if let Some(copy) = statements.last_mut() {
                    copy.kind = StatementKind::CopyFromStdin { data: token.range };
                }
            }
            _ => open = Some(open.map_or(token.range.start, |range| range.start)..token.range.end),
        }
    }
    statements.extend(open.map(|range| statement(text, range)));
    Ok(statements)
}

fn statement(text: &str, range: Range<usize>) -> Statement {
    let mut head = Head::new(text.get(range.clone()).unwrap_or(""));
    let kind = classify::kind(&mut head);
    let transaction_block = transaction_block::of(&kind, &mut head);
    Statement { range, kind, transaction_block }
}
