//! Which `;` ends a statement: neither one in parentheses nor one in a `BEGIN ATOMIC … END` body does.
//!
//! These are the rules of psql (`psqlscan.l`), a little stricter: `BEGIN` counts only before `ATOMIC`, and `END` or
//! `CASE` not where they are a name (`t.end`, `AS end`).

use super::lexer::{Token, TokenKind};

/// What is known of the statement that a token belongs to.
#[derive(Debug, Clone, Default)]
pub(super) struct Boundary {
    parentheses: usize,
    head: Head,
    body: Body,
    /// Whether a key word that comes next would be a name.
    next_word: NextWord,
}

/// What the first words of a statement make it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Head {
    #[default]
    Empty,
    Create,
    CreateOr,
    CreateOrReplace,
    /// CREATE FUNCTION or PROCEDURE.
    Routine,
    Copy,
    CopyFrom,
    CopyFromStdin,
    Other,
}

/// Where in the body of a routine.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Body {
    #[default]
    Outside,
    /// After `BEGIN`, which may be a name.
    Begin,
    /// In `BEGIN ATOMIC`, and in this many `CASE`.
    Atomic { cases: usize },
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum NextWord {
    #[default]
    KeyWord,
    Name,
}

/// What a token is to the statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// Part of it.
    Part,
    /// Its end.
    End,
    /// Its end, and data follows on the next line.
    EndBeforeData,
}

impl Boundary {
    /// Takes the statement's next token, which is no comment.
    pub(super) fn take(&mut self, token: &Token, text: &str) -> Role {
        match token.kind {
            TokenKind::Semicolon if self.parentheses == 0 && !matches!(self.body, Body::Atomic { .. }) => {
                let awaits_data = self.awaits_data();
                *self = Boundary::default();
                return if awaits_data { Role::EndBeforeData } else { Role::End };
            }
            TokenKind::Word if self.head != Head::Other => self.word(token.text(text)),
            _ if matches!(self.head, Head::Routine | Head::Copy | Head::CopyFromStdin) => {}
            _ => self.head = Head::Other,
        }
        if token.kind == TokenKind::Punctuation {
            match text.as_bytes().get(token.range.start) {
                Some(b'(') => self.parentheses += 1,
                Some(b')') => self.parentheses = self.parentheses.saturating_sub(1),
                _ => {}
            }
        }
        if self.head == Head::Routine {
            self.next_word = match token.text(text) {
                "." => NextWord::Name,
                word if word.eq_ignore_ascii_case("as") => NextWord::Name,
                _ => NextWord::KeyWord,
            };
        }
        Role::Part
    }

    /// Whether the statement, if it ended here, would be a COPY … FROM STDIN.
    pub(super) fn awaits_data(&self) -> bool {
        self.head == Head::CopyFromStdin
    }

    fn word(&mut self, word: &str) {
        let is = |key_word: &str| word.eq_ignore_ascii_case(key_word);
        self.head = match self.head {
            Head::Empty if is("create") => Head::Create,
            Head::Empty if is("copy") => Head::Copy,
            Head::Create if is("or") => Head::CreateOr,
            Head::CreateOr if is("replace") => Head::CreateOrReplace,
            Head::Create | Head::CreateOrReplace if is("function") || is("procedure") => Head::Routine,
            Head::Copy if self.parentheses == 0 && is("from") => Head::CopyFrom,
            // The grammar takes either word in either direction: COPY … FROM STDOUT reads as well.
            Head::CopyFrom if is("stdin") || is("stdout") => Head::CopyFromStdin,
            same @ (Head::Copy | Head::CopyFromStdin) => same,
            Head::Routine => {
                self.word_of_routine(word);
                Head::Routine
            }
            _ => Head::Other,
        };
    }

    fn word_of_routine(&mut self, word: &str) {
        if self.next_word == NextWord::Name {
            return;
        }
        let is = |key_word: &str| word.eq_ignore_ascii_case(key_word);
        self.body = match self.body {
            Body::Begin if is("atomic") => Body::Atomic { cases: 0 },
            Body::Outside | Body::Begin if self.parentheses == 0 && is("begin") => Body::Begin,
            Body::Outside | Body::Begin => Body::Outside,
            Body::Atomic { cases } if is("case") => Body::Atomic { cases: cases + 1 },
            Body::Atomic { cases: 0 } if is("end") => Body::Outside,
            Body::Atomic { cases } if is("end") => Body::Atomic { cases: cases - 1 },
            same => same,
        };
    }
}
