//! `vars on`: `${name}`, `${name:ident}`, `${name:literal}`.

use std::ops::Range;

use super::{Binding, Vars, Wrong};
use crate::statements::{self, QuoteKind};
use crate::word;

/// What a value must be, and how it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// `${name}`: letters, digits and underscores alone, so that it can be one word or one number and nothing else.
    Word,
    /// `${name:ident}`: any name, quoted.
    Ident,
    /// `${name:literal}`: any text, quoted.
    Literal,
}

/// Where a variable stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Surroundings {
    Code,
    /// The code inside of a dollar quote: a function's body.
    Body,
}

/// A stretch of plain code.
struct Code {
    range: Range<usize>,
    surroundings: Surroundings,
}

pub(super) fn bind(text: &str, vars: &Vars) -> (Binding, Vec<Wrong>) {
    let mut binding = Binding::default();
    let mut wrong = Vec::new();
    let mut kept = 0;
    let code = match code(text, &mut wrong) {
        Ok(code) => code,
        Err(error) => return (binding, vec![error]),
    };
    for stretch in code {
        let mut from = stretch.range.start;
        while let Some(at) = text[from..stretch.range.end].find("${").map(|at| from + at) {
            let end = text[at..stretch.range.end].find('}').map(|length| at + length + 1);
            let Some(end) = end else {
                let message = "a variable that does not end";
                wrong.push(Wrong::new(
                    at..at + 2,
                    message,
                    "write `${name}`, `${name:ident}` or `${name:literal}`",
                ));
                break;
            };
            match value(&text[at + 2..end - 1], at..end, stretch.surroundings, vars) {
                Ok(value) => {
                    binding.keep(&text[kept..at], kept);
                    binding.put(&value, at);
                }
                Err(error) => wrong.push(error),
            }
            kept = end;
            from = end;
        }
    }
    binding.keep(&text[kept..], kept);
    (binding, wrong)
}

/// Each `${name}` in code, outside of function bodies, where it can be no valid SQL.
pub(super) fn in_code(text: &str) -> Vec<Range<usize>> {
    let code = if text.contains("${") { code(text, &mut Vec::new()).ok() } else { None };
    let plain = code.into_iter().flatten().filter(|stretch| stretch.surroundings == Surroundings::Code);
    let within = plain.flat_map(|stretch| {
        let begins =
            text[stretch.range.clone()].match_indices("${").map(move |(at, _)| stretch.range.start + at);
        begins.filter_map(move |at| Some(at..at + text[at..stretch.range.end].find('}')? + 1))
    });
    within.collect()
}

/// The stretches of plain code, those of dollar-quoted bodies included; variables inside of quotes are wrong.
fn code(text: &str, wrong: &mut Vec<Wrong>) -> Result<Vec<Code>, Wrong> {
    let mut found = Vec::new();
    collect(text, 0, Surroundings::Code, &mut found, wrong)?;
    Ok(found)
}

fn collect(
    text: &str,
    offset: usize,
    surroundings: Surroundings,
    found: &mut Vec<Code>,
    wrong: &mut Vec<Wrong>,
) -> Result<(), Wrong> {
    let quoted = statements::quoted(text).map_err(|error| {
        let range = offset + error.range.start..offset + error.range.end;
        Wrong::new(range, error.message, error.help.unwrap_or_default())
    })?;
    let mut from = 0;
    for quote in quoted {
        found.push(Code { range: offset + from..offset + quote.range.start, surroundings });
        from = quote.range.end;
        match quote.kind {
            QuoteKind::Inert => {}
            QuoteKind::Dollar { tag } => {
                let body = quote.range.start + tag..quote.range.end - tag;
                // A body that is not SQL (another language, a plain text) cannot be told apart into code and quotes.
                let inner = &text[body.clone()];
                if inner.contains("${") {
                    collect(inner, offset + body.start, Surroundings::Body, found, wrong)?;
                }
            }
            QuoteKind::String | QuoteKind::Name => {
                if let Some(range) = variable(&text[quote.range.clone()]) {
                    let start = offset + quote.range.start;
                    wrong.push(Wrong::new(
                        start + range.start..start + range.end,
                        "a variable inside of quotes",
                        "take it out: `'…' || ${name:literal}` for a text, `${name:ident}` for a name",
                    ));
                }
            }
        }
    }
    found.push(Code { range: offset + from..offset + text.len(), surroundings });
    Ok(())
}

/// The first thing in a text that reads as a variable.
fn variable(text: &str) -> Option<Range<usize>> {
    text.match_indices("${").find_map(|(at, _)| {
        let end = at + text[at..].find('}')?;
        let name = text[at + 2..end].split(':').next().unwrap_or("");
        is_name(name).then_some(at..end + 1)
    })
}

fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

fn value(said: &str, range: Range<usize>, surroundings: Surroundings, vars: &Vars) -> Result<String, Wrong> {
    const KINDS: [&str; 2] = ["ident", "literal"];
    let (name, kind) = match said.split_once(':') {
        None => (said, Kind::Word),
        Some((name, "ident")) => (name, Kind::Ident),
        Some((name, "literal")) => (name, Kind::Literal),
        Some((_, kind)) => {
            return Err(Wrong::new(
                range,
                format!("unknown kind `{kind}`"),
                word::did_you_mean(kind, &KINDS),
            ));
        }
    };
    if !is_name(name) {
        let message = format!("`{name}` is no name of a variable");
        return Err(Wrong::new(
            range,
            message,
            "a name is letters, digits and `_`, and begins with no digit",
        ));
    }
    let Some(value) = vars.get(name) else { return Err(Wrong::unknown(range, name, vars)) };
    if value.contains('\0') {
        return Err(Wrong::new(
            range,
            format!("the value of `{name}` holds a NUL byte"),
            "PostgreSQL knows no such text",
        ));
    }
    if surroundings == Surroundings::Body && value.contains('$') {
        let message =
            format!("the value of `{name}` holds a `$`, which could end the dollar quote around it");
        return Err(Wrong::new(
            range,
            message,
            "give it another value, or build the statement with `format()`",
        ));
    }
    match kind {
        Kind::Word if value.is_empty() || !value.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') => {
            let message = format!("the value of `{name}` is not one plain word");
            Err(Wrong::new(
                range,
                message,
                format!("say what it is: `${{{name}:ident}}` or `${{{name}:literal}}`"),
            ))
        }
        Kind::Word => Ok(value.to_owned()),
        Kind::Ident if value.is_empty() => Err(Wrong::new(
            range,
            format!("the value of `{name}` is empty, and a name is not"),
            "give it a value",
        )),
        Kind::Ident => Ok(format!("\"{}\"", value.replace('"', "\"\""))),
        // A backslash means nothing in a standard string; standard_conforming_strings is on wherever we run.
        Kind::Literal => Ok(format!("'{}'", value.replace('\'', "''"))),
    }
}
