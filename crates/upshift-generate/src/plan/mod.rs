//! Pure: from two schemas to ordered statements.

mod closure;
mod graph;
mod schedule;
mod wire;

use std::collections::BTreeSet;

use upshift_schema::{Edges, Key, Kind, Snapshot};

use crate::rule::table::Table;
use crate::text;

/// A schema and which of its objects need which.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Schema {
    /// What is there.
    pub snapshot: Snapshot,
    /// What needs what.
    pub edges: Edges,
}

impl Schema {
    /// Of what was read.
    pub fn new(snapshot: Snapshot, edges: Edges) -> Schema {
        Schema { snapshot, edges }
    }

    /// What kind of relation has this id; a table where none has.
    pub(crate) fn relation(&self, id: &str) -> Kind {
        let kinds = [Kind::ForeignTable, Kind::View, Kind::MaterializedView];
        kinds.into_iter().find(|kind| self.snapshot.get(*kind, id).is_some()).unwrap_or(Kind::Table)
    }

    /// Whether it is a partitioned table.
    pub(crate) fn is_partitioned(&self, table: &str) -> bool {
        self.snapshot.get(Kind::Table, table).is_some_and(|it| it.contains("PARTITION BY "))
    }

    /// The table that this one is a partition of.
    pub(crate) fn whole(&self, table: &str) -> Option<&str> {
        [Kind::Table, Kind::ForeignTable]
            .into_iter()
            .find_map(|kind| Table::read(self.snapshot.get(kind, table)?).partition.map(|it| it.1))
    }

    /// The trigger that a partition has its own of.
    pub(crate) fn trigger_of_whole(&self, id: &str) -> Option<String> {
        let mut table = text::container(id);
        while let Some(whole) = self.whole(table) {
            let above = format!("{whole}.{}", text::last(id));
            if self.snapshot.get(Kind::Trigger, &above).is_some() {
                return Some(above);
            }
            table = whole;
        }
        None
    }

    pub(crate) fn has(&self, key: &Key) -> bool {
        self.snapshot.get(key.0, &key.1).is_some()
    }
}

/// Whom the statements meet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// Nobody: an empty or a development database. The shortest statements.
    Plain,
    /// Code that reads and writes meanwhile: in several steps where PostgreSQL would lock for long.
    Online,
}

/// Statements that may stand in one migration, in the order in which stages follow one another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Stage {
    /// In one transaction, before the new code runs.
    Expand,
    /// New values of enums: nothing in their transaction may use them.
    Enum,
    /// One statement outside of transactions, before the new code runs.
    Concurrent,
    /// What takes over an index that was built so.
    Attach,
    /// Reads rows beside reads and writes: apart from what locks.
    Validate,
    /// What believes a constraint that was validated.
    NotNull,
    /// What takes something away, when no code needs it.
    Contract,
    /// The same, one statement outside of transactions.
    ContractConcurrent,
}

/// One statement with its place.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Step {
    /// What is sent, without a `;`.
    pub sql: String,
    /// With what it may stand in one migration.
    pub stage: Stage,
    /// What it is for.
    pub about: Key,
    /// What a reviewer has to know of it.
    pub hazards: Vec<String>,
    /// Whether it takes away something that is not made again.
    pub drops: Option<Key>,
}

impl Step {
    /// A rename.
    pub(crate) fn new(sql: String, about: Key, hazard: String) -> Step {
        Step { sql, stage: Stage::Expand, about, hazards: vec![hazard], drops: None }
    }

    /// The way back of a rename: from the two names its statement ends with.
    pub(crate) fn rename_back(&self) -> Option<Step> {
        let (before, name) = text::rcut(&self.sql, " TO ")?;
        let (sql, hazard) = if let Some((table, column)) = text::cut(before, " RENAME COLUMN ") {
            (format!("{table} RENAME COLUMN {name} TO {column}"), format!("the name is {column} again"))
        } else {
            let id = before.strip_prefix("ALTER TABLE ")?.strip_suffix(" RENAME")?;
            let schema = text::container(id);
            let sql = format!("ALTER TABLE {schema}.{name} RENAME TO {}", text::last(id));
            (sql, format!("the name is {id} again"))
        };
        Some(Step::new(sql, self.about.clone(), hazard))
    }
}

/// The statements from one schema to another. Nothing says yet that they do what they should: that is for the proof.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct SchemaPlan {
    /// In order.
    pub steps: Vec<Step>,
    /// Changes for which there is no rule, and why not.
    pub unruled: Vec<(Key, &'static str)>,
}

/// The statements that make one schema into another.
pub fn plan(old: &Schema, new: &Schema, style: Style) -> SchemaPlan {
    let fresh: BTreeSet<String> = new
        .snapshot
        .facts()
        .iter()
        .filter(|fact| matches!(fact.kind, Kind::Table | Kind::ForeignTable | Kind::MaterializedView))
        .filter(|fact| old.snapshot.get(fact.kind, &fact.id).is_none())
        .map(|fact| fact.id.clone())
        .collect();
    let context = crate::rule::Context { old, new, style, fresh: &fresh };
    let work = closure::work(&context);
    let steps = graph::order(&context, &work);
    SchemaPlan { steps, unruled: work.unruled }
}

/// A column of an enum.
pub(crate) struct EnumColumn {
    pub(crate) id: String,
    pub(crate) default: Option<String>,
    pub(crate) is_array: bool,
}

impl crate::rule::Context<'_> {
    pub(crate) fn is_partitioned(&self, table: &str) -> bool {
        self.new.is_partitioned(table) || self.old.is_partitioned(table)
    }

    /// The columns of tables that are of this type before, with the defaults that they have after.
    pub(crate) fn enum_columns(&self, kind: &str) -> Vec<EnumColumn> {
        let array = format!("{kind}[]");
        let mut columns = Vec::new();
        for fact in self.old.snapshot.facts().iter().filter(|fact| fact.kind == Kind::Column) {
            let column = crate::rule::column(&fact.definition);
            let table = text::container(&fact.id);
            let definition = self.old.snapshot.get(Kind::Table, table);
            let follows = column.inherited == crate::rule::Inherited::Only
                || definition.is_none_or(|it| Table::read(it).partition.is_some());
            if follows || column.kind != kind && column.kind != array {
                continue;
            }
            let after = self.new.snapshot.get(Kind::Column, &fact.id).unwrap_or(&fact.definition);
            let default = match crate::rule::column(after).value {
                crate::rule::Value::Default(value) => Some(value.to_owned()),
                _ => None,
            };
            columns.push(EnumColumn { id: fact.id.clone(), default, is_array: column.kind == array });
        }
        columns
    }
}
