//! Schemas, extensions, languages, and what reaches outside of the database.

use upshift_schema::{Fact, Kind};

use super::{Answer, Context, Draft, alter_options, function, options, word};
use crate::text::{cut, literal, parenthesised, rcut, take};

const LANGUAGE: &[&str] = &["INLINE", "VALIDATOR"];

pub(crate) fn create(fact: &Fact) -> Vec<Draft> {
    let (id, definition) = (&fact.id, fact.definition.as_str());
    let sql = match fact.kind {
        Kind::Schema => format!("CREATE SCHEMA {id}"),
        Kind::Extension => format!("CREATE EXTENSION {id} {definition}"),
        Kind::Language => {
            let trusted = if definition.starts_with("TRUSTED ") { "TRUSTED " } else { "" };
            let rest = definition.trim_start_matches("TRUSTED ");
            let part = |name: &str| word(rest, name, LANGUAGE).map(|it| format!(" {name} {}", function(it)));
            let parts: String = ["HANDLER", "INLINE", "VALIDATOR"].iter().filter_map(|it| part(it)).collect();
            format!("CREATE {trusted}LANGUAGE {id}{parts}")
        }
        Kind::AccessMethod => format!("CREATE ACCESS METHOD {id} TYPE {definition}"),
        Kind::Collation => collation(id, definition),
        Kind::Conversion => conversion(id, definition),
        Kind::ForeignDataWrapper => wrapper(id, definition),
        Kind::Server => server(id, definition),
        Kind::UserMapping => {
            let (server, user) = cut(id, " FOR ").unwrap_or((id, "PUBLIC"));
            let list = parenthesised(definition.trim_start_matches("OPTIONS ")).map(|it| it.0);
            let list = list.map(|it| format!(" OPTIONS ({})", options(it))).unwrap_or_default();
            format!("CREATE USER MAPPING FOR {user} SERVER {server}{list}")
        }
        Kind::EventTrigger => return event_trigger(id, definition),
        Kind::Publication => publication(id, definition),
        Kind::PublicationTable => {
            let (publication, table) = cut(id, " OF ").unwrap_or((id, ""));
            let only = format!("ALTER PUBLICATION {publication} ADD TABLE ONLY {table} {definition}");
            only.trim_end().to_owned()
        }
        Kind::PublicationSchema => {
            let (publication, schema) = cut(id, " OF ").unwrap_or((id, ""));
            format!("ALTER PUBLICATION {publication} ADD TABLES IN SCHEMA {schema}")
        }
        // What a subscription connects to is no part of a snapshot.
        _ => return Vec::new(),
    };
    vec![Draft::expand(sql)]
}

const COLLATION: &[&str] = &["LOCALE", "LC_COLLATE", "LC_CTYPE", "RULES", "NOT DETERMINISTIC", "ENCODING"];

fn collation(id: &str, definition: &str) -> String {
    let get = |name: &str, key: &str| Some(format!("{key} = {}", word(definition, name, COLLATION)?));
    let mut parts: Vec<String> = [
        ("PROVIDER", "provider"),
        ("LOCALE", "locale"),
        ("LC_COLLATE", "lc_collate"),
        ("LC_CTYPE", "lc_ctype"),
        ("RULES", "rules"),
    ]
    .iter()
    .filter_map(|(name, key)| get(name, key))
    .collect();
    // Copies of the two that fit every encoding do, too, and nothing else does.
    for name in ["C", "POSIX"] {
        if definition == format!("PROVIDER libc LOCALE '{name}'") {
            return format!("CREATE COLLATION {id} FROM pg_catalog.\"{name}\"");
        }
    }
    if definition.contains(" NOT DETERMINISTIC") {
        parts.push("deterministic = false".to_owned());
    }
    format!("CREATE COLLATION {id} ({})", parts.join(", "))
}

fn conversion(id: &str, definition: &str) -> String {
    let (word, rest) = match definition.strip_prefix("DEFAULT ") {
        Some(rest) => ("DEFAULT ", rest),
        None => ("", definition),
    };
    let words: Vec<&str> = rest.split(' ').collect();
    let at = |n: usize| words.get(n).copied().unwrap_or_default();
    format!("CREATE {word}CONVERSION {id} FOR {} TO {} FROM {}", literal(at(1)), literal(at(3)), at(5))
}

const WRAPPER: &[&str] = &["VALIDATOR", "OPTIONS"];

fn list(definition: &str) -> Option<&str> {
    let at = crate::text::find(definition, "OPTIONS (")?;
    parenthesised(&definition[at + "OPTIONS ".len()..]).map(|it| it.0)
}

fn wrapper(id: &str, definition: &str) -> String {
    let mut sql = format!("CREATE FOREIGN DATA WRAPPER {id}");
    for name in ["HANDLER", "VALIDATOR"] {
        sql.extend(word(definition, name, WRAPPER).map(|it| format!(" {name} {it}")));
    }
    sql.extend(list(definition).map(|it| format!(" OPTIONS ({})", options(it))));
    sql
}

const SERVER: &[&str] = &["TYPE", "VERSION", "OPTIONS"];

fn server(id: &str, definition: &str) -> String {
    let mut sql = format!("CREATE SERVER {id}");
    for name in ["TYPE", "VERSION"] {
        sql.extend(word(definition, name, SERVER).map(|it| format!(" {name} {it}")));
    }
    let wrapper = word(definition, "WRAPPER", SERVER).unwrap_or_default();
    sql.push_str(&format!(" FOREIGN DATA WRAPPER {wrapper}"));
    sql.extend(list(definition).map(|it| format!(" OPTIONS ({})", options(it))));
    sql
}

fn switched(definition: &str) -> (&str, &'static str) {
    let switches = [
        (" DISABLED", "DISABLE"),
        (" ENABLED REPLICA", "ENABLE REPLICA"),
        (" ENABLED ALWAYS", "ENABLE ALWAYS"),
    ];
    let found = switches.iter().find_map(|(words, switch)| Some((definition.strip_suffix(words)?, *switch)));
    found.unwrap_or((definition, "ENABLE"))
}

fn event_trigger(id: &str, definition: &str) -> Vec<Draft> {
    let (text, switch) = switched(definition);
    let (head, call) = rcut(text, " EXECUTE ").unwrap_or((text, ""));
    let head = match cut(head, " WHEN TAG IN (") {
        Some((on, tags)) => {
            let tags: Vec<String> = tags.trim_end_matches(')').split(", ").map(literal).collect();
            format!("{on} WHEN TAG IN ({})", tags.join(", "))
        }
        None => head.to_owned(),
    };
    let mut drafts = vec![Draft::expand(format!("CREATE EVENT TRIGGER {id} {head} EXECUTE FUNCTION {call}"))];
    if switch != "ENABLE" {
        drafts.push(Draft::expand(format!("ALTER EVENT TRIGGER {id} {switch}")));
    }
    drafts
}

/// What a publication says in WITH.
fn published(definition: &str) -> String {
    let mut rest = definition;
    let generated = take(&mut rest, " GENERATED COLUMNS STORED").is_some();
    let root = take(&mut rest, " VIA ROOT").is_some();
    let what = rest.split_once("PUBLISH").map_or("", |it| it.1.trim());
    let mut parts =
        vec![format!("publish = {}", literal(what)), format!("publish_via_partition_root = {root}")];
    if generated {
        parts.push("publish_generated_columns = stored".to_owned());
    }
    parts.join(", ")
}

fn publication(id: &str, definition: &str) -> String {
    let all = if definition.starts_with("FOR ALL TABLES") { " FOR ALL TABLES" } else { "" };
    format!("CREATE PUBLICATION {id}{all} WITH ({})", published(definition))
}

pub(crate) fn drop(_: &Context<'_>, fact: &Fact) -> Vec<Draft> {
    let Some((publication, what)) = cut(&fact.id, " OF ") else { return Vec::new() };
    let word = if fact.kind == Kind::PublicationTable { "TABLE ONLY" } else { "TABLES IN SCHEMA" };
    vec![Draft::contract(format!("ALTER PUBLICATION {publication} DROP {word} {what}"))]
}

/// Whether a version is later than another: number by number.
fn later(version: &str, than: &str) -> bool {
    let numbers = |text: &str| -> Vec<u64> {
        text.split(|c: char| !c.is_ascii_digit()).filter_map(|it| it.parse().ok()).collect()
    };
    numbers(version) > numbers(than)
}

pub(crate) fn change(key: (Kind, &str), before: &str, after: &str) -> Answer {
    let (kind, id) = key;
    let options = || alter_options(list(before), list(after));
    let sql = match kind {
        Kind::Extension => {
            let part = |text: &str, name: &str| word(text, name, &["VERSION"]).unwrap_or_default().to_owned();
            let mut drafts = Vec::new();
            if part(before, "SCHEMA") != part(after, "SCHEMA") {
                drafts.push(Draft::expand(format!(
                    "ALTER EXTENSION {id} SET SCHEMA {}",
                    part(after, "SCHEMA")
                )));
            }
            // Extensions have no way back to an older version.
            if later(&part(before, "VERSION"), &part(after, "VERSION")) {
                return Answer::Replace;
            }
            if part(before, "VERSION") != part(after, "VERSION") {
                let version = part(after, "VERSION");
                let sql = format!("ALTER EXTENSION {id} UPDATE TO {version}");
                drafts.push(Draft::expand(sql).hazard(format!("{id} becomes version {version}")));
            }
            return Answer::Steps(drafts);
        }
        Kind::ForeignDataWrapper if word(before, "HANDLER", WRAPPER) == word(after, "HANDLER", WRAPPER) => {
            format!("ALTER FOREIGN DATA WRAPPER {id} OPTIONS ({})", options())
        }
        Kind::Server
            if word(before, "WRAPPER", SERVER) == word(after, "WRAPPER", SERVER)
                && word(before, "TYPE", SERVER) == word(after, "TYPE", SERVER) =>
        {
            let version =
                word(after, "VERSION", SERVER).filter(|it| Some(*it) != word(before, "VERSION", SERVER));
            let version = version.map(|it| format!(" VERSION {it}")).unwrap_or_default();
            let list = options();
            let list = if list.is_empty() { list } else { format!(" OPTIONS ({list})") };
            format!("ALTER SERVER {id}{version}{list}")
        }
        Kind::UserMapping => {
            let (server, user) = cut(id, " FOR ").unwrap_or((id, "PUBLIC"));
            format!("ALTER USER MAPPING FOR {user} SERVER {server} OPTIONS ({})", options())
        }
        Kind::EventTrigger if switched(before).0 == switched(after).0 => {
            format!("ALTER EVENT TRIGGER {id} {}", switched(after).1)
        }
        Kind::Publication if before.starts_with("FOR ALL") == after.starts_with("FOR ALL") => {
            format!("ALTER PUBLICATION {id} SET ({})", published(after))
        }
        Kind::Subscription => {
            return Answer::None("what a subscription connects to is no part of a snapshot");
        }
        _ => return Answer::Replace,
    };
    Answer::Steps(vec![Draft::expand(sql)])
}
