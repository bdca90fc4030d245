//! Constraints: those that read rows are made without reading, and validated later.

use upshift_schema::{Fact, Kind};

use super::column::Inherited;
use super::{Answer, Context, Draft, Stage, not_null, set_options};
use crate::text::{container, cut, last, take};

/// A constraint in its parts.
struct Parts<'a> {
    text: &'a str,
    inherited: Inherited,
    with: Option<&'a str>,
    space: Option<&'a str>,
    clustered: bool,
    valid: bool,
    /// The index of the parent that a partition's key is a part of.
    parent: Option<&'a str>,
}

fn read(definition: &str) -> Parts<'_> {
    let mut rest = definition;
    let parent = take(&mut rest, " PARTITION OF ");
    let clustered = take(&mut rest, " CLUSTER").is_some();
    let space = take(&mut rest, " TABLESPACE ");
    // That of a partitioned table becomes valid with its parts.
    let _ = take(&mut rest, " INVALID");
    let is_key = ["PRIMARY KEY", "UNIQUE", "EXCLUDE"].iter().any(|it| rest.starts_with(it));
    let with = if is_key { take(&mut rest, " WITH (").map(|it| it.trim_end_matches(')')) } else { None };
    // EXCLUDE has its operators behind the same word.
    let (before, inherited) = match rest.strip_suffix(" INHERITED AND LOCAL") {
        Some(before) => (before, Inherited::AndLocal),
        None => match rest.strip_suffix(" INHERITED") {
            Some(before) => (before, Inherited::Only),
            None => (rest, Inherited::No),
        },
    };
    rest = before;
    let valid = !rest.ends_with(" NOT VALID");
    Parts { text: rest, inherited, with, space, clustered, valid, parent }
}

/// Whether it comes from a parent, or is the table's own, too.
pub(crate) fn inherited(definition: &str) -> Inherited {
    read(definition).inherited
}

/// What owns it: a table, or a domain.
fn alter(context: &Context<'_>, id: &str) -> String {
    let owner = container(id);
    let both = [context.new, context.old];
    let is = |kind: Kind| both.iter().any(|schema| schema.snapshot.get(kind, owner).is_some());
    let word = if is(Kind::Domain) {
        "DOMAIN"
    } else if is(Kind::ForeignTable) {
        "FOREIGN TABLE"
    } else {
        "TABLE"
    };
    format!("ALTER {word} {owner}")
}

pub(crate) fn create(context: &Context<'_>, fact: &Fact) -> Vec<Draft> {
    let parts = read(&fact.definition);
    if parts.inherited == Inherited::Only {
        return Vec::new();
    }
    if not_null::column(parts.text).is_some() {
        return not_null::create(context, fact);
    }
    let (alter, name, table) = (alter(context, &fact.id), last(&fact.id), container(&fact.id));
    let is_key = parts.text.starts_with("PRIMARY KEY") || parts.text.starts_with("UNIQUE");
    // Those of the partitions have names of their own, and are attached.
    let alone = index_of(&fact.id, &fact.definition).is_some() && context.is_partitioned(table);
    let alter = if alone { alter.replacen("TABLE ", "TABLE ONLY ", 1) } else { alter };
    let add = format!("{alter} ADD CONSTRAINT {name} ");
    let mut drafts = if !context.is_online(table) || context.is_partitioned(table) {
        let mut draft = Draft::expand(format!("{add}{}", parts.text));
        if context.is_online(table) && !alone {
            let words = format!("{} is made and checked under a lock on {table} that stops writes", fact.id);
            draft = draft.hazard(words);
        }
        vec![draft]
    } else if is_key && !parts.text.contains(" WITHOUT OVERLAPS") {
        by_index(fact, &parts)
    } else if parts.text.starts_with("CHECK") || parts.text.starts_with("FOREIGN KEY") {
        let words = parts.text.trim_end_matches(" NOT VALID");
        let mut drafts =
            vec![Draft::expand(format!("{add}{words} NOT VALID")).hazard(format!(
                "{} refuses rows from then on, also of code that still writes them",
                fact.id
            ))];
        if parts.valid && !words.ends_with(" NOT ENFORCED") {
            drafts.push(Draft::new(Stage::Validate, format!("{alter} VALIDATE CONSTRAINT {name}")));
        }
        drafts
    } else {
        let hazard = format!("{} builds its index under ACCESS EXCLUSIVE on {table}", fact.id);
        vec![Draft::expand(format!("{add}{}", parts.text)).hazard(hazard)]
    };
    drafts.extend(behind(&Parts { with: None, space: None, clustered: false, ..read("") }, &parts, &fact.id));
    drafts
}

/// A key by its index, which is built beside reads and writes.
fn by_index(fact: &Fact, parts: &Parts<'_>) -> Vec<Draft> {
    let (table, name) = (container(&fact.id), last(&fact.id));
    let Some((word, _)) = cut(parts.text, "(") else {
        return vec![Draft::expand(format!("ALTER TABLE {table} ADD CONSTRAINT {name} {}", parts.text))];
    };
    let Some((list, behind)) = crate::text::parenthesised(&parts.text[word.len()..]) else {
        return Vec::new();
    };
    // INCLUDE is the index's, what is said of DEFERRABLE the constraint's.
    let at = crate::text::find(behind, " DEFERRABLE").unwrap_or(behind.len());
    let (include, deferrable) = behind.split_at(at);
    let distinct = if word.contains("NULLS NOT DISTINCT") { " NULLS NOT DISTINCT" } else { "" };
    let word = word.trim_end().trim_end_matches(" NULLS NOT DISTINCT");
    let index = format!("CREATE UNIQUE INDEX CONCURRENTLY {name} ON {table} ({list}){include}{distinct}");
    let mut drafts = vec![Draft::new(Stage::Concurrent, index)];
    let mut using = String::new();
    if word == "PRIMARY KEY" {
        using =
            format!("{name} becomes the primary key: its columns must be NOT NULL, or are read under a lock");
    }
    let mut add = Draft::new(
        Stage::Attach,
        format!("ALTER TABLE {table} ADD CONSTRAINT {name} {word} USING INDEX {name}{deferrable}"),
    );
    add.hazards.extend((!using.is_empty()).then_some(using));
    drafts.push(add);
    drafts
}

/// What is said of the index behind a key.
fn behind(old: &Parts<'_>, new: &Parts<'_>, id: &str) -> Vec<Draft> {
    let (table, name) = (container(id), last(id));
    let index = format!("{}.{name}", container(table));
    let mut drafts = Vec::new();
    if old.with != new.with {
        let set = set_options(old.with, new.with);
        drafts.extend(set.into_iter().map(|it| Draft::expand(format!("ALTER INDEX {index} {it}"))));
    }
    if old.space != new.space {
        let space = new.space.unwrap_or("pg_default");
        drafts.push(Draft::expand(format!("ALTER INDEX {index} SET TABLESPACE {space}")));
    }
    match (old.clustered, new.clustered) {
        (false, true) => drafts.push(Draft::expand(format!("ALTER TABLE {table} CLUSTER ON {name}"))),
        (true, false) => drafts.push(Draft::expand(format!("ALTER TABLE {table} SET WITHOUT CLUSTER"))),
        _ => {}
    }
    drafts
}

/// What loosens goes before the code that needs it; a key goes when nobody needs it.
pub(crate) fn drop(context: &Context<'_>, fact: &Fact) -> Vec<Draft> {
    let parts = read(&fact.definition);
    if parts.inherited == Inherited::Only {
        return Vec::new();
    }
    if not_null::column(parts.text).is_some() {
        return not_null::drop(context, fact);
    }
    let sql = format!("{} DROP CONSTRAINT {}", alter(context, &fact.id), last(&fact.id));
    let is_key = ["PRIMARY KEY", "UNIQUE", "EXCLUDE"].iter().any(|it| parts.text.starts_with(it));
    let hazard = format!("{} is not kept any more", fact.id);
    let stage = if is_key { Stage::Contract } else { Stage::Expand };
    vec![Draft::new(stage, sql).hazard(hazard)]
}

fn parents_are_valid(context: &Context<'_>, id: &str) -> bool {
    let table = context.new.snapshot.get(Kind::Table, container(id));
    let parents = table.map(super::table::needs).unwrap_or_default();
    let of = |parent: &String| context.new.snapshot.get(Kind::Constraint, &format!("{parent}.{}", last(id)));
    parents.iter().filter_map(of).any(|definition| read(definition).valid)
}

pub(crate) fn change(context: &Context<'_>, id: &str, before: &str, after: &str) -> Answer {
    let (old, new) = (read(before), read(after));
    // The parent's and its own are one.
    if (old.inherited, new.inherited) == (Inherited::Only, Inherited::AndLocal) && old.text == new.text {
        let add = format!("{} ADD CONSTRAINT {} {}", alter(context, id), last(id), new.text);
        return Answer::Steps(vec![Draft::expand(add)]);
    }
    if old.inherited != Inherited::No || new.inherited != Inherited::No {
        // It follows its parent's, but may be known to hold where that is not.
        let validated = !old.valid && new.valid && !parents_are_valid(context, id);
        let sql = || format!("{} VALIDATE CONSTRAINT {}", alter(context, id), last(id));
        return Answer::Steps(validated.then(|| Draft::new(Stage::Validate, sql())).into_iter().collect());
    }
    if old.parent.is_some() && old.parent != new.parent && !context.is_moved(container(id)) {
        return Answer::Replace;
    }
    if old.text == new.text {
        return Answer::Steps(behind(&old, &new, id));
    }
    let alter = alter(context, id);
    if !old.valid && new.valid && old.text.trim_end_matches(" NOT VALID") == new.text {
        return Answer::Steps(vec![Draft::new(
            Stage::Validate,
            format!("{alter} VALIDATE CONSTRAINT {}", last(id)),
        )]);
    }
    let deferrable = |text: &str| {
        let at = crate::text::find(text, " DEFERRABLE").unwrap_or(text.len());
        (text[..at].to_owned(), text[at..].to_owned())
    };
    let ((a, _), (b, word)) = (deferrable(old.text), deferrable(new.text));
    if a == b && a.starts_with("FOREIGN KEY") {
        let word = if word.is_empty() { " NOT DEFERRABLE" } else { &word };
        return Answer::Steps(vec![Draft::expand(format!("{alter} ALTER CONSTRAINT {}{word}", last(id)))]);
    }
    Answer::Replace
}

/// The name of the index behind a key.
pub(crate) fn index_of(id: &str, definition: &str) -> Option<String> {
    let is_key = ["PRIMARY KEY", "UNIQUE", "EXCLUDE"].iter().any(|it| definition.starts_with(it));
    is_key.then(|| format!("{}.{}", container(container(id)), last(id)))
}

#[cfg(test)]
mod tests {
    use super::read;

    #[test]
    fn a_definition_is_cut_into_its_parts() {
        let parts = read("UNIQUE (email) DEFERRABLE WITH (fillfactor=70) CLUSTER");
        assert_eq!(
            (parts.text, parts.with, parts.clustered),
            ("UNIQUE (email) DEFERRABLE", Some("fillfactor=70"), true)
        );
        assert_eq!(read("EXCLUDE USING gist (during WITH &&)").text, "EXCLUDE USING gist (during WITH &&)");
        assert!(!read("CHECK ((a > 0)) NOT VALID").valid);
    }
}
