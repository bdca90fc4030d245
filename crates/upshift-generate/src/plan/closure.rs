//! What has to go and come: the changes themselves, and what needs an object that is made again.

use std::collections::{BTreeMap, BTreeSet};

use upshift_schema::{Change, Fact, Key, Kind, Snapshot};

use super::Schema;
use crate::rule::{self, Answer, Context, Draft};
use crate::text::container;

/// All that is to be done, not in order.
#[derive(Debug, Default)]
pub(super) struct Work {
    /// What is taken away.
    pub(super) gone: BTreeSet<Key>,
    /// What is made.
    pub(super) come: BTreeSet<Key>,
    /// What is changed where it stands.
    pub(super) changed: BTreeMap<Key, Vec<Draft>>,
    /// Columns whose default lets go of something that is made again.
    pub(super) loosened: BTreeSet<Key>,
    pub(super) unruled: Vec<(Key, &'static str)>,
}

pub(super) fn work(context: &Context<'_>) -> Work {
    let mut work = Work::default();
    // Columns and types whose change needs others out of the way.
    let mut moved: Vec<Key> = Vec::new();
    for change in &context.old.snapshot.diff(&context.new.snapshot).changes {
        let key = (change.kind(), change.id().to_owned());
        match change {
            Change::Added(_) => drop(work.come.insert(key)),
            Change::Removed(_) => drop(work.gone.insert(key)),
            Change::Changed { before, after, .. } => match rule::change(context, &key, before, after) {
                Answer::Steps(drafts) => {
                    moved.extend(is_moved(&key, before, after).then(|| key.clone()));
                    work.changed.insert(key, drafts);
                }
                Answer::Replace => {
                    work.gone.insert(key.clone());
                    work.come.insert(key);
                }
                Answer::None(why) => work.unruled.push((key, why)),
            },
        }
    }
    spread(context, &mut work, moved);
    work
}

/// Whether what needs it has to be out of the way meanwhile.
fn is_moved(key: &Key, before: &str, after: &str) -> bool {
    match key.0 {
        Kind::Column => rule::column(before).type_text() != rule::column(after).type_text(),
        Kind::Type => {
            let labels = |text: &str| text.lines().map(ToOwned::to_owned).collect::<Vec<_>>();
            let (old, new) = (labels(before), labels(after));
            let kept: Vec<&String> = new.iter().filter(|it| old.contains(it)).collect();
            before.starts_with("ENUM") && !kept.iter().copied().eq(old.iter())
        }
        _ => false,
    }
}

/// What needs what goes, goes, too; what is made again is made with all that is said of it.
fn spread(context: &Context<'_>, work: &mut Work, moved: Vec<Key>) {
    let surroundings = Surroundings::of(context.old);
    let mut queue: Vec<(Key, Reach)> = work.gone.iter().map(|key| (key.clone(), Reach::All)).collect();
    queue.extend(moved.iter().map(|key| (key.clone(), Reach::Moved)));
    for key in moved.iter().filter(|key| key.0 == Kind::Type) {
        queue
            .extend(context.enum_columns(&key.1).into_iter().map(|it| ((Kind::Column, it.id), Reach::Moved)));
    }
    while let Some((key, reach)) = queue.pop() {
        if let Some(whole) = whole(context, work, &key) {
            work.gone.insert(whole.clone());
            work.changed.remove(&whole);
            if context.new.has(&whole) {
                work.come.insert(whole.clone());
            }
            queue.push((whole, Reach::All));
        }
        let needing = context.old.edges.needed_by(&key).cloned();
        let around = (reach == Reach::All).then(|| surroundings.get(&key)).into_iter().flatten();
        for other in needing.chain(around).collect::<Vec<_>>() {
            if work.gone.contains(&other) || !context.old.has(&other) || stays(context, &key, &other) {
                continue;
            }
            if !goes(context, work, &other, reach) {
                continue;
            }
            work.gone.insert(other.clone());
            work.changed.remove(&other);
            if context.new.has(&other) {
                work.come.insert(other.clone());
            }
            queue.push((other, Reach::All));
        }
    }
    // What is said of what is made again.
    let after = Surroundings::of(context.new);
    let again: Vec<Key> = work.come.iter().flat_map(|key| after.get(key)).collect();
    for key in again {
        work.changed.remove(&key);
        if context.old.has(&key) {
            work.gone.insert(key.clone());
        }
        work.come.insert(key);
    }
}

/// The partitioned index that a part goes with: PostgreSQL lets no part of it go alone.
fn whole(context: &Context<'_>, work: &Work, key: &Key) -> Option<Key> {
    let is_index = matches!(key.0, Kind::Index | Kind::Constraint);
    let definition = context.old.snapshot.get(key.0, &key.1).filter(|_| is_index)?;
    let parent = rule::index_parent(definition)?;
    let table = (Kind::Table, container(&key.1).to_owned());
    let facts = context.old.snapshot.facts().iter();
    let indexes = facts.filter(|it| matches!(it.kind, Kind::Index | Kind::Constraint));
    let whole =
        indexes.map(|fact| (fact.kind, fact.id.clone())).find(|it| rule::index_name(&it.1) == parent)?;
    let alone = work.gone.contains(&whole) || work.gone.contains(&table) || context.is_moved(&table.1);
    (!alone).then_some(whole)
}

/// Whether it is a part of an index that goes, but its table was taken out of the whole before: then it is one of its own.
fn stays(context: &Context<'_>, gone: &Key, part: &Key) -> bool {
    let definition = context.old.snapshot.get(part.0, &part.1).unwrap_or_default();
    let of = Fact::new(part.0, part.1.clone(), definition);
    let table = container(&part.1);
    super::wire::goes_with_parent(&of, gone)
        && context.is_moved(table)
        && context.new.has(&(Kind::Table, table.to_owned()))
}

/// Why something is asked for what needs it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reach {
    /// It goes.
    All,
    /// It stays and becomes another: what PostgreSQL lets stand may stay.
    Moved,
}

fn goes(context: &Context<'_>, work: &mut Work, other: &Key, reach: Reach) -> bool {
    match other.0 {
        // Rows are never made again.
        Kind::Table
        | Kind::ForeignTable
        | Kind::Sequence
        | Kind::ColumnOrder
        | Kind::Schema
        | Kind::Extension => false,
        // Its table goes; what has its name afterwards is something else.
        Kind::Column
            if work.gone.contains(&owner(&context.old.snapshot, &Fact::new(other.0, &other.1, ""))) =>
        {
            true
        }
        Kind::Column => {
            let definition = context.old.snapshot.get(Kind::Column, &other.1).unwrap_or_default();
            match rule::column(definition).value {
                rule::Value::Generated(_) => true,
                rule::Value::Default(_) if reach == Reach::All => {
                    let is_there = context.new.has(other);
                    if is_there {
                        work.loosened.insert(other.clone());
                    }
                    false
                }
                _ => is_part_of_view(context.old, &other.1) && reach == Reach::All,
            }
        }
        // Beside a column PostgreSQL builds them anew; a type that another takes the place of is named in them.
        Kind::Index | Kind::Constraint | Kind::Statistics => {
            reach == Reach::All || names_type(context.old, other)
        }
        _ => true,
    }
}

fn is_part_of_view(schema: &Schema, id: &str) -> bool {
    matches!(schema.relation(container(id)), Kind::View | Kind::MaterializedView)
}

/// Whether a definition speaks of a cast: then it may speak of the type that moves.
fn names_type(schema: &Schema, key: &Key) -> bool {
    schema.snapshot.get(key.0, &key.1).is_some_and(|it| it.contains("::"))
        && schema.edges.needs(key).any(|it| it.0 == Kind::Type)
}

/// What stands in, on and about an object.
struct Surroundings(BTreeMap<Key, Vec<Key>>);

impl Surroundings {
    fn of(schema: &Schema) -> Surroundings {
        let mut map: BTreeMap<Key, Vec<Key>> = BTreeMap::new();
        for fact in schema.snapshot.facts() {
            let key = (fact.kind, fact.id.clone());
            if let Some(about) = rule::about(fact.kind, &fact.id) {
                map.entry(about).or_default().push(key);
            } else if is_part(fact) {
                let owner = owner(&schema.snapshot, fact);
                map.entry(owner).or_default().push(key);
            } else if let Some((_, table)) =
                fact.id.split_once(" OF ").filter(|_| fact.kind == Kind::PublicationTable)
            {
                let publication = fact.id.split(" OF ").next().unwrap_or_default();
                map.entry((Kind::Publication, publication.to_owned())).or_default().push(key.clone());
                map.entry((Kind::Table, table.to_owned())).or_default().push(key);
            }
        }
        Surroundings(map)
    }

    fn get(&self, key: &Key) -> Vec<Key> {
        self.0.get(key).cloned().unwrap_or_default()
    }
}

pub(super) fn is_part(fact: &Fact) -> bool {
    use Kind::{Column, ColumnOrder, Constraint, Index, Policy, Rule, Trigger};
    matches!(fact.kind, Column | ColumnOrder | Constraint | Index | Policy | Rule | Trigger)
}

/// The relation or domain that a part belongs to.
pub(super) fn owner(snapshot: &Snapshot, fact: &Fact) -> Key {
    let id = if fact.kind == Kind::ColumnOrder { &fact.id } else { container(&fact.id) };
    let kinds = [Kind::Table, Kind::ForeignTable, Kind::View, Kind::MaterializedView, Kind::Domain];
    let kind = kinds.into_iter().find(|kind| snapshot.get(*kind, id).is_some()).unwrap_or(Kind::Table);
    (kind, id.to_owned())
}
