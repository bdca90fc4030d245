//! One token after the other, by PostgreSQL's lexical rules (`src/backend/parser/scan.l`), without any context.
//!
//! Only what decides where a statement ends is exact: quotes, comments, names. Numbers and operators are cut as the
//! server cuts them, but not checked. `standard_conforming_strings` is taken to be on.

use std::ops::Range;

use super::SyntaxError;

/// A piece of SQL text.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Token {
    /// What it is.
    pub kind: TokenKind,
    /// Its bytes.
    pub range: Range<usize>,
}

/// What a piece of SQL text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum TokenKind {
    /// A name without quotes, or a key word: `select`, `été`, `a$b`.
    Word,
    /// A name in quotes: `"User"`, `U&"\0061"`.
    QuotedName,
    /// A string: `'it''s'`, `E'it\'s'`, `U&'\0061'`; the letter before `B''`, `X''` and `N''` is a word of its own.
    String,
    /// A string in dollar quotes: `$$it's$$`, `$tag$…$tag$`.
    DollarString,
    /// A number: `42`, `1e5`, `0x_ff`.
    Number,
    /// `$1`.
    Parameter,
    /// A run of operator characters: `+`, `->>`, `<=`.
    Operator,
    /// Any other character, alone: a bracket, a comma, or a `;` that does not end a statement.
    Punctuation,
    /// A `;` that ends a statement.
    Semicolon,
    /// `-- …`, without its line end.
    LineComment,
    /// `/* … */`, nested ones included.
    BlockComment,
    /// The lines after a COPY … FROM STDIN, without the line `\.` that ends them. Every such statement has one,
    /// empty at the end of the text when no data follows.
    CopyData,
}

impl Token {
    /// Its text, in the text it was cut from.
    pub fn text<'t>(&self, text: &'t str) -> &'t str {
        text.get(self.range.clone()).unwrap_or("")
    }

    /// Whether it is a comment, of either sort.
    pub fn is_comment(&self) -> bool {
        matches!(self.kind, TokenKind::LineComment | TokenKind::BlockComment)
    }
}

/// Cuts a text into tokens; calls every `;` a [`TokenKind::Semicolon`].
#[derive(Debug, Clone)]
pub(super) struct Lexer<'t> {
    text: &'t str,
    at: usize,
    /// Where an `E'…'` ended, as long as only white space and line comments followed: a string on the next line
    /// continues it, backslashes included.
    escapes_until: Option<usize>,
}

impl<'t> Lexer<'t> {
    pub(super) fn new(text: &'t str) -> Lexer<'t> {
        Lexer { text, at: 0, escapes_until: None }
    }

    /// Where the next token is looked for.
    pub(super) fn position(&self) -> usize {
        self.at
    }

    /// Goes on at `at`, a byte where a character begins.
    pub(super) fn skip_to(&mut self, at: usize) {
        self.at = at;
        self.escapes_until = None;
    }

    /// The next token; `None` at the end of the text.
    pub(super) fn next_token(&mut self) -> Result<Option<Token>, Box<SyntaxError>> {
        self.at = self.end_of(self.at, is_space);
        let start = self.at;
        let Some(first) = self.byte(start) else { return Ok(None) };
        let continues = first == b'\'' && self.continues_escapes(start);
        let (kind, end) = match (first, self.byte(start + 1)) {
            (b'-', Some(b'-')) => {
                (TokenKind::LineComment, self.end_of(start, |byte| !matches!(byte, b'\n' | b'\r')))
            }
            (b'/', Some(b'*')) => (TokenKind::BlockComment, self.end_of_block_comment(start)?),
            (b'\'', _) if continues => (TokenKind::String, self.end_of_escape_string(start, start + 1)?),
            (b'\'', _) => (TokenKind::String, self.end_of_quotes(start, start + 1)?),
            (b'"', _) => (TokenKind::QuotedName, self.end_of_quotes(start, start + 1)?),
            (b'e' | b'E', Some(b'\'')) => (TokenKind::String, self.end_of_escape_string(start, start + 2)?),
            (b'u' | b'U', Some(b'&')) => match self.byte(start + 2) {
                Some(b'\'') => (TokenKind::String, self.end_of_quotes(start, start + 3)?),
                Some(b'"') => (TokenKind::QuotedName, self.end_of_quotes(start, start + 3)?),
                _ => (TokenKind::Word, start + 1),
            },
            (b'$', Some(b'0'..=b'9')) => {
                (TokenKind::Parameter, self.end_of(start + 1, |b| b.is_ascii_digit()))
            }
            (b'$', _) => self.dollar(start)?,
            (b'0'..=b'9', _) => (TokenKind::Number, self.end_of_number(start)),
            (b';', _) => (TokenKind::Semicolon, start + 1),
            (b'\\', _) => return Err(SyntaxError::meta_command(self.text, start)),
            (byte, _) if begins_word(byte) => (TokenKind::Word, self.end_of(start, continues_word)),
            (byte, _) if is_operator(byte) => (TokenKind::Operator, self.end_of_operator(start)),
            _ => (TokenKind::Punctuation, start + 1),
        };
        self.at = end;
        self.escapes_until = match kind {
            TokenKind::String if continues || matches!(first, b'e' | b'E') => Some(end),
            TokenKind::LineComment => self.escapes_until,
            _ => None,
        };
        Ok(Some(Token { kind, range: start..end }))
    }

    fn byte(&self, at: usize) -> Option<u8> {
        self.text.as_bytes().get(at).copied()
    }

    /// Where the run of bytes that `belongs` begins at `from` ends.
    fn end_of(&self, from: usize, belongs: impl Fn(u8) -> bool) -> usize {
        let rest = self.text.as_bytes().get(from..).unwrap_or_default();
        rest.iter().position(|byte| !belongs(*byte)).map_or(self.text.len(), |length| from + length)
    }

    /// Where a comment that begins at `start` ends. Unlike in C, comments nest.
    fn end_of_block_comment(&self, start: usize) -> Result<usize, Box<SyntaxError>> {
        let mut depth = 1;
        let mut at = start + 2;
        while depth > 0 {
            at = self.end_of(at, |byte| !matches!(byte, b'*' | b'/'));
            match (self.byte(at), self.byte(at + 1)) {
                (None, _) => {
                    let help = "add `*/`: comments nest, each `/*` inside needs its own";
                    return Err(SyntaxError::never_closed(start..start + 2, "comment", help));
                }
                (Some(b'/'), Some(b'*')) => (depth, at) = (depth + 1, at + 2),
                (Some(b'*'), Some(b'/')) => (depth, at) = (depth - 1, at + 2),
                _ => at += 1,
            }
        }
        Ok(at)
    }

    /// Where a string or name ends whose first character after the quote is at `from`; a doubled quote is a quote.
    fn end_of_quotes(&self, start: usize, from: usize) -> Result<usize, Box<SyntaxError>> {
        let quote = self.text.as_bytes()[from - 1];
        let mut at = from;
        loop {
            at = self.end_of(at, |byte| byte != quote);
            match (self.byte(at), self.byte(at + 1)) {
                (None, _) => return Err(self.quotes_never_closed(start..from)),
                (_, Some(next)) if next == quote => at += 2,
                _ => return Ok(at + 1),
            }
        }
    }

    /// The same for `E'…'`, where a backslash makes the next character, even a quote, part of the string.
    fn end_of_escape_string(&self, start: usize, from: usize) -> Result<usize, Box<SyntaxError>> {
        let mut at = from;
        loop {
            at = self.end_of(at, |byte| !matches!(byte, b'\'' | b'\\'));
            match (self.byte(at), self.byte(at + 1)) {
                (None, _) | (Some(b'\\'), None) => return Err(self.quotes_never_closed(start..from)),
                (Some(b'\\'), _) | (_, Some(b'\'')) => at += 2,
                _ => return Ok(at + 1),
            }
        }
    }

    fn quotes_never_closed(&self, opening: Range<usize>) -> Box<SyntaxError> {
        let (what, help) = match self.text.as_bytes()[opening.clone()] {
            [.., b'"'] => ("name", "add the closing `\"`; a quote inside the name is written `\"\"`"),
            [b'e' | b'E', ..] => {
                ("string", "add the closing `'`; in E'…' a backslash before it makes it part of the string")
            }
            _ => ("string", "add the closing `'`; a quote inside the string is written `''`"),
        };
        SyntaxError::never_closed(opening, what, help)
    }

    /// `$tag$ … $tag$`, or a lone `$`.
    fn dollar(&self, start: usize) -> Result<(TokenKind, usize), Box<SyntaxError>> {
        let tag = match self.byte(start + 1) {
            Some(byte) if begins_word(byte) => self.end_of(start + 1, |b| continues_word(b) && b != b'$'),
            _ => start + 1,
        };
        if self.byte(tag) != Some(b'$') {
            return Ok((TokenKind::Punctuation, start + 1));
        }
        let delimiter = &self.text[start..=tag];
        match self.text[tag + 1..].find(delimiter) {
            Some(length) => Ok((TokenKind::DollarString, tag + 1 + length + delimiter.len())),
            None => {
                let help = format!("add the closing `{delimiter}`: the same letters in the same case");
                Err(SyntaxError::never_closed(start..tag + 1, "dollar-quoted string", help))
            }
        }
    }

    /// Where a number ends: `0x`, `0o` or `0b` and digits, or digits, fraction and exponent. Letters that follow are
    /// a word, as they were before PostgreSQL 15, which refuses them.
    fn end_of_number(&self, start: usize) -> usize {
        let digits = |byte: u8| byte.is_ascii_digit() || byte == b'_';
        let radix = self.byte(start + 1).is_some_and(|byte| matches!(byte | 0x20, b'x' | b'o' | b'b'));
        if self.byte(start) == Some(b'0') && radix {
            let end = self.end_of(start + 2, |byte| byte.is_ascii_hexdigit() || byte == b'_');
            return if end > start + 2 { end } else { start + 1 };
        }
        let mut end = self.end_of(start, digits);
        if self.byte(end) == Some(b'.') && self.byte(end + 1) != Some(b'.') {
            end = self.end_of(end + 1, digits);
        }
        if matches!(self.byte(end), Some(b'e' | b'E')) {
            let sign = usize::from(matches!(self.byte(end + 1), Some(b'+' | b'-')));
            let exponent = end + 1 + sign;
            if self.byte(exponent).is_some_and(|byte| byte.is_ascii_digit()) {
                end = self.end_of(exponent, digits);
            }
        }
        end
    }

    /// Where a run of operator characters ends: a comment ends it even in its middle.
    fn end_of_operator(&self, start: usize) -> usize {
        let mut at = start + 1;
        while self.byte(at).is_some_and(is_operator) {
            match (self.byte(at), self.byte(at + 1)) {
                (Some(b'-'), Some(b'-')) | (Some(b'/'), Some(b'*')) => break,
                _ => at += 1,
            }
        }
        at
    }

    /// Whether the string that begins at `start` continues an `E'…'`: only a line end makes one string of two.
    fn continues_escapes(&self, start: usize) -> bool {
        self.escapes_until.is_some_and(|end| self.text[end..start].contains(['\n', '\r']))
    }
}

/// What a byte may be, as bits: looked up for every byte of a text, so a table.
const SPACE: u8 = 1;
const WORD_BEGIN: u8 = 2;
const WORD: u8 = 4;
const OPERATOR: u8 = 8;

const CLASSES: [u8; 256] = {
    let mut classes = [0; 256];
    let mut byte = 0_u8;
    loop {
        classes[byte as usize] = match byte {
            // VT counts since PostgreSQL 16; before, it was an error.
            b' ' | b'\t' | b'\n' | b'\r' | 0x0b | 0x0c => SPACE,
            // All that is not ASCII is a letter, a no-break space included.
            b'a'..=b'z' | b'A'..=b'Z' | b'_' | 0x80.. => WORD_BEGIN | WORD,
            b'0'..=b'9' | b'$' => WORD,
            b'~' | b'!' | b'@' | b'#' | b'^' | b'&' | b'|' | b'`' | b'?' | b'+' | b'-' | b'*' | b'/'
            | b'%' => OPERATOR,
            b'<' | b'>' | b'=' => OPERATOR,
            _ => 0,
        };
        if byte == u8::MAX {
            break classes;
        }
        byte += 1;
    }
};

fn is_space(byte: u8) -> bool {
    CLASSES[usize::from(byte)] & SPACE != 0
}

fn begins_word(byte: u8) -> bool {
    CLASSES[usize::from(byte)] & WORD_BEGIN != 0
}

fn continues_word(byte: u8) -> bool {
    CLASSES[usize::from(byte)] & WORD != 0
}

fn is_operator(byte: u8) -> bool {
    CLASSES[usize::from(byte)] & OPERATOR != 0
}
