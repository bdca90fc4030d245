//! Sequences. Which column owns one is a step of its own.

use upshift_schema::Fact;

use super::{Answer, Draft};
use crate::text::{cut, take};

/// What CREATE SEQUENCE says without a word for it, by the direction and the type.
fn default(part: &str, options: &str, kind: &str) -> String {
    let down = options.contains("INCREMENT -");
    let (lowest, highest) = match kind {
        "smallint" => ("-32768", "32767"),
        "integer" => ("-2147483648", "2147483647"),
        _ => ("-9223372036854775808", "9223372036854775807"),
    };
    let value = |name: &str| {
        let behind = options.split_once(name)?.1;
        behind.split(' ').next().map(ToOwned::to_owned)
    };
    match part {
        "INCREMENT" => "INCREMENT 1".to_owned(),
        "MINVALUE" => format!("MINVALUE {}", if down { lowest } else { "1" }),
        "MAXVALUE" => format!("MAXVALUE {}", if down { "-1" } else { highest }),
        "CACHE" => "CACHE 1".to_owned(),
        "CYCLE" => "NO CYCLE".to_owned(),
        _ => {
            let first = if down {
                value("MAXVALUE ").unwrap_or_else(|| "-1".to_owned())
            } else {
                value("MINVALUE ").unwrap_or_else(|| "1".to_owned())
            };
            format!("START {first}")
        }
    }
}

/// The options in parts: `START 10`, `CYCLE`.
fn parts(options: &str) -> Vec<String> {
    let mut parts: Vec<String> = Vec::new();
    for word in options.split(' ').filter(|it| !it.is_empty()) {
        match parts.last_mut() {
            Some(last) if !word.starts_with(|c: char| c.is_ascii_uppercase()) => {
                last.push(' ');
                last.push_str(word);
            }
            _ => parts.push(word.to_owned()),
        }
    }
    parts
}

/// What ALTER has to say from some options to others.
pub(crate) fn differences(old: &str, new: &str, kind: &str) -> Vec<String> {
    let (old_parts, new_parts) = (parts(old), parts(new));
    let name = |part: &String| part.split(' ').next().unwrap_or_default().to_owned();
    let gone = old_parts.iter().filter(|it| !new_parts.iter().any(|other| name(other) == name(it)));
    let mut words: Vec<String> = gone.map(|it| default(&name(it), new, kind)).collect();
    words.extend(new_parts.iter().filter(|it| !old_parts.contains(it)).cloned());
    words
}

/// Type, options, owner.
fn read(definition: &str) -> (&str, &str, Option<&str>, &str) {
    let mut rest = definition;
    let owner = take(&mut rest, " OWNED BY ");
    let persistence = if take(&mut rest, " UNLOGGED").is_some() { "UNLOGGED " } else { "" };
    let (kind, options) = cut(rest, " ").unwrap_or((rest, ""));
    (kind, options, owner, persistence)
}

pub(crate) fn create(fact: &Fact) -> Vec<Draft> {
    let (kind, options, _, persistence) = read(&fact.definition);
    let kind = if kind == "bigint" { String::new() } else { format!(" AS {kind}") };
    let options = if options.is_empty() { String::new() } else { format!(" {options}") };
    vec![Draft::expand(format!("CREATE {persistence}SEQUENCE {}{kind}{options}", fact.id))]
}

/// The column that owns it.
pub(crate) fn owner(definition: &str) -> Option<&str> {
    read(definition).2
}

/// Says which column owns it.
pub(crate) fn own(id: &str, owner: Option<&str>) -> Draft {
    Draft::expand(format!("ALTER SEQUENCE {id} OWNED BY {}", owner.unwrap_or("NONE")))
}

pub(crate) fn change(id: &str, before: &str, after: &str) -> Answer {
    let ((old_kind, old, _, old_logged), (kind, new, _, logged)) = (read(before), read(after));
    let mut words = Vec::new();
    if old_kind != kind {
        words.push(format!("AS {kind}"));
    }
    words.extend(differences(old, new, kind));
    let mut drafts = Vec::new();
    if !words.is_empty() {
        drafts.push(Draft::expand(format!("ALTER SEQUENCE {id} {}", words.join(" "))));
    }
    if old_logged != logged {
        let word = if logged.is_empty() { "LOGGED" } else { "UNLOGGED" };
        drafts.push(Draft::expand(format!("ALTER SEQUENCE {id} SET {word}")));
    }
    Answer::Steps(drafts)
}

#[cfg(test)]
mod tests {
    use super::{differences, read};

    #[test]
    fn what_is_said_no_more_goes_back_to_what_it_is_without_a_word() {
        assert_eq!(
            differences("START 10 CACHE 5", "INCREMENT -1", "integer"),
            ["START -1", "CACHE 1", "INCREMENT -1"]
        );
        assert_eq!(
            read("integer START 10 CYCLE OWNED BY a.t.id"),
            ("integer", "START 10 CYCLE", Some("a.t.id"), "")
        );
    }
}
