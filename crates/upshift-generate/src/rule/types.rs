//! Types and domains.

use upshift_schema::Fact;

use super::{Answer, Context, Draft, Stage, function, word};
use crate::text::{cut, rcut};

const RANGE: &[&str] = &["OPCLASS", "COLLATE", "CANONICAL", "SUBTYPE_DIFF", "MULTIRANGE"];
const BASE: &[&str] = &[
    "OUTPUT",
    "RECEIVE",
    "SEND",
    "TYPMOD_IN",
    "TYPMOD_OUT",
    "ANALYZE",
    "SUBSCRIPT",
    "LENGTH",
    "PASSED BY VALUE",
    "ALIGNMENT",
    "STORAGE",
    "CATEGORY",
    "PREFERRED",
    "DELIMITER",
    "ELEMENT",
    "COLLATABLE",
    "DEFAULT",
];

pub(crate) fn create(fact: &Fact) -> Vec<Draft> {
    let (id, definition) = (&fact.id, fact.definition.as_str());
    let lines: Vec<&str> = definition.lines().skip(1).collect();
    let sql = if definition.starts_with("ENUM") {
        format!("CREATE TYPE {id} AS ENUM ({})", labels(definition).join(", "))
    } else if definition.starts_with("COMPOSITE") {
        format!("CREATE TYPE {id} AS (\n    {}\n)", lines.join(",\n    "))
    } else if definition == "SHELL" {
        format!("CREATE TYPE {id}")
    } else if definition.starts_with("RANGE") {
        create_range(id, definition)
    } else {
        // Its functions need its name.
        format!("CREATE TYPE {id}")
    };
    vec![Draft::expand(sql)]
}

/// Makes a base type of its shell, when its functions are there.
pub(crate) fn fill(fact: &Fact) -> Vec<Draft> {
    let is_base = fact.definition.starts_with("BASE ");
    is_base.then(|| Draft::expand(create_base(&fact.id, &fact.definition))).into_iter().collect()
}

/// A label may hold a line break; it ends with its quote.
fn labels(definition: &str) -> Vec<String> {
    let list = definition.strip_prefix("ENUM").unwrap_or_default();
    crate::text::split(list.trim_start_matches('\n'), "\n")
        .into_iter()
        .filter(|it| !it.is_empty())
        .map(ToOwned::to_owned)
        .collect()
}

fn create_range(id: &str, definition: &str) -> String {
    let get = |name: &str| word(definition, name, RANGE);
    let mut parts = vec![format!("subtype = {}", get("RANGE OF").unwrap_or_default())];
    parts.extend(get("OPCLASS").map(|it| format!("subtype_opclass = {it}")));
    parts.extend(get("COLLATE").map(|it| format!("collation = {it}")));
    parts.extend(get("CANONICAL").map(|it| format!("canonical = {}", function(it))));
    parts.extend(get("SUBTYPE_DIFF").map(|it| format!("subtype_diff = {}", function(it))));
    parts.extend(get("MULTIRANGE").map(|it| format!("multirange_type_name = {it}")));
    format!("CREATE TYPE {id} AS RANGE ({})", parts.join(", "))
}

fn create_base(id: &str, definition: &str) -> String {
    let get = |name: &str| word(definition, name, BASE);
    let mut parts = Vec::new();
    let names = [
        ("BASE INPUT", "input"),
        ("OUTPUT", "output"),
        ("RECEIVE", "receive"),
        ("SEND", "send"),
        ("TYPMOD_IN", "typmod_in"),
        ("TYPMOD_OUT", "typmod_out"),
        ("ANALYZE", "analyze"),
        ("SUBSCRIPT", "subscript"),
        ("CATEGORY", "category"),
        ("DELIMITER", "delimiter"),
        ("ELEMENT", "element"),
        ("DEFAULT", "default"),
    ];
    parts.extend(names.iter().filter_map(|(name, key)| Some(format!("{key} = {}", get(name)?))));
    parts.extend(
        get("LENGTH").map(|it| format!("internallength = {}", if it == "-1" { "variable" } else { it })),
    );
    let of = |letter: &str, words: &[(&str, &'static str)]| {
        words.iter().find(|it| it.0 == letter).map(|it| it.1).unwrap_or_default()
    };
    let align = [("c", "char"), ("s", "int2"), ("i", "int4"), ("d", "double")];
    let storage = [("p", "plain"), ("e", "external"), ("x", "extended"), ("m", "main")];
    parts.extend(get("ALIGNMENT").map(|it| format!("alignment = {}", of(it, &align))));
    parts.extend(get("STORAGE").map(|it| format!("storage = {}", of(it, &storage))));
    let flags = [
        ("PASSED BY VALUE", "passedbyvalue"),
        ("PREFERRED", "preferred = true"),
        ("COLLATABLE", "collatable = true"),
    ];
    parts.extend(flags.iter().filter(|it| get(it.0).is_some()).map(|it| it.1.to_owned()));
    format!("CREATE TYPE {id} (\n    {}\n)", parts.join(",\n    "))
}

pub(crate) fn change(context: &Context<'_>, id: &str, before: &str, after: &str) -> Answer {
    if before.starts_with("ENUM") && after.starts_with("ENUM") {
        return change_enum(context, id, before, after);
    }
    if before.starts_with("COMPOSITE") && after.starts_with("COMPOSITE") {
        return change_composite(id, before, after);
    }
    Answer::Replace
}

fn change_enum(context: &Context<'_>, id: &str, before: &str, after: &str) -> Answer {
    let (old, new) = (labels(before), labels(after));
    let kept: Vec<&String> = new.iter().filter(|it| old.contains(it)).collect();
    if !kept.iter().copied().eq(old.iter()) {
        return remake_enum(context, id, &new);
    }
    let mut drafts = Vec::new();
    for (at, label) in new.iter().enumerate() {
        if old.contains(label) {
            continue;
        }
        let place = match at.checked_sub(1).and_then(|at| new.get(at)) {
            Some(before) => format!("AFTER {before}"),
            None => match new.iter().find(|it| old.contains(it)) {
                Some(first) => format!("BEFORE {first}"),
                None => String::new(),
            },
        };
        let sql = format!("ALTER TYPE {id} ADD VALUE {label} {place}").trim_end().to_owned();
        drafts.push(Draft::new(Stage::Enum, sql).hazard(format!("code that runs meets {label} in {id}")));
    }
    Answer::Steps(drafts)
}

/// A value cannot be dropped, nor moved: another type takes the place of this one, in every column.
fn remake_enum(context: &Context<'_>, id: &str, labels: &[String]) -> Answer {
    let used = context.enum_columns(id);
    let made = format!("{}_upshift_old", crate::text::bare(crate::text::last(id)));
    let old_name = crate::text::quoted(&made);
    let old = format!("{}.{old_name}", crate::text::container(id));
    let mut drafts = vec![
        Draft::expand(format!("ALTER TYPE {id} RENAME TO {old_name}")).hazard(format!(
            "{id} is made anew without values that rows may hold: those rows make it fail; its tables are written anew \
             under ACCESS EXCLUSIVE"
        )),
        Draft::expand(format!("CREATE TYPE {id} AS ENUM ({})", labels.join(", "))),
    ];
    for column in &used {
        let (table, name) = (crate::text::container(&column.id), crate::text::last(&column.id));
        let alter = |what: String| Draft::expand(format!("ALTER TABLE {table} ALTER COLUMN {name} {what}"));
        if column.default.is_some() {
            drafts.push(alter("DROP DEFAULT".to_owned()));
        }
        let (target, text) =
            if column.is_array { (format!("{id}[]"), "text[]") } else { (id.to_owned(), "text") };
        drafts.push(alter(format!("TYPE {target} USING {name}::{text}::{target}")));
        if let Some(default) = &column.default {
            drafts.push(alter(format!("SET DEFAULT {default}")));
        }
    }
    drafts.push(Draft::expand(format!("DROP TYPE {old}")));
    Answer::Steps(drafts)
}

fn change_composite(id: &str, before: &str, after: &str) -> Answer {
    let read = |text: &str| -> Vec<(String, String)> {
        let lines = text.lines().skip(1).map(str::to_owned);
        lines.filter_map(|line| cut(&line, " ").map(|(n, t)| (n.to_owned(), t.to_owned()))).collect()
    };
    let (old, new) = (read(before), read(after));
    let stays = |list: &[(String, String)], others: &[(String, String)]| -> Vec<String> {
        list.iter().filter(|it| others.iter().any(|other| other.0 == it.0)).map(|it| it.0.clone()).collect()
    };
    // New ones come last.
    if stays(&old, &new) != stays(&new, &old)
        || !new
            .iter()
            .map(|it| &it.0)
            .collect::<Vec<_>>()
            .starts_with(&stays(&new, &old).iter().collect::<Vec<_>>())
    {
        return Answer::Replace;
    }
    let mut drafts = Vec::new();
    for (name, _) in old.iter().filter(|it| !new.iter().any(|other| other.0 == it.0)) {
        let hazard = format!("drops {name} of {id}: what stands in it is gone");
        drafts.push(Draft::contract(format!("ALTER TYPE {id} DROP ATTRIBUTE {name}")).hazard(hazard));
    }
    for (name, kind) in &new {
        match old.iter().find(|it| it.0 == *name) {
            None => drafts.push(Draft::expand(format!("ALTER TYPE {id} ADD ATTRIBUTE {name} {kind}"))),
            Some((_, was)) if was != kind => {
                drafts.push(Draft::expand(format!("ALTER TYPE {id} ALTER ATTRIBUTE {name} TYPE {kind}")));
            }
            Some(_) => {}
        }
    }
    Answer::Steps(drafts)
}

/// Base type with collation, default, NOT NULL.
fn read_domain(definition: &str) -> (&str, Option<&str>, bool) {
    let not_null = definition.strip_suffix(" NOT NULL");
    let rest = not_null.unwrap_or(definition);
    let (base, default) =
        rcut(rest, " DEFAULT ").map_or((rest, None), |(base, default)| (base, Some(default)));
    (base, default, not_null.is_some())
}

pub(crate) fn create_domain(fact: &Fact) -> Vec<Draft> {
    let (base, default, not_null) = read_domain(&fact.definition);
    let default = default.map(|it| format!(" DEFAULT {it}")).unwrap_or_default();
    let not_null = if not_null { " NOT NULL" } else { "" };
    vec![Draft::expand(format!("CREATE DOMAIN {} AS {base}{default}{not_null}", fact.id))]
}

pub(crate) fn change_domain(id: &str, before: &str, after: &str) -> Answer {
    let (old, new) = (read_domain(before), read_domain(after));
    if old.0 != new.0 {
        return Answer::Replace;
    }
    let mut drafts = Vec::new();
    if old.1 != new.1 {
        let words = new.1.map_or("DROP DEFAULT".to_owned(), |it| format!("SET DEFAULT {it}"));
        drafts.push(Draft::expand(format!("ALTER DOMAIN {id} {words}")));
    }
    if old.2 != new.2 {
        let word = if new.2 { "SET" } else { "DROP" };
        let mut draft = Draft::expand(format!("ALTER DOMAIN {id} {word} NOT NULL"));
        if new.2 {
            draft = draft.hazard(format!("every column of {id} is read, under a lock that stops writes"));
        }
        drafts.push(draft);
    }
    Answer::Steps(drafts)
}
