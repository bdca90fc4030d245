//! A place among the tokens of one statement. Copying it is how the reader looks ahead.

use std::ops::Range;

use upshift_files::sql::{Token, TokenKind, identifier};

use crate::statement::{Kind, Name, WORDS};
use crate::variable;

/// Reading ended here: the reader does not know what stands there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stop {
    /// In bytes of the section's text.
    pub at: usize,
}

pub(crate) type Reading<T> = Result<T, Stop>;

/// A place among tokens without comments, and where they end.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cursor<'t> {
    text: &'t str,
    tokens: &'t [Token],
    at: usize,
    /// How many brackets and recursions deep we are: garbage must not overflow the stack.
    depth: usize,
}

/// Deeper nesting is not read; PostgreSQL's own limit is its stack (`max_stack_depth`).
const DEEPEST: usize = 60;

impl<'t> Cursor<'t> {
    pub(crate) fn new(text: &'t str, tokens: &'t [Token]) -> Cursor<'t> {
        Cursor { text, tokens, at: 0, depth: 0 }
    }

    /// The beginning of the statement.
    pub(crate) fn at_start(&self) -> Cursor<'t> {
        Cursor { at: 0, ..*self }
    }

    /// The whole text the tokens are of.
    pub(crate) fn text(&self) -> &'t str {
        self.text
    }

    pub(crate) fn token(&self) -> Option<&'t Token> {
        self.tokens.get(self.at)
    }

    pub(crate) fn token_at(&self, ahead: usize) -> Option<&'t Token> {
        self.tokens.get(self.at + ahead)
    }

    pub(crate) fn kind(&self) -> Option<TokenKind> {
        self.token().map(|token| token.kind)
    }

    /// The text of the token `ahead` of the next one; empty at the end.
    pub(crate) fn peek(&self, ahead: usize) -> &'t str {
        self.token_at(ahead).map_or("", |token| token.text(self.text))
    }

    pub(crate) fn is_done(&self) -> bool {
        self.at >= self.tokens.len()
    }

    /// Where the next token begins, or where the last one ended.
    pub(crate) fn byte(&self) -> usize {
        match self.token() {
            Some(token) => token.range.start,
            None => self.tokens.last().map_or(0, |last| last.range.end),
        }
    }

    /// From `start` to the end of the last token read.
    pub(crate) fn since(&self, start: usize) -> Range<usize> {
        let end =
            self.at.checked_sub(1).and_then(|last| self.tokens.get(last)).map_or(start, |t| t.range.end);
        start..end.max(start)
    }

    pub(crate) fn stop<T>(&self) -> Reading<T> {
        Err(Stop { at: self.byte() })
    }

    pub(crate) fn advance(&mut self) -> Option<&'t Token> {
        let token = self.token()?;
        self.at += 1;
        Some(token)
    }

    /// One level deeper, or the end of reading.
    pub(crate) fn deeper(mut self) -> Reading<Cursor<'t>> {
        self.depth += 1;
        if self.depth > DEEPEST { self.stop() } else { Ok(self) }
    }

    /// Goes to where `other` is; the depth stays.
    pub(crate) fn catch_up(&mut self, other: &Cursor<'t>) {
        self.at = other.at;
    }

    /// Whether the next token is this unquoted word.
    pub(crate) fn is(&self, word: &str) -> bool {
        self.is_at(0, word)
    }

    pub(crate) fn is_at(&self, ahead: usize, word: &str) -> bool {
        self.token_at(ahead)
            .is_some_and(|t| t.kind == TokenKind::Word && t.text(self.text).eq_ignore_ascii_case(word))
    }

    pub(crate) fn is_one_of(&self, words: &[&str]) -> bool {
        words.iter().any(|word| self.is(word))
    }

    /// Whether these words come next.
    pub(crate) fn sees(&self, words: &str) -> bool {
        words.split(' ').enumerate().all(|(n, word)| self.is_at(n, word))
    }

    /// Reads these words if all of them come next.
    pub(crate) fn eat(&mut self, words: &str) -> bool {
        let there = self.sees(words);
        if there {
            self.at += words.split(' ').count();
        }
        there
    }

    /// The first of these that comes next, read.
    pub(crate) fn eat_one_of<'w>(&mut self, all: &[&'w str]) -> Option<&'w str> {
        all.iter().copied().find(|words| self.eat(words))
    }

    /// What kind of thing the words that come next are for, read; with the words.
    pub(crate) fn eat_kind(&mut self) -> Option<(&'static str, Kind)> {
        WORDS.iter().copied().find(|(words, _)| self.eat(words))
    }

    pub(crate) fn require(&mut self, words: &str) -> Reading<()> {
        if self.eat(words) { Ok(()) } else { self.stop() }
    }

    /// Whether the next token is this punctuation or operator.
    pub(crate) fn is_sign(&self, sign: &str) -> bool {
        self.is_sign_at(0, sign)
    }

    pub(crate) fn is_sign_at(&self, ahead: usize, sign: &str) -> bool {
        self.token_at(ahead).is_some_and(|t| {
            matches!(t.kind, TokenKind::Punctuation | TokenKind::Operator) && t.text(self.text) == sign
        })
    }

    pub(crate) fn eat_sign(&mut self, sign: &str) -> bool {
        let there = self.is_sign(sign);
        if there {
            self.at += 1;
        }
        there
    }

    pub(crate) fn require_sign(&mut self, sign: &str) -> Reading<()> {
        if self.eat_sign(sign) { Ok(()) } else { self.stop() }
    }

    /// The next word or quoted name, whatever it is.
    pub(crate) fn identifier(&mut self) -> Reading<String> {
        match self.token().and_then(|t| identifier(t.kind, t.text(self.text))) {
            Some(name) => {
                self.at += 1;
                Ok(variable::without_kind(name))
            }
            None => self.stop(),
        }
    }

    /// A name with as many parts as there are; of more than two the last two.
    pub(crate) fn name(&mut self) -> Reading<Name> {
        let mut name = self.identifier()?;
        let mut schema = None;
        while self.eat_sign(".") {
            schema = Some(std::mem::replace(&mut name, self.identifier()?));
        }
        Ok(Name { schema, name })
    }

    /// Names with commas between.
    pub(crate) fn names(&mut self) -> Reading<Vec<Name>> {
        self.list(Cursor::name)
    }

    /// What `read` reads, with commas between.
    pub(crate) fn list<T>(&mut self, mut read: impl FnMut(&mut Cursor<'t>) -> Reading<T>) -> Reading<Vec<T>> {
        let mut all = vec![read(self)?];
        while self.eat_sign(",") {
            all.push(read(self)?);
        }
        Ok(all)
    }

    /// What stands in the parentheses that come next, which are read.
    pub(crate) fn parentheses(&mut self) -> Reading<Cursor<'t>> {
        if !self.is_sign("(") {
            return self.stop();
        }
        let mut open = 0_usize;
        for (n, token) in self.tokens.iter().enumerate().skip(self.at) {
            if token.kind != TokenKind::Punctuation {
                continue;
            }
            match token.text(self.text) {
                "(" => open += 1,
                ")" => open -= 1,
                _ => {}
            }
            if open == 0 {
                let inside = Cursor { tokens: &self.tokens[..n], at: self.at + 1, ..*self };
                self.at = n + 1;
                return inside.deeper();
            }
        }
        self.stop()
    }

    /// Identifiers in parentheses.
    pub(crate) fn columns(&mut self) -> Reading<Vec<String>> {
        let mut inside = self.parentheses()?;
        let columns = inside.list(Cursor::identifier)?;
        inside.finish(columns)
    }

    /// The text of the next string, without quotes.
    pub(crate) fn string(&mut self) -> Reading<String> {
        let text = self.peek(0);
        match self.kind() {
            Some(TokenKind::String) => {
                self.at += 1;
                let from = text.find('\'').map_or(0, |at| at + 1);
                let inner = text.get(from..text.len().saturating_sub(1)).unwrap_or("");
                Ok(inner.replace("''", "'"))
            }
            Some(TokenKind::DollarString) => {
                self.at += 1;
                let tag = text.get(1..).and_then(|rest| rest.find('$')).map_or(0, |at| at + 2);
                Ok(text.get(tag..text.len() - tag).unwrap_or("").to_owned())
            }
            _ => self.stop(),
        }
    }

    /// Goes to the next comma outside brackets, or to the end.
    pub(crate) fn skip_to_comma(&mut self) {
        self.skip_while(|cursor| !cursor.is_sign(","));
    }

    /// Goes on while `belongs`, over brackets as a whole.
    pub(crate) fn skip_while(&mut self, belongs: impl Fn(&Cursor<'t>) -> bool) {
        while !self.is_done() && belongs(self) {
            if !self.is_sign("(") {
                self.at += 1;
            } else if self.parentheses().is_err() {
                // Not closed, or too deep: looking on from each that follows would take the square of the length.
                self.skip_rest();
            }
        }
    }

    /// Everything to the end.
    pub(crate) fn skip_rest(&mut self) {
        self.at = self.tokens.len();
    }

    /// `value`, if nothing is left to read.
    pub(crate) fn finish<T>(&self, value: T) -> Reading<T> {
        if self.is_done() { Ok(value) } else { self.stop() }
    }
}
