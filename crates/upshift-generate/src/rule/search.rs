//! Text search.

use upshift_schema::{Fact, Kind};

use super::{Answer, Draft, word};
use crate::text::cut;

const PARSER: &[&str] = &["GETTOKEN", "END", "LEXTYPES", "HEADLINE", "LEXIZE"];

pub(crate) fn create(fact: &Fact) -> Vec<Draft> {
    let (id, definition) = (&fact.id, fact.definition.as_str());
    let get = |name: &str, key: &str| Some(format!("{key} = {}", word(definition, name, PARSER)?));
    let list = |names: &[(&str, &str)]| -> String {
        names.iter().filter_map(|(name, key)| get(name, key)).collect::<Vec<_>>().join(", ")
    };
    let sql = match fact.kind {
        Kind::TextSearchParser => {
            let names = [
                ("START", "START"),
                ("GETTOKEN", "GETTOKEN"),
                ("END", "END"),
                ("LEXTYPES", "LEXTYPES"),
                ("HEADLINE", "HEADLINE"),
            ];
            format!("CREATE TEXT SEARCH PARSER {id} ({})", list(&names))
        }
        Kind::TextSearchTemplate => {
            format!("CREATE TEXT SEARCH TEMPLATE {id} ({})", list(&[("INIT", "INIT"), ("LEXIZE", "LEXIZE")]))
        }
        Kind::TextSearchDictionary => {
            let (template, options) = dictionary(definition);
            let options = options.map(|it| format!(", {it}")).unwrap_or_default();
            format!("CREATE TEXT SEARCH DICTIONARY {id} (TEMPLATE = {template}{options})")
        }
        _ => return configuration(id, definition),
    };
    vec![Draft::expand(sql)]
}

fn dictionary(definition: &str) -> (&str, Option<&str>) {
    let rest = definition.trim_start_matches("TEMPLATE ");
    match cut(rest, " OPTIONS (") {
        Some((template, options)) => (template, options.strip_suffix(')')),
        None => (rest, None),
    }
}

fn mappings(definition: &str) -> Vec<(&str, &str)> {
    definition.lines().skip(1).filter_map(|line| line.split_once(": ")).collect()
}

fn configuration(id: &str, definition: &str) -> Vec<Draft> {
    let parser = definition.lines().next().unwrap_or_default().trim_start_matches("PARSER ");
    let mut drafts =
        vec![Draft::expand(format!("CREATE TEXT SEARCH CONFIGURATION {id} (PARSER = {parser})"))];
    drafts.extend(map(id, "ADD", &mappings(definition)));
    drafts
}

/// One statement for all tokens that go to the same dictionaries.
fn map(id: &str, word: &str, mappings: &[(&str, &str)]) -> Vec<Draft> {
    let mut dictionaries: Vec<&str> = mappings.iter().map(|it| it.1).collect();
    dictionaries.sort_unstable();
    dictionaries.dedup();
    let one = |list: &&str| {
        let tokens: Vec<&str> = mappings.iter().filter(|it| it.1 == *list).map(|it| it.0).collect();
        let tokens = tokens.join(", ");
        Draft::expand(format!("ALTER TEXT SEARCH CONFIGURATION {id} {word} MAPPING FOR {tokens} WITH {list}"))
    };
    dictionaries.iter().map(one).collect()
}

pub(crate) fn change(key: (Kind, &str), before: &str, after: &str) -> Answer {
    let (kind, id) = key;
    if kind == Kind::TextSearchDictionary {
        let ((old, _), (new, options)) = (dictionary(before), dictionary(after));
        let Some(options) = options.filter(|_| old == new) else { return Answer::Replace };
        return Answer::Steps(vec![Draft::expand(format!("ALTER TEXT SEARCH DICTIONARY {id} ({options})"))]);
    }
    if before.lines().next() != after.lines().next() {
        return Answer::Replace;
    }
    let (old, new) = (mappings(before), mappings(after));
    let gone: Vec<&str> =
        old.iter().filter(|it| !new.iter().any(|other| other.0 == it.0)).map(|it| it.0).collect();
    let (changed, added): (Vec<_>, Vec<_>) = new
        .iter()
        .filter(|it| !old.contains(it))
        .copied()
        .partition(|it| old.iter().any(|other| other.0 == it.0));
    let mut drafts = Vec::new();
    if !gone.is_empty() {
        let tokens = gone.join(", ");
        drafts.push(Draft::expand(format!("ALTER TEXT SEARCH CONFIGURATION {id} DROP MAPPING FOR {tokens}")));
    }
    drafts.extend(map(id, "ALTER", &changed));
    drafts.extend(map(id, "ADD", &added));
    Answer::Steps(drafts)
}
