//! The one door to the SQL lexer: statements, comments, quotes. STUB until `sql` lands.

use std::ops::Range;

/// stub
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// stub
    pub range: Range<usize>,
}

/// stub
#[derive(Debug, Clone)]
pub(crate) struct SyntaxError {
    /// stub
    pub range: Range<usize>,
    /// stub
    pub message: String,
    /// stub
    pub help: Option<String>,
}

/// A stretch of a text that is not plain SQL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Quoted {
    pub range: Range<usize>,
    pub kind: QuoteKind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum QuoteKind {
    Comment,
    String,
    Identifier,
    /// With the length of its tag, dollars included.
    Dollar {
        tag: usize,
    },
}

pub(crate) fn quoted(text: &str) -> Result<Vec<Quoted>, SyntaxError> {
    let b = text.as_bytes();
    let mut out = Vec::new();
    let mut i = 0;
    let err = |range: Range<usize>, what: &str| SyntaxError {
        range,
        message: format!("unterminated {what}"),
        help: Some("stub".into()),
    };
    while i < b.len() {
        let start = i;
        let kind = match b[i] {
            b'-' if b.get(i + 1) == Some(&b'-') => {
                i = text[i..].find('\n').map_or(b.len(), |n| i + n);
                QuoteKind::Comment
            }
            b'/' if b.get(i + 1) == Some(&b'*') => {
                i = text[i + 2..]
                    .find("*/")
                    .map(|n| i + n + 4)
                    .ok_or_else(|| err(start..start + 2, "comment"))?;
                QuoteKind::Comment
            }
            b'\'' => {
                i = text[i + 1..]
                    .find('\'')
                    .map(|n| i + n + 2)
                    .ok_or_else(|| err(start..start + 1, "string"))?;
                QuoteKind::String
            }
            b'"' => {
                i = text[i + 1..]
                    .find('"')
                    .map(|n| i + n + 2)
                    .ok_or_else(|| err(start..start + 1, "identifier"))?;
                QuoteKind::Identifier
            }
            b'$' => {
                let end = text[i + 1..].find(|c: char| !(c.is_alphanumeric() || c == '_')).map(|n| i + 1 + n);
                match end.filter(|e| b[*e] == b'$') {
                    Some(e) => {
                        let tag = &text[i..=e];
                        i = text[e + 1..]
                            .find(tag)
                            .map(|n| e + 1 + n + tag.len())
                            .ok_or_else(|| err(start..e + 1, "dollar quote"))?;
                        QuoteKind::Dollar { tag: tag.len() }
                    }
                    None => {
                        i += 1;
                        continue;
                    }
                }
            }
            _ => {
                i += 1;
                continue;
            }
        };
        out.push(Quoted { range: start..i, kind });
    }
    Ok(out)
}

pub(crate) fn comments(text: &str) -> Result<Vec<usize>, SyntaxError> {
    Ok(quoted(text)?.into_iter().filter(|q| q.kind == QuoteKind::Comment).map(|q| q.range.start).collect())
}

pub(crate) fn split(text: &str) -> Result<Vec<Statement>, SyntaxError> {
    let quoted = quoted(text)?;
    let mut out = Vec::new();
    let mut start = None;
    let mut q = quoted.iter().peekable();
    let mut i = 0;
    while i < text.len() {
        if let Some(x) = q.next_if(|x| x.range.start == i) {
            if x.kind != QuoteKind::Comment {
                start.get_or_insert(i);
            }
            i = x.range.end;
            continue;
        }
        let c = text[i..].chars().next().unwrap_or(' ');
        if c == ';' {
            if let Some(s) = start.take() {
                out.push(Statement { range: s..i });
            }
        } else if !c.is_whitespace() {
            start.get_or_insert(i);
        }
        i += c.len_utf8();
    }
    if let Some(s) = start {
        out.push(Statement { range: s..text.trim_end().len() });
    }
    Ok(out)
}
