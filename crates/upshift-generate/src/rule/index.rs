//! Indexes: built and dropped beside reads and writes; on partitioned tables part by part.

use upshift_schema::{Fact, Kind};

use super::{Answer, Context, Draft, Stage};
use crate::text::{container, last, parenthesised, split, take};

/// An index in its parts.
#[derive(Debug, Default, PartialEq, Eq)]
struct Parts<'a> {
    text: &'a str,
    clustered: Option<&'a str>,
    space: Option<&'a str>,
    statistics: Option<&'a str>,
    parent: Option<&'a str>,
}

fn read(definition: &str) -> Parts<'_> {
    let mut rest = definition;
    let parent = take(&mut rest, " PARTITION OF ");
    let statistics = take(&mut rest, " STATISTICS ");
    let space = take(&mut rest, " TABLESPACE ");
    let clustered = take(&mut rest, " CLUSTER");
    // One that is not valid is made again: an INVALID index is nobody's wish, but that of a partitioned table.
    let _ = take(&mut rest, " INVALID");
    Parts { text: rest, clustered, space, statistics, parent }
}

pub(crate) fn create(context: &Context<'_>, fact: &Fact) -> Vec<Draft> {
    let parts = read(&fact.definition);
    let (table, kind) = (container(&fact.id), context.new.relation(container(&fact.id)));
    let partitioned = parts.text.contains(" ON ONLY ");
    let online = context.is_online(table) && kind != Kind::MaterializedView && !partitioned;
    let mut text = parts.text.to_owned();
    if online {
        text = text.replacen(" INDEX ", " INDEX CONCURRENTLY ", 1);
    }
    if let Some(space) = parts.space {
        // Before WHERE.
        let at = crate::text::find(&text, " WHERE ").unwrap_or(text.len());
        text.insert_str(at, &format!(" TABLESPACE {space}"));
    }
    let stage = if online { Stage::Concurrent } else { Stage::Expand };
    let mut drafts = vec![Draft::new(stage, text)];
    drafts.extend(settings(&Parts::default(), &parts, &fact.id));
    drafts
}

/// `app.users_name_idx` for `app.users.users_name_idx`.
pub(crate) fn name(id: &str) -> String {
    format!("{}.{}", container(container(id)), last(id))
}

fn settings(old: &Parts<'_>, new: &Parts<'_>, id: &str) -> Vec<Draft> {
    let (table, index) = (container(id), name(id));
    let mut drafts = Vec::new();
    match (old.clustered, new.clustered) {
        (None, Some(_)) => drafts.push(Draft::expand(format!("ALTER TABLE {table} CLUSTER ON {}", last(id)))),
        (Some(_), None) => drafts.push(Draft::expand(format!("ALTER TABLE {table} SET WITHOUT CLUSTER"))),
        _ => {}
    }
    let columns = |list: Option<&str>| -> Vec<(String, String)> {
        let items = list.and_then(parenthesised).map(|(list, _)| split(list, ", ")).unwrap_or_default();
        items.iter().filter_map(|it| it.split_once('=')).map(|(k, v)| (k.to_owned(), v.to_owned())).collect()
    };
    let (from, to) = (columns(old.statistics), columns(new.statistics));
    let mut set = |column: &str, value: &str| {
        drafts
            .push(Draft::expand(format!("ALTER INDEX {index} ALTER COLUMN {column} SET STATISTICS {value}")));
    };
    from.iter().filter(|it| !to.iter().any(|other| other.0 == it.0)).for_each(|it| set(&it.0, "-1"));
    to.iter().filter(|it| !from.contains(it)).for_each(|it| set(&it.0, &it.1));
    drafts
}

pub(crate) fn drop(context: &Context<'_>, fact: &Fact) -> Vec<Draft> {
    let kind = context.old.relation(container(&fact.id));
    let online = context.is_online(container(&fact.id))
        && kind == Kind::Table
        && !context.is_partitioned(container(&fact.id));
    let (stage, word) =
        if online { (Stage::ContractConcurrent, "CONCURRENTLY ") } else { (Stage::Contract, "") };
    let own = name(&fact.id);
    let hazard = format!("drops the index {own}: what was quick by it is slow");
    // A partition's key that is a part of an index which is no key's: neither goes by itself.
    let keys = context.old.snapshot.facts().iter().filter(|it| it.kind == Kind::Constraint);
    let holds_keys = keys.map(|it| parent(&it.definition)).any(|it| it == Some(&own));
    let cascade = if holds_keys { " CASCADE" } else { "" };
    vec![Draft::new(stage, format!("DROP INDEX {word}{own}{cascade}")).hazard(hazard)]
}

/// Makes the index of a partition, or the one behind its key, a part of its parent's.
pub(crate) fn attach(context: &Context<'_>, id: &str, parent: &str) -> Draft {
    let stage = if context.is_online(container(id)) { Stage::Attach } else { Stage::Expand };
    Draft::new(stage, format!("ALTER INDEX {parent} ATTACH PARTITION {}", name(id)))
}

pub(crate) fn change(context: &Context<'_>, id: &str, before: &str, after: &str) -> Answer {
    let (old, new) = (read(before), read(after));
    // That of a partitioned table becomes valid with its parts; no other does, and none becomes INVALID by a word.
    let invalid = |text: &str| text.contains(" INVALID");
    let mends = invalid(before) && !before.contains(" ON ONLY ");
    if old.text != new.text || mends || invalid(after) && !invalid(before) {
        return Answer::Replace;
    }
    let mut drafts = Vec::new();
    if old.parent.is_some() && old.parent != new.parent && !context.is_moved(container(id)) {
        return Answer::Replace;
    }
    if old.space != new.space {
        let space = new.space.unwrap_or("pg_default");
        drafts.push(Draft::expand(format!("ALTER INDEX {} SET TABLESPACE {space}", name(id))));
    }
    drafts.extend(settings(&old, &new, id));
    Answer::Steps(drafts)
}

/// The index that this one is a part of.
pub(crate) fn parent(definition: &str) -> Option<&str> {
    read(definition).parent
}
