//! What has to come before what.

use std::collections::BTreeMap;

use upshift_schema::{Fact, Key, Kind};

use super::closure::{Work, is_part, owner};
use super::graph::{Act, Graph, fact};
use crate::rule::{self, Context};
use crate::text::container;

/// The part of a partitioned index is dropped by dropping the whole, and in no other way.
pub(super) fn goes_with_parent(fact: &Fact, needed: &Key) -> bool {
    matches!(fact.kind, Kind::Index | Kind::Constraint)
        && rule::index_parent(&fact.definition).is_some_and(|parent| {
            matches!(needed.0, Kind::Index | Kind::Constraint) && rule::index_name(&needed.1) == parent
        })
}

pub(super) fn wire(context: &Context<'_>, work: &Work, graph: &mut Graph) {
    for key in &work.gone {
        let drop = graph.get(Act::Drop, key);
        let of = fact(context.old, key);
        let needs = context.old.edges.needs(key).cloned().chain(surrounding(context.old, &of));
        for needed in needs.collect::<Vec<_>>() {
            if goes_with_parent(&of, &needed) {
                graph.edge(graph.get(Act::Drop, &needed), drop);
            } else {
                graph.edge(drop, graph.get(Act::Drop, &needed));
                graph.edge(drop, graph.get(Act::Change, &needed));
            }
        }
        graph.edge(drop, graph.get(Act::Create, key));
    }
    let keys: Vec<(Act, Key)> = graph.at.keys().filter(|it| it.0 != Act::Drop).cloned().collect();
    for (act, key) in keys {
        let of = fact(context.new, &key);
        behind_needs(context, graph, act, &of);
        among_others(context, graph, act, &of);
    }
    names(context, work, graph);
    inheritance(context, graph);
    detached(context, work, graph);
}

/// What an object needs comes before it.
fn behind_needs(context: &Context<'_>, graph: &mut Graph, act: Act, of: &Fact) {
    let key = (of.kind, of.id.clone());
    let unit = graph.get(act, &key);
    let needs: Vec<Key> =
        context.new.edges.needs(&key).cloned().chain(surrounding(context.new, of)).collect();
    for needed in needs {
        // A class puts its own items into the family, which needs them then. A part is made without the whole.
        // So is the shell of a type.
        if act == Act::Loosen
            || (act, needed.0) == (Act::Create, Kind::Function) && graph.get(Act::Fill, &key).is_some()
            || (key.0, needed.0) == (Kind::OperatorFamily, Kind::OperatorClass)
            || act != Act::Attach && goes_with_parent(of, &needed)
        {
            continue;
        }
        graph.edge(graph.get(Act::Create, &needed), unit);
        graph.edge(graph.get(Act::Change, &needed), unit);
        // The functions that make a type of a shell need no more than the shell.
        if !context.new.edges.needs(&needed).any(|it| *it == key) {
            graph.edge(graph.get(Act::Fill, &needed), unit);
        }
        // A partitioned index is one when all its parts are there.
        let is_index = matches!(needed.0, Kind::Index | Kind::Constraint);
        if of.kind == Kind::Constraint && is_index && act != Act::Attach {
            for part in parts_of_index(context, &needed) {
                graph.edge(graph.get(Act::Attach, &part), unit);
            }
        }
    }
    if matches!(act, Act::Change | Act::Loosen | Act::Tie) {
        for needed in context.old.edges.needs(&key) {
            graph.edge(unit, graph.get(Act::Drop, needed));
        }
    }
}

/// The acts on one object, one after the other, and what each has to do with others.
fn among_others(context: &Context<'_>, graph: &mut Graph, act: Act, of: &Fact) {
    let key = (of.kind, of.id.clone());
    let unit = graph.get(act, &key);
    // What a partition has of the whole it has when it is one.
    if key.0 == Kind::Trigger {
        graph.edge(graph.get(Act::Attach, &(Kind::Table, container(&key.1).to_owned())), unit);
    }
    match act {
        Act::Create => own_check(context, graph, unit, of),
        Act::Fill => graph.edge(graph.get(Act::Create, &key), unit),
        Act::Attach => {
            graph.edge(graph.get(Act::Create, &key), unit);
            graph.edge(graph.get(Act::Change, &key), unit);
            attach(context, graph, unit, of);
        }
        Act::Tie => {
            graph.edge(graph.get(Act::Create, &key), unit);
            tie(context, graph, unit, &key);
        }
        Act::Fasten => {
            graph.edge(graph.get(Act::Loosen, &key), unit);
            graph.edge(graph.get(Act::Change, &key), unit);
        }
        Act::Loosen => graph.edge(unit, graph.get(Act::Change, &key)),
        Act::Change | Act::Drop => {}
    }
}

/// The server merges the parent's into what is there, and not the other way round where the parent's is NOT VALID.
fn own_check(context: &Context<'_>, graph: &mut Graph, unit: Option<usize>, of: &Fact) {
    let both = rule::constraint_inherited(&of.definition) == rule::Inherited::AndLocal;
    if of.kind != Kind::Constraint || !both {
        return;
    }
    let table = context.new.snapshot.get(Kind::Table, container(&of.id)).unwrap_or_default();
    for parent in rule::table::needs(table) {
        let above = format!("{parent}.{}", crate::text::last(&of.id));
        graph.edge(unit, graph.get(Act::Create, &(Kind::Constraint, above)));
    }
}

/// A foreign key of the whole stays behind on what is taken out of it, so it goes first.
fn detached(context: &Context<'_>, work: &Work, graph: &mut Graph) {
    let keys: Vec<Key> = graph.at.keys().filter(|it| it.0 == Act::Change).map(|it| it.1.clone()).collect();
    for key in keys.iter().filter(|key| key.0 == Kind::Table && context.is_moved(&key.1)) {
        let Some(whole) = context.old.whole(&key.1) else { continue };
        let of_whole = work.gone.iter().filter(|it| it.0 == Kind::Constraint && container(&it.1) == whole);
        for gone in of_whole {
            graph.edge(graph.get(Act::Drop, gone), graph.get(Act::Change, key));
        }
    }
}

/// What is done to a column of a parent is done to those of its children, so what is in its way there goes first.
fn inheritance(context: &Context<'_>, graph: &mut Graph) {
    let columns: Vec<(Act, Key)> = graph.at.keys().filter(|it| it.1.0 == Kind::Column).cloned().collect();
    for (act, key) in columns {
        let schema = if act == Act::Drop { context.old } else { context.new };
        let (table, name) = (container(&key.1), crate::text::last(&key.1));
        let Some(definition) = schema.snapshot.get(Kind::Table, table) else { continue };
        for parent in rule::table::needs(definition) {
            let parent = (Kind::Column, format!("{parent}.{name}"));
            match act {
                Act::Drop => graph.edge(graph.get(act, &key), graph.get(act, &parent)),
                _ => graph.edge(graph.get(act, &parent), graph.get(act, &key)),
            }
        }
    }
}

fn tie(context: &Context<'_>, graph: &mut Graph, unit: Option<usize>, key: &Key) {
    let new = context.new.snapshot.get(key.0, &key.1).unwrap_or_default();
    let old = context.old.snapshot.get(key.0, &key.1).unwrap_or_default();
    if key.0 == Kind::Sequence {
        if let Some(column) = rule::sequence_owner(new) {
            graph.edge(graph.get(Act::Create, &(Kind::Column, column.to_owned())), unit);
            graph.edge(graph.get(Act::Change, &(Kind::Column, column.to_owned())), unit);
        }
        if let Some(column) = rule::sequence_owner(old) {
            graph.edge(unit, graph.get(Act::Drop, &(Kind::Column, column.to_owned())));
            graph.edge(unit, graph.get(Act::Drop, &(Kind::Table, container(column).to_owned())));
        }
    }
    if let Some(index) = rule::table::replica(Some(new)) {
        for kind in [Kind::Index, Kind::Constraint] {
            graph.edge(graph.get(Act::Create, &(kind, format!("{}.{index}", key.1))), unit);
        }
    }
}

/// What has to be there before something becomes a part of something, and what has to wait.
fn attach(context: &Context<'_>, graph: &mut Graph, unit: Option<usize>, fact: &Fact) {
    if is_part(fact) {
        let table = owner(&context.new.snapshot, fact);
        graph.edge(graph.get(Act::Attach, &table), unit);
        // Those of its own parts first: whole is what has whole parts.
        for part in parts_of_index(context, &(fact.kind, fact.id.clone())) {
            graph.edge(graph.get(Act::Attach, &part), unit);
        }
        return;
    }
    let Some(whole) = context.new.whole(&fact.id) else { return };
    for other in context.new.snapshot.facts() {
        let of = container(&other.id);
        let key = (other.kind, other.id.clone());
        match other.kind {
            // Both have the same columns then.
            Kind::Column if of == whole || of == fact.id => {
                graph.edge(graph.get(Act::Create, &key), unit);
                graph.edge(graph.get(Act::Change, &key), unit);
            }
            // The server takes what is there for its parts, the first that fits, and makes what is not.
            Kind::Index | Kind::Constraint
                if of == fact.id && rule::index_parent(&other.definition).is_some() =>
            {
                graph.edge(graph.get(Act::Create, &key), unit);
            }
            Kind::Index if of == fact.id => graph.edge(unit, graph.get(Act::Create, &key)),
            Kind::Constraint
                if of == fact.id && rule::constraint_index(&other.id, &other.definition).is_some() =>
            {
                graph.edge(unit, graph.get(Act::Create, &key));
            }
            // A new one becomes the partition's, too; for an index the part of it is said.
            Kind::Constraint | Kind::Trigger | Kind::Index if of == whole => {
                graph.edge(unit, graph.get(Act::Create, &key))
            }
            _ => {}
        }
    }
}

fn parts_of_index(context: &Context<'_>, whole: &Key) -> Vec<Key> {
    let facts = context.new.snapshot.facts().iter();
    facts.filter(|fact| goes_with_parent(fact, whole)).map(|fact| (fact.kind, fact.id.clone())).collect()
}

/// What an object stands in, is a part of, or is about.
fn surrounding(schema: &super::Schema, fact: &Fact) -> Vec<Key> {
    let mut keys = Vec::new();
    if let Some(about) = rule::about(fact.kind, &fact.id) {
        // Privileges and comments of a new owner are his.
        if fact.kind != Kind::Owner {
            keys.push((Kind::Owner, format!("{} {}", about.0, about.1)));
        }
        if let Some(part) = schema.snapshot.get(about.0, &about.1) {
            let part = Fact::new(about.0, about.1.clone(), part);
            keys.extend(is_part(&part).then(|| owner(&schema.snapshot, &part)));
        }
        keys.push(about);
    } else if is_part(fact) {
        keys.push(owner(&schema.snapshot, fact));
        if fact.kind == Kind::Trigger {
            keys.extend(schema.trigger_of_whole(&fact.id).map(|it| (Kind::Trigger, it)));
        }
        if fact.kind == Kind::Index
            && let Some(parent) = rule::index_parent(&fact.definition)
        {
            let of_parent =
                schema.snapshot.facts().iter().filter(|it| matches!(it.kind, Kind::Index | Kind::Constraint));
            let found = of_parent.filter(|it| rule::index_name(&it.id) == parent);
            keys.extend(found.map(|it| (it.kind, it.id.clone())));
        }
    } else if fact.kind == Kind::Table {
        keys.extend(rule::table::needs(&fact.definition).into_iter().map(|id| (Kind::Table, id)));
    } else if let Some((publication, of)) = crate::text::cut(&fact.id, " OF ") {
        keys.push((Kind::Publication, publication.to_owned()));
        keys.push((Kind::Table, of.to_owned()));
        keys.push((Kind::Schema, of.to_owned()));
    } else if fact.kind == Kind::OperatorClass {
        keys.push((Kind::Schema, container(&fact.id).to_owned()));
    }
    // A user's server, a schema's objects: where no dependency says it.
    if fact.kind == Kind::UserMapping
        && let Some((server, _)) = crate::text::cut(&fact.id, " FOR ")
    {
        keys.push((Kind::Server, server.to_owned()));
    }
    keys
}

/// Two relations of one schema cannot have one name at a time, of whatever kind they are.
fn names(context: &Context<'_>, work: &Work, graph: &mut Graph) {
    let name = |schema: &super::Schema, key: &Key| -> Option<String> {
        match key.0 {
            Kind::Index => Some(rule::index_name(&key.1)),
            Kind::Constraint => rule::constraint_index(&key.1, schema.snapshot.get(key.0, &key.1)?),
            Kind::Table
            | Kind::ForeignTable
            | Kind::View
            | Kind::MaterializedView
            | Kind::Sequence
            | Kind::Type => Some(key.1.clone()),
            _ => None,
        }
    };
    // A table has one primary key at a time, a column one NOT NULL.
    let primary = |schema: &super::Schema, key: &Key| -> Option<String> {
        let definition =
            schema.snapshot.get(Kind::Constraint, &key.1).filter(|_| key.0 == Kind::Constraint)?;
        let table = container(&key.1);
        match rule::not_null_column(definition) {
            Some(column) => Some(format!("NOT NULL of {table}.{column}")),
            None => definition.starts_with("PRIMARY KEY").then(|| format!("the key of {table}")),
        }
    };
    let mut going: BTreeMap<String, Vec<&Key>> = BTreeMap::new();
    for key in &work.gone {
        for name in [name(context.old, key), primary(context.old, key)].into_iter().flatten() {
            going.entry(name).or_default().push(key);
        }
    }
    for key in &work.come {
        let names = [name(context.new, key), primary(context.new, key)];
        for gone in names.iter().flatten().filter_map(|name| going.get(name)).flatten() {
            graph.edge(graph.get(Act::Drop, gone), graph.get(Act::Create, key));
            // Its name is free when what it goes with is gone.
            let of = fact(context.old, gone);
            if is_part(&of) && work.gone.contains(&owner(&context.old.snapshot, &of)) {
                let table = owner(&context.old.snapshot, &of);
                graph.edge(graph.get(Act::Drop, &table), graph.get(Act::Create, key));
            }
        }
    }
}
