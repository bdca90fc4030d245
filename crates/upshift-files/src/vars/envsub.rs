//! goose's ENVSUB: `$NAME`, `${NAME}`, `${NAME:-default}`, `${NAME-default}`, `${NAME:offset:length}`, `${NAME?message}`,
//! line by line between `ENVSUB ON` and `ENVSUB OFF`.

use super::{Binding, Vars, Wrong};
use crate::section::Envsub;

pub(super) fn bind(text: &str, mut state: Envsub, vars: &Vars) -> (Binding, Vec<Wrong>) {
    let mut binding = Binding::default();
    let mut wrong = Vec::new();
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        match annotation(line) {
            Some(next) => {
                state = next;
                binding.keep(line, at);
            }
            None if state == Envsub::On => one_line(line, at, vars, &mut binding, &mut wrong),
            None => binding.keep(line, at),
        }
        at += line.len();
    }
    (binding, wrong)
}

fn annotation(line: &str) -> Option<Envsub> {
    let said = line.starts_with("--").then(|| line.split_once("+goose"))??.1.trim();
    match said {
        _ if said.eq_ignore_ascii_case("ENVSUB ON") => Some(Envsub::On),
        _ if said.eq_ignore_ascii_case("ENVSUB OFF") => Some(Envsub::Off),
        _ => None,
    }
}

fn one_line(line: &str, start: usize, vars: &Vars, binding: &mut Binding, wrong: &mut Vec<Wrong>) {
    let mut kept = 0;
    while let Some(at) = line[kept..].find(['$', '\\']).map(|at| kept + at) {
        binding.keep(&line[kept..at], start + kept);
        let rest = &line[at..];
        let (value, length) = match expansion(rest, vars) {
            Ok(found) => found,
            Err((message, length)) => {
                let help =
                    "this is goose's ENVSUB: see its rules, or end it above with `-- +goose ENVSUB OFF`";
                wrong.push(Wrong::new(start + at..start + at + length, message, help));
                (String::new(), length)
            }
        };
        binding.put(&value, start + at);
        kept = at + length;
    }
    binding.keep(&line[kept..], start + kept);
}

/// What the text begins with is replaced by, and how long that is; or why it cannot be.
fn expansion(rest: &str, vars: &Vars) -> Result<(String, usize), (String, usize)> {
    if rest.starts_with("\\$") || rest.starts_with("$$") {
        return Ok(("$".to_owned(), 2));
    }
    if let Some(escaped) = rest.strip_prefix('\\') {
        let length = 1 + escaped.chars().next().map_or(0, char::len_utf8);
        return Ok((rest[..length].to_owned(), length));
    }
    if rest.starts_with("$(") {
        return Ok(("$(".to_owned(), 2));
    }
    if let Some(inner) = rest.strip_prefix("${") {
        let Some(end) = inner.find('}') else { return Err(("`${` without `}`".to_owned(), 2)) };
        let length = end + 3;
        return braces(&inner[..end], vars).map(|value| (value, length)).map_err(|message| (message, length));
    }
    let name = name(&rest[1..]);
    match name {
        "" => Err(("`$` before what is no variable".to_owned(), 1)),
        name => Ok((vars.get(name).unwrap_or("").to_owned(), 1 + name.len())),
    }
}

fn name(text: &str) -> &str {
    if text.starts_with(|c: char| c.is_ascii_digit()) {
        return "";
    }
    let end = text.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(text.len());
    &text[..end]
}

/// What stands between the braces.
fn braces(inner: &str, vars: &Vars) -> Result<String, String> {
    let name = name(inner);
    if name.is_empty() {
        return Err(format!("`{inner}` is no variable"));
    }
    let value = vars.get(name);
    let operator = &inner[name.len()..];
    if operator.is_empty() {
        return Ok(value.unwrap_or("").to_owned());
    }
    if let Some(default) = operator.strip_prefix(":-") {
        return Ok(value.filter(|value| !value.is_empty()).unwrap_or(default).to_owned());
    }
    if let Some(default) = operator.strip_prefix('-') {
        return Ok(value.unwrap_or(default).to_owned());
    }
    if let Some(message) = operator.strip_prefix('?') {
        return value.map(str::to_owned).ok_or_else(|| match message {
            "" => format!("`{name}` is not set"),
            message => format!("`{name}` is not set: {message}"),
        });
    }
    match operator.strip_prefix(':') {
        Some(slice) => substring(value.unwrap_or(""), slice),
        None => Err(format!("`{operator}` is no operation of ENVSUB")),
    }
}

/// `offset` or `offset:length`, in bytes; a negative offset counts from the end.
fn substring(value: &str, slice: &str) -> Result<String, String> {
    let wrong = || format!("`{slice}` is no offset and length");
    let (offset, length) = match slice.split_once(':') {
        Some((offset, length)) => (offset, Some(length.trim().parse::<usize>().map_err(|_| wrong())?)),
        None => (slice, None),
    };
    let offset: i64 = offset.trim().parse().map_err(|_| wrong())?;
    let all = i64::try_from(value.len()).unwrap_or(i64::MAX);
    let from = if offset < 0 { all + offset } else { offset }.clamp(0, all);
    let from = usize::try_from(from).unwrap_or(0);
    let to = length.map_or(value.len(), |length| from.saturating_add(length).min(value.len()));
    value.get(from..to).map(str::to_owned).ok_or_else(wrong)
}
