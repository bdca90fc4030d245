//! The order: what needs something comes behind it, and goes before it.

use std::collections::{BTreeMap, BTreeSet};

use upshift_schema::{Fact, Key, Kind};

use super::closure::{Work, is_part, owner};
use super::schedule::schedule;
use super::wire::{goes_with_parent, wire};
use super::{Stage, Step};
use crate::rule::{self, Context, Draft};
use crate::text::container;

/// What is done to an object in one go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Act {
    Loosen,
    Change,
    Create,
    /// What makes a type of its shell.
    Fill,
    /// What makes a table a partition, and an index a part of its parent's.
    Attach,
    /// What is said of an object when others are there: which column owns a sequence, which index identifies rows.
    Tie,
    Fasten,
    Drop,
}

pub(super) struct Unit {
    pub(super) act: Act,
    pub(super) key: Key,
    pub(super) drafts: Vec<Draft>,
}

#[derive(Default)]
pub(super) struct Graph {
    pub(super) units: Vec<Unit>,
    pub(super) at: BTreeMap<(Act, Key), usize>,
    /// Before, behind.
    pub(super) edges: BTreeSet<(usize, usize)>,
}

impl Graph {
    fn add(&mut self, act: Act, key: &Key, drafts: Vec<Draft>) {
        self.at.insert((act, key.clone()), self.units.len());
        self.units.push(Unit { act, key: key.clone(), drafts });
    }

    pub(super) fn get(&self, act: Act, key: &Key) -> Option<usize> {
        self.at.get(&(act, key.clone())).copied()
    }

    pub(super) fn edge(&mut self, before: Option<usize>, behind: Option<usize>) {
        if let (Some(before), Some(behind)) = (before, behind)
            && before != behind
        {
            self.edges.insert((before, behind));
        }
    }
}

pub(super) fn order(context: &Context<'_>, work: &Work) -> Vec<Step> {
    let mut graph = units(context, work);
    wire(context, work, &mut graph);
    schedule(&graph, work, context.style)
}

pub(super) fn fact(schema: &super::Schema, key: &Key) -> Fact {
    Fact::new(key.0, key.1.clone(), schema.snapshot.get(key.0, &key.1).unwrap_or_default())
}

fn units(context: &Context<'_>, work: &Work) -> Graph {
    let mut graph = Graph::default();
    for key in &work.gone {
        let fact = fact(context.old, key);
        let mut drafts =
            if is_implied(context, work, &fact) { Vec::new() } else { rule::drop(context, &fact) };
        if work.come.contains(key) {
            // It is back at once.
            for draft in &mut drafts {
                draft.stage = Stage::Expand;
                draft.sql = draft.sql.replacen(" INDEX CONCURRENTLY ", " INDEX ", 1);
                draft.hazards = vec![format!("the {} {} is made again", key.0, key.1)];
            }
        }
        graph.add(Act::Drop, key, drafts);
    }
    for key in &work.come {
        let fact = fact(context.new, key);
        // A new table has its columns in its statement.
        let within = key.0 == Kind::Column && work.come.contains(&owner(&context.new.snapshot, &fact));
        let queried = matches!(context.new.relation(container(&key.1)), Kind::View | Kind::MaterializedView);
        if within && !queried {
            let table = owner(&context.new.snapshot, &fact);
            let at = (Act::Create, table);
            if let Some(unit) = graph.at.get(&at).copied() {
                graph.at.insert((Act::Create, key.clone()), unit);
            }
            continue;
        }
        graph.add(Act::Create, key, rule::create(context, &fact));
        let fill = rule::fill(&fact);
        if !fill.is_empty() {
            graph.add(Act::Fill, key, fill);
        }
    }
    // Columns come before tables in no order of kinds, so some were not there yet.
    for key in work.come.iter().filter(|key| key.0 == Kind::Column) {
        let table = owner(&context.new.snapshot, &fact(context.new, key));
        if let (None, Some(unit)) = (graph.get(Act::Create, key), graph.get(Act::Create, &table)) {
            graph.at.insert((Act::Create, key.clone()), unit);
        }
    }
    for (key, drafts) in &work.changed {
        graph.add(Act::Change, key, drafts.clone());
    }
    for key in &work.loosened {
        graph.add(Act::Loosen, key, vec![rule::loosen(context, &key.1)]);
        graph.add(Act::Fasten, key, rule::fasten(context, &key.1).into_iter().collect());
    }
    ties(context, work, &mut graph);
    attached(context, work, &mut graph);
    graph
}

/// What becomes a part of what.
fn attached(context: &Context<'_>, work: &Work, graph: &mut Graph) {
    for fact in context.new.snapshot.facts() {
        let key = (fact.kind, fact.id.clone());
        let made = work.come.contains(&key);
        match fact.kind {
            Kind::Table | Kind::ForeignTable => {
                let bound = |schema: &super::Schema| {
                    let definition = schema.snapshot.get(fact.kind, &fact.id)?;
                    rule::table::Table::read(definition)
                        .partition
                        .map(|it| (it.0.to_owned(), it.1.to_owned()))
                };
                if made || bound(context.old) != bound(context.new) {
                    let draft = rule::table::attach(context, &fact.id, &fact.definition);
                    graph.add(Act::Attach, &key, draft.into_iter().collect());
                }
            }
            Kind::Index | Kind::Constraint => {
                let Some(parent) = rule::index_parent(&fact.definition) else { continue };
                let before = context.old.snapshot.get(fact.kind, &fact.id).and_then(rule::index_parent);
                let again = work.come.iter().any(|it| goes_with_parent(fact, it));
                if made || again || before != Some(parent) || context.is_moved(container(&fact.id)) {
                    graph.add(Act::Attach, &key, vec![rule::attach_index(context, &fact.id, parent)]);
                }
            }
            _ => {}
        }
    }
}

/// Statements that say of one object what another is to it.
fn ties(context: &Context<'_>, work: &Work, graph: &mut Graph) {
    for fact in context.new.snapshot.facts() {
        let key = (fact.kind, fact.id.clone());
        let made = work.come.contains(&key);
        let before = if made { None } else { context.old.snapshot.get(fact.kind, &fact.id) };
        match fact.kind {
            Kind::Sequence => {
                let (was, is) =
                    (before.and_then(rule::sequence_owner), rule::sequence_owner(&fact.definition));
                // The owner may go and come again without the sequence.
                if was != is {
                    graph.add(Act::Tie, &key, vec![rule::own_sequence(&fact.id, is)]);
                }
            }
            Kind::Table => {
                let (was, is) = (rule::table::replica(before), rule::table::replica(Some(&fact.definition)));
                let index = is.map(|index| format!("{}.{index}", fact.id));
                let again = index.is_some_and(|id| {
                    [Kind::Index, Kind::Constraint]
                        .into_iter()
                        .any(|kind| work.gone.contains(&(kind, id.clone())))
                });
                if was != is || again {
                    graph.add(Act::Tie, &key, vec![rule::table::set_replica(&fact.id, is)]);
                }
            }
            _ => {}
        }
    }
}

/// Whether it goes with something else, without a word of its own.
fn is_implied(context: &Context<'_>, work: &Work, fact: &Fact) -> bool {
    if let Some(about) = rule::about(fact.kind, &fact.id) {
        return work.gone.contains(&about) || !context.new.has(&about) && !context.old.has(&about);
    }
    // What references a table that goes has to go before that table, wherever it stands.
    if fact.kind == Kind::Constraint && fact.definition.starts_with("FOREIGN KEY") {
        return false;
    }
    if is_part(fact) {
        let with_parent = work.gone.iter().any(|key| goes_with_parent(fact, key));
        return with_parent || work.gone.contains(&owner(&context.old.snapshot, fact));
    }
    if fact.kind == Kind::PublicationTable {
        let (publication, table) = crate::text::cut(&fact.id, " OF ").unwrap_or((&fact.id, ""));
        return work.gone.contains(&(Kind::Publication, publication.to_owned()))
            || work.gone.contains(&(Kind::Table, table.to_owned()));
    }
    if fact.kind == Kind::Sequence
        && let Some(column) = rule::sequence_owner(&fact.definition)
    {
        return work.gone.contains(&(Kind::Column, column.to_owned()))
            || work.gone.contains(&(Kind::Table, container(column).to_owned()));
    }
    false
}
