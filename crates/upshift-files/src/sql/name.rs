//! Names of tables and indexes, as the server understands them.

use super::head::Head;
use super::lexer::TokenKind;

/// The name of a table or index, perhaps with its schema, as the server understands it.
///
/// Without quotes, letters are lower case; quoted, it is as written, with `""` for one quote and `U&"…"` decoded.
/// The server keeps 63 bytes of a name, so no more are here. A database before the schema is left out.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct QualifiedName {
    /// The schema, if it was written.
    pub schema: Option<String>,
    /// The name.
    pub name: String,
}

/// The server's `NAMEDATALEN`, less the byte that ends a C string.
const LONGEST: usize = 63;

impl QualifiedName {
    /// Reads the name that begins at token `at` of a statement; tells the token after it, too.
    pub(super) fn read(head: &mut Head<'_>, at: usize) -> Option<(QualifiedName, usize)> {
        let (mut name, mut next) = part(head, at)?;
        let mut schema = None;
        while head.text_of(next) == Some(".") {
            let (following, after) = part(head, next + 1)?;
            schema = Some(std::mem::replace(&mut name, following));
            next = after;
        }
        Some((QualifiedName { schema, name }, next))
    }

    /// The token after the name that begins at token `at`, without reading it.
    pub(super) fn after(head: &mut Head<'_>, at: usize) -> Option<usize> {
        let mut next = at;
        loop {
            if !matches!(head.token(next)?.kind, TokenKind::Word | TokenKind::QuotedName) {
                return None;
            }
            match head.text_of(next + 1) {
                Some(".") => next += 2,
                _ => return Some(next + 1),
            }
        }
    }
}

/// One part of a name, and the token after it.
fn part(head: &mut Head<'_>, at: usize) -> Option<(String, usize)> {
    let kind = head.token(at)?.kind;
    let text = head.text_of(at)?;
    let (escape, next) = match kind {
        TokenKind::QuotedName if text.starts_with(['u', 'U']) => unicode_escape(head, at + 1),
        _ => ('\\', at + 1),
    };
    Some((escaped_by(escape, kind, text)?, next))
}

/// The name that a word or quoted name is to the server; `None` for any other token.
///
/// Without quotes it is lower case; of more than 63 bytes the server keeps the first. `U&"…"` is decoded with its usual
/// escape, the backslash.
///
/// ```
/// use upshift_files::sql::{TokenKind, identifier};
/// assert_eq!(identifier(TokenKind::Word, "Orders").as_deref(), Some("orders"));
/// assert_eq!(identifier(TokenKind::QuotedName, "\"Order \"\"Items\"").as_deref(), Some("Order \"Items"));
/// ```
pub fn identifier(kind: TokenKind, text: &str) -> Option<String> {
    escaped_by('\\', kind, text)
}

fn escaped_by(escape: char, kind: TokenKind, text: &str) -> Option<String> {
    let name = match kind {
        TokenKind::Word => text.to_ascii_lowercase(),
        TokenKind::QuotedName => match text.strip_prefix(['u', 'U']) {
            None => unquoted(text),
            Some(quoted) => decoded(&unquoted(quoted.trim_start_matches('&')), escape),
        },
        _ => return None,
    };
    let end = (0..=name.len().min(LONGEST)).rev().find(|end| name.is_char_boundary(*end))?;
    Some(name[..end].to_owned())
}

fn unquoted(quoted: &str) -> String {
    let inner = quoted.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    inner.unwrap_or(quoted).replace("\"\"", "\"")
}

/// The character that escapes in a `U&"…"`: a backslash, unless `UESCAPE '!'` follows.
fn unicode_escape(head: &mut Head<'_>, at: usize) -> (char, usize) {
    if head.is_word(at, "uescape") {
        let mut inner = head.text_of(at + 1).unwrap_or("").chars();
        if let (Some('\''), Some(escape), Some('\'')) = (inner.next(), inner.next(), inner.next()) {
            return (escape, at + 2);
        }
    }
    ('\\', at)
}

/// Decodes `\0061` and `\+000061`; what the server would refuse stays as it is, for the server to refuse.
fn decoded(name: &str, escape: char) -> String {
    // UTF-16, because two escapes may be the two halves of one character.
    let mut units = Vec::with_capacity(name.len());
    let mut rest = name;
    while let Some(first) = rest.chars().next() {
        let after = &rest[first.len_utf8()..];
        let escaped = if first == escape { escaped_code(after, escape) } else { None };
        let (code, following) = escaped.unwrap_or((u32::from(first), after));
        match u16::try_from(code) {
            Ok(unit) => units.push(unit),
            Err(_) => {
                char::from_u32(code).iter().for_each(|c| units.extend_from_slice(c.encode_utf16(&mut [0; 2])))
            }
        }
        rest = following;
    }
    String::from_utf16_lossy(&units)
}

/// The code after an escape character, and the text after the code.
fn escaped_code(after: &str, escape: char) -> Option<(u32, &str)> {
    if let Some(rest) = after.strip_prefix(escape) {
        return Some((u32::from(escape), rest));
    }
    let (digits, count) = match after.strip_prefix('+') {
        Some(long) => (long, 6),
        None => (after, 4),
    };
    let code = digits.get(..count).filter(|code| code.bytes().all(|digit| digit.is_ascii_hexdigit()))?;
    let code = u32::from_str_radix(code, 16).ok().filter(|code| *code <= u32::from(char::MAX))?;
    Some((code, &digits[count..]))
}
