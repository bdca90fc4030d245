//! One small rule for each kind: the statements that make, drop and change an object. A kind or change without a rule gives
//! none, and the proof refuses.

mod code;
mod column;
mod constraint;
mod conversion;
mod identity;
mod index;
mod kinds;
mod not_null;
mod outside;
mod privilege;
mod search;
mod sequence;
pub(crate) mod table;
mod types;
mod view;

use std::collections::BTreeSet;

use upshift_schema::{Fact, Key, Kind};

use crate::plan::{Schema, Stage, Style};
use crate::text::{container, cut, literal, rcut, split};

/// One statement, before it has its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Draft {
    pub(crate) stage: Stage,
    pub(crate) sql: String,
    pub(crate) hazards: Vec<String>,
}

impl Draft {
    pub(crate) fn new(stage: Stage, sql: impl Into<String>) -> Draft {
        Draft { stage, sql: sql.into(), hazards: Vec::new() }
    }

    pub(crate) fn expand(sql: impl Into<String>) -> Draft {
        Draft::new(Stage::Expand, sql)
    }

    pub(crate) fn contract(sql: impl Into<String>) -> Draft {
        Draft::new(Stage::Contract, sql)
    }

    pub(crate) fn hazard(mut self, words: impl Into<String>) -> Draft {
        self.hazards.push(words.into());
        self
    }
}

/// What a rule says to a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Answer {
    /// These statements change it.
    Steps(Vec<Draft>),
    /// It is dropped and made again, and so is what needs it.
    Replace,
    /// Nothing does, and why.
    None(&'static str),
}

/// What a rule may look at.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Context<'a> {
    pub(crate) old: &'a Schema,
    pub(crate) new: &'a Schema,
    pub(crate) style: Style,
    /// The tables that this plan makes: what belongs to them needs no care.
    pub(crate) fresh: &'a BTreeSet<String>,
}

impl Context<'_> {
    pub(crate) fn is_online(&self, table: &str) -> bool {
        self.style == Style::Online && !self.fresh.contains(table)
    }

    /// Whether it is a partition before and after, whose columns are its parent's.
    fn is_partition(&self, table: &str) -> bool {
        let (old, new) = (self.old.whole(table), self.new.whole(table));
        old.is_some() && old == new
    }

    /// Whether it becomes a partition of another table, or of none: what its indexes are parts of goes with that.
    pub(crate) fn is_moved(&self, table: &str) -> bool {
        self.old.whole(table) != self.new.whole(table)
    }

    /// Whether a parent's column becomes what this one becomes.
    fn changes_with_parent(&self, id: &str) -> bool {
        let (table, name) = (container(id), crate::text::last(id));
        let parents = self.new.snapshot.get(Kind::Table, table).map(table::needs).unwrap_or_default();
        let plain = |schema: &Schema, id: &str| {
            let text = schema.snapshot.get(Kind::Column, id)?;
            Some(text.trim_end_matches(" AND LOCAL").trim_end_matches(" INHERITED").to_owned())
        };
        parents.iter().any(|parent| {
            let parent = format!("{parent}.{name}");
            let (old, new) = (plain(self.old, &parent), plain(self.new, &parent));
            old != new && new == plain(self.new, id) && old == plain(self.old, id)
        })
    }
}

/// What makes it.
pub(crate) fn create(context: &Context<'_>, fact: &Fact) -> Vec<Draft> {
    match fact.kind {
        Kind::Table | Kind::ForeignTable => table::create(context, fact),
        Kind::Column => column::create(context, fact),
        Kind::ColumnOrder => Vec::new(),
        Kind::Constraint => constraint::create(context, fact),
        Kind::Index => index::create(context, fact),
        Kind::View | Kind::MaterializedView => view::create(fact),
        Kind::Trigger | Kind::Rule => view::create_switched(context, fact),
        Kind::Policy => view::create_policy(fact),
        Kind::Statistics => view::create_statistics(fact),
        Kind::Type => types::create(fact),
        Kind::Domain => types::create_domain(fact),
        Kind::Sequence => sequence::create(fact),
        Kind::Function | Kind::Procedure => vec![Draft::expand(fact.definition.clone())],
        Kind::Aggregate
        | Kind::Operator
        | Kind::OperatorClass
        | Kind::OperatorFamily
        | Kind::Cast
        | Kind::Transform => code::create(context, fact),
        Kind::TextSearchParser
        | Kind::TextSearchTemplate
        | Kind::TextSearchDictionary
        | Kind::TextSearchConfiguration => search::create(fact),
        Kind::Owner | Kind::Grant | Kind::Revoke | Kind::DefaultPrivileges => {
            privilege::create(context, fact)
        }
        Kind::Comment | Kind::SecurityLabel => {
            kinds::describe(context.new, fact.kind, &fact.id, &literal(&fact.definition))
        }
        _ => outside::create(fact),
    }
}

/// What completes it, when what it was made for is there.
pub(crate) fn fill(fact: &Fact) -> Vec<Draft> {
    if fact.kind == Kind::Type { types::fill(fact) } else { Vec::new() }
}

/// What drops it.
pub(crate) fn drop(context: &Context<'_>, fact: &Fact) -> Vec<Draft> {
    match fact.kind {
        Kind::Table | Kind::ForeignTable => table::drop(context, fact),
        Kind::Column => column::drop(context, fact),
        Kind::ColumnOrder | Kind::PublicationTable | Kind::PublicationSchema => outside::drop(context, fact),
        Kind::Constraint => constraint::drop(context, fact),
        Kind::Index => index::drop(context, fact),
        Kind::Owner | Kind::Grant | Kind::Revoke | Kind::DefaultPrivileges => privilege::drop(context, fact),
        Kind::Comment | Kind::SecurityLabel => kinds::describe(context.old, fact.kind, &fact.id, "NULL"),
        Kind::Trigger | Kind::Rule | Kind::Policy => {
            if let Some(draft) = view::as_whole(context, fact) {
                return vec![draft];
            }
            let word = fact.kind.as_str().to_uppercase();
            let (table, name) = (container(&fact.id), crate::text::last(&fact.id));
            vec![Draft::contract(format!("DROP {word} {name} ON {table}"))]
        }
        _ => kinds::drop(fact),
    }
}

/// What changes it.
pub(crate) fn change(context: &Context<'_>, key: &Key, before: &str, after: &str) -> Answer {
    let (kind, id) = (key.0, key.1.as_str());
    match kind {
        Kind::Table | Kind::ForeignTable => table::change(id, before, after),
        Kind::Column => column::change(context, id, before, after),
        Kind::ColumnOrder => Answer::Steps(Vec::new()),
        Kind::Constraint => constraint::change(context, id, before, after),
        Kind::Index => index::change(context, id, before, after),
        Kind::View | Kind::MaterializedView => view::change(context, (kind, id), before, after),
        Kind::Trigger | Kind::Rule => view::switch((kind, id), before, after),
        Kind::Policy => view::change_policy(id, before, after),
        Kind::Statistics => view::change_statistics(id, before, after),
        Kind::Type => types::change(context, id, before, after),
        Kind::Domain => types::change_domain(id, before, after),
        Kind::Sequence => sequence::change(id, before, after),
        Kind::Function | Kind::Procedure => code::change(before, after),
        Kind::Comment | Kind::SecurityLabel => {
            Answer::Steps(kinds::describe(context.new, kind, id, &literal(after)))
        }
        Kind::Owner | Kind::Grant | Kind::Revoke | Kind::DefaultPrivileges => {
            privilege::change(context, (kind, id), before, after)
        }
        Kind::TextSearchDictionary | Kind::TextSearchConfiguration => {
            search::change((kind, id), before, after)
        }
        Kind::Schema
        | Kind::Extension
        | Kind::ForeignDataWrapper
        | Kind::Server
        | Kind::UserMapping
        | Kind::EventTrigger
        | Kind::Publication
        | Kind::Subscription => outside::change((kind, id), before, after),
        _ => Answer::Replace,
    }
}

pub(crate) use column::{Inherited, Value, fasten, loosen};
pub(crate) use constraint::{index_of as constraint_index, inherited as constraint_inherited};
pub(crate) use index::{attach as attach_index, name as index_name, parent as index_parent};
pub(crate) use kinds::about;
pub(crate) use not_null::column as not_null_column;
pub(crate) use sequence::{own as own_sequence, owner as sequence_owner};

/// The parts of a column's definition.
pub(crate) fn column(definition: &str) -> column::Column<'_> {
    column::Column::read(definition)
}

/// `key=value` as OPTIONS writes it.
pub(crate) fn options(list: &str) -> String {
    let one = |item: &&str| {
        let (key, value) = item.split_once('=').unwrap_or((item, ""));
        format!("{key} {}", literal(value))
    };
    split(list, ", ").iter().map(one).collect::<Vec<_>>().join(", ")
}

/// From some options of foreign data to others.
pub(crate) fn alter_options(old: Option<&str>, new: Option<&str>) -> String {
    let pairs = |list: Option<&str>| -> Vec<(String, String)> {
        let items = list.map(|it| split(it, ", ")).unwrap_or_default();
        items.iter().filter_map(|it| it.split_once('=')).map(|(k, v)| (k.to_owned(), v.to_owned())).collect()
    };
    let (old, new) = (pairs(old), pairs(new));
    let mut words = Vec::new();
    for (key, value) in &new {
        match old.iter().find(|it| it.0 == *key) {
            None => words.push(format!("ADD {key} {}", literal(value))),
            Some((_, was)) if was != value => words.push(format!("SET {key} {}", literal(value))),
            Some(_) => {}
        }
    }
    let gone = old.iter().filter(|(key, _)| !new.iter().any(|it| it.0 == *key));
    words.extend(gone.map(|(key, _)| format!("DROP {key}")));
    words.join(", ")
}

/// `SET (…)` and `RESET (…)` from some options of storage to others.
pub(crate) fn set_options(old: Option<&str>, new: Option<&str>) -> Vec<String> {
    let items = |list: Option<&str>| -> Vec<String> {
        list.map(|it| split(it, ", ").into_iter().map(ToOwned::to_owned).collect()).unwrap_or_default()
    };
    let (old, new) = (items(old), items(new));
    let key = |item: &str| item.split('=').next().unwrap_or_default().to_owned();
    let set: Vec<&str> = new.iter().filter(|it| !old.contains(it)).map(String::as_str).collect();
    let reset: Vec<String> =
        old.iter().map(|it| key(it)).filter(|it| !new.iter().any(|other| key(other) == *it)).collect();
    let mut words = Vec::new();
    if !set.is_empty() {
        words.push(format!("SET ({})", set.join(", ")));
    }
    if !reset.is_empty() {
        words.push(format!("RESET ({})", reset.join(", ")));
    }
    words
}

/// A word with one value behind it, as many definitions have: `HANDLER f INLINE g` gives `f` for `HANDLER`.
pub(crate) fn word<'a>(definition: &'a str, name: &str, all: &[&str]) -> Option<&'a str> {
    let behind = match definition.strip_prefix(name) {
        Some(behind) => behind,
        None => cut(definition, &format!(" {name}"))?.1,
    };
    let value = behind.strip_prefix(' ').or_else(|| behind.is_empty().then_some(""))?;
    let end = all.iter().filter_map(|it| crate::text::find(value, &format!(" {it}"))).min();
    Some(&value[..end.unwrap_or(value.len())])
}

/// `f` for `f(integer)`.
pub(crate) fn function(signature: &str) -> &str {
    rcut(signature, "(").map_or(signature, |(name, _)| name)
}
