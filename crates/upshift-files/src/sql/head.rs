//! The first tokens of one statement, cut only as far as somebody asks, and short patterns over them.

use super::lexer::{Lexer, Token, TokenKind};
use super::name::QualifiedName;

/// The tokens of one statement without its comments. What cannot be cut is its end.
#[derive(Debug)]
pub(super) struct Head<'t> {
    pub(super) text: &'t str,
    tokens: Significant<'t>,
    seen: Vec<Token>,
}

impl<'t> Head<'t> {
    pub(super) fn new(text: &'t str) -> Head<'t> {
        Head { text, tokens: Significant::new(text), seen: Vec::with_capacity(8) }
    }

    pub(super) fn token(&mut self, at: usize) -> Option<&Token> {
        while self.seen.len() <= at {
            self.seen.push(self.tokens.next()?);
        }
        self.seen.get(at)
    }

    pub(super) fn text_of(&mut self, at: usize) -> Option<&'t str> {
        let text = self.text;
        self.token(at).map(|token| token.text(text))
    }

    pub(super) fn is_word(&mut self, at: usize, word: &str) -> bool {
        self.text_of(at).is_some_and(|text| text.eq_ignore_ascii_case(word))
    }

    /// The token after `pattern`, if the statement begins with it; patterns begin with a plain word in lower case.
    ///
    /// One look at the first letter spares nearly all the comparing: there are many patterns for each statement.
    pub(super) fn after_beginning(&mut self, pattern: &str) -> Option<usize> {
        let initial = |text: &str| text.bytes().next().map(|byte| byte.to_ascii_lowercase());
        if initial(self.text) == initial(pattern) { self.after(0, pattern) } else { None }
    }

    /// The token after `pattern`, if the statement has it from token `at` on.
    ///
    /// A pattern is words with spaces: `a|b` either, `[a|b]` either or none, `[a+b]` both or none, `NAME` a name with
    /// or without schema, `STRING` a string, `[()]` what stands in parentheses, if any, `END` the statement's end.
    pub(super) fn after(&mut self, at: usize, pattern: &str) -> Option<usize> {
        pattern.split_ascii_whitespace().try_fold(at, |at, item| match item {
            "NAME" => QualifiedName::after(self, at),
            "STRING" => self.token(at).is_some_and(|token| token.kind == TokenKind::String).then_some(at + 1),
            "[()]" => Some(self.after_parentheses(at)),
            "END" => self.token(at).is_none().then_some(at),
            _ => match item.strip_prefix('[').and_then(|item| item.strip_suffix(']')) {
                Some(optional) => Some(self.after_words(at, optional).unwrap_or(at)),
                None => self.after_words(at, item),
            },
        })
    }

    fn after_words(&mut self, at: usize, item: &str) -> Option<usize> {
        if item.contains('+') {
            return item.split('+').try_fold(at, |at, word| self.is_word(at, word).then_some(at + 1));
        }
        let text = self.text_of(at)?;
        item.split('|').any(|word| text.eq_ignore_ascii_case(word)).then_some(at + 1)
    }

    /// The token after `( … )`, which hold no others where this is asked for.
    fn after_parentheses(&mut self, at: usize) -> usize {
        if self.text_of(at) != Some("(") {
            return at;
        }
        let mut next = at + 1;
        while self.text_of(next).is_some_and(|text| text != ")") {
            next += 1;
        }
        next + 1
    }
}

/// All tokens of a statement but its comments, one after the other; an error is the end.
#[derive(Debug)]
pub(super) struct Significant<'t>(Lexer<'t>);

impl<'t> Significant<'t> {
    pub(super) fn new(text: &'t str) -> Significant<'t> {
        Significant(Lexer::new(text))
    }
}

impl Iterator for Significant<'_> {
    type Item = Token;

    fn next(&mut self) -> Option<Token> {
        loop {
            match self.0.next_token() {
                Ok(Some(token)) if token.is_comment() => {}
                Ok(token) => return token,
                Err(_) => return None,
            }
        }
    }
}
