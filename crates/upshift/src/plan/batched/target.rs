//! The table that an UPDATE or DELETE changes, and where a condition can be added to it.

use std::ops::Range;

use upshift_files::sql::{Token, TokenKind};

/// The table that a statement changes, by where it stands in the text; and where its WHERE is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Target {
    /// The table's name, as written.
    pub(crate) name: Range<usize>,
    /// What the statement calls it instead.
    pub(crate) alias: Option<Range<usize>>,
    pub(crate) condition: Place,
}

/// Where a condition goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    /// In front of the one there is.
    Before(Range<usize>),
    /// Here, with a WHERE of its own.
    At(usize),
}

impl Target {
    /// Reads an UPDATE or DELETE; `None` for one that has no such place.
    pub(super) fn read(text: &str, words: &[Token]) -> Option<Target> {
        let outer = outer(text, words);
        let is =
            |at: usize, word: &str| outer.get(at).is_some_and(|it| it.text(text).eq_ignore_ascii_case(word));
        let verb = (0..outer.len()).find(|at| is(*at, "update") || is(*at, "delete"))?;
        let mut at = verb + 1;
        if is(verb, "delete") {
            at = is(at, "from").then_some(at + 1)?;
        }
        if is(at, "only") {
            at += 1;
        }
        let start = name_part(&outer, at)?.range.start;
        let mut end = name_part(&outer, at)?.range.end;
        while outer.get(at + 1).is_some_and(|dot| dot.text(text) == ".") {
            at += 2;
            end = name_part(&outer, at)?.range.end;
        }
        at += 1;
        if is(at, "*") {
            at += 1;
        }
        let alias = alias(text, &outer, at)?;
        let first = |words: &[&str]| (at..outer.len()).find(|at| words.iter().any(|word| is(*at, word)));
        let behind =
            first(&["returning"]).and_then(|at| outer.get(at)).map_or(text.len(), |it| it.range.start);
        let condition = match first(&["where"]) {
            Some(at) if is(at + 1, "current") && is(at + 2, "of") => return None,
            Some(at) => Place::Before(outer.get(at)?.range.end..behind),
            None => Place::At(behind),
        };
        Some(Target { name: start..end, alias, condition })
    }

    /// What columns of the table are qualified with.
    pub(crate) fn row<'t>(&self, text: &'t str) -> &'t str {
        text.get(self.alias.clone().unwrap_or_else(|| self.name.clone())).unwrap_or("")
    }

    /// Whether this is the table with this name, as far as names tell.
    pub(super) fn is_of(&self, text: &str, table: &str) -> bool {
        let (ours, theirs) = (parts(text.get(self.name.clone()).unwrap_or("")), parts(table));
        ours.iter().rev().zip(theirs.iter().rev()).all(|(one, other)| one == other)
    }

    /// The last part of the table's name, as written.
    pub(crate) fn last_part<'t>(&self, text: &'t str) -> &'t str {
        let name = text.get(self.name.clone()).unwrap_or("");
        let mut inside = false;
        let dot = name.char_indices().filter(|(_, c)| {
            inside ^= *c == '"';
            *c == '.' && !inside
        });
        dot.last().map_or(name, |(at, _)| name[at + 1..].trim_start())
    }
}

/// The tokens that stand in no parentheses.
fn outer<'w>(text: &str, words: &'w [Token]) -> Vec<&'w Token> {
    let mut depth = 0_usize;
    let mut outer = Vec::new();
    for token in words {
        match token.text(text) {
            "(" => depth += 1,
            ")" => depth = depth.saturating_sub(1),
            _ if depth == 0 => outer.push(token),
            _ => {}
        }
    }
    outer
}

fn name_part<'w>(outer: &[&'w Token], at: usize) -> Option<&'w Token> {
    let token = outer.get(at)?;
    matches!(token.kind, TokenKind::Word | TokenKind::QuotedName).then_some(*token)
}

/// The alias that may stand at token `at`; `None` where something else stands that no such statement has there.
fn alias(text: &str, outer: &[&Token], at: usize) -> Option<Option<Range<usize>>> {
    let word = |at: usize| outer.get(at).map(|it| it.text(text).to_ascii_lowercase());
    match word(at).as_deref() {
        None | Some("set" | "using" | "where" | "returning") => Some(None),
        Some("as") => Some(Some(name_part(outer, at + 1)?.range.clone())),
        Some(_) => Some(Some(name_part(outer, at)?.range.clone())),
    }
}

/// The parts of a name, as the server understands them.
pub(crate) fn parts(name: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut quoted = false;
    let mut chars = name.chars().peekable();
    while let Some(c) = chars.next() {
        let Some(part) = parts.last_mut() else { break };
        match c {
            '"' if quoted && chars.peek() == Some(&'"') => {
                part.push('"');
                chars.next();
            }
            '"' => quoted = !quoted,
            '.' if !quoted => parts.push(String::new()),
            c if quoted => part.push(c),
            c if c.is_whitespace() => {}
            c => part.push(c.to_ascii_lowercase()),
        }
    }
    parts
}
