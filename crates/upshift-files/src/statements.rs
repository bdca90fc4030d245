//! What the other modules ask the SQL lexer: where comments begin, and what is quoted.

use std::ops::Range;

use crate::sql::{SyntaxError, TokenKind, tokens};

/// A stretch of a text that is not plain code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Quoted {
    pub range: Range<usize>,
    pub kind: QuoteKind,
}

/// What sort of stretch it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum QuoteKind {
    /// A comment, or the data of a COPY: text the server does not run.
    Inert,
    String,
    Name,
    /// With the length of its tag, dollars included.
    Dollar {
        tag: usize,
    },
}

/// Everything in a text that is not plain code, in order.
pub(crate) fn quoted(text: &str) -> Result<Vec<Quoted>, SyntaxError> {
    let mut found = Vec::new();
    for token in tokens(text) {
        let token = token?;
        let kind = match token.kind {
            TokenKind::LineComment | TokenKind::BlockComment | TokenKind::CopyData => QuoteKind::Inert,
            TokenKind::String => QuoteKind::String,
            TokenKind::QuotedName => QuoteKind::Name,
            TokenKind::DollarString => {
                let tag =
                    token.text(text).bytes().skip(1).position(|byte| byte == b'$').map_or(2, |at| at + 2);
                QuoteKind::Dollar { tag }
            }
            _ => continue,
        };
        found.push(Quoted { range: token.range, kind });
    }
    Ok(found)
}

/// Where comments begin, in order, up to and with the one at `last`.
pub(crate) fn comments(text: &str, last: usize) -> Result<Vec<usize>, SyntaxError> {
    let mut found = Vec::new();
    for token in tokens(text) {
        let token = token?;
        if token.range.start > last {
            break;
        }
        if token.is_comment() {
            found.push(token.range.start);
        }
    }
    Ok(found)
}
