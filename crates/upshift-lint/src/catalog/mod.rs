//! What the database looks like before a statement: tables, columns, constraints, indexes, views, types, as the earlier
//! migrations of the set made them.
//!
//! [`Catalog::apply`] replays one statement. What it does not know of (a table made elsewhere) it does not invent:
//! [`Catalog::table`] says `None`, and a rule takes such a table for one that exists and is large.

mod alter;
mod constraint;
mod create;
mod drop;
mod naming;
mod object;
mod relation;
mod script;
mod shared_map;
mod store;
#[cfg(test)]
mod tests;

pub use object::{Domain, Function, Type};
pub use relation::{Column, Constraint, Index, Origin, Relation, Shape, Table, Trigger, View};

use std::collections::BTreeMap;

use shared_map::SharedMap;
use store::Relations;

use crate::statement::{Name, SetScope, Statement, TypeName};

/// What the database looks like.
#[derive(Debug, Clone)]
pub struct Catalog {
    search_path: Vec<String>,
    relations: Relations,
    types: BTreeMap<Name, Type>,
    functions: BTreeMap<Name, Function>,
    publications: BTreeMap<String, Vec<Name>>,
    /// Extended statistics, each with its table.
    statistics: BTreeMap<Name, Name>,
    /// The last SET of the session's time zone.
    time_zone: Option<String>,
    /// Which migration is replayed.
    origin: Origin,
    /// Whether all that was done until here could be followed.
    complete: bool,
}

impl Default for Catalog {
    fn default() -> Catalog {
        Catalog {
            search_path: vec!["public".to_owned()],
            relations: Relations::default(),
            types: BTreeMap::new(),
            functions: BTreeMap::new(),
            publications: BTreeMap::new(),
            statistics: BTreeMap::new(),
            time_zone: None,
            origin: Origin::Existing,
            complete: true,
        }
    }
}

impl Catalog {
    /// From here on everything is made by this migration; settings of the session begin anew.
    pub fn begin(&mut self, origin: Origin) {
        self.origin = origin;
        self.search_path = vec!["public".to_owned()];
        self.time_zone = None;
    }

    /// The migration that is replayed.
    pub fn origin(&self) -> Origin {
        self.origin
    }

    /// Something was done that cannot be followed: Rust code, a DO block.
    pub fn lose_sight(&mut self) {
        self.complete = false;
    }

    /// Whether all that was done until here could be followed: what is not known then is not there, unless it was
    /// there before the first migration.
    pub fn is_complete(&self) -> bool {
        self.complete
    }

    /// Replays one statement.
    pub fn apply(&mut self, statement: &Statement) {
        match statement {
            Statement::CreateTable(_)
            | Statement::CreateTableAs(_)
            | Statement::CreateIndex(_)
            | Statement::CreateView(_)
            | Statement::CreateSequence { .. }
            | Statement::CreateTrigger(_)
            | Statement::CreatePolicy { .. }
            | Statement::CreateRule { .. }
            | Statement::CreateStatistics { .. }
            | Statement::Publication { .. } => self.create(statement),
            Statement::CreateType(_)
            | Statement::AlterType(_)
            | Statement::CreateDomain { .. }
            | Statement::AlterDomain(_)
            | Statement::CreateFunction(_) => self.object(statement),
            Statement::AlterRelation(alter) => self.alter(alter),
            Statement::Drop(dropped) => self.drop(dropped),
            Statement::RenameObject { kind, name, on, to } => {
                self.rename_object(*kind, name, on.as_ref(), to)
            }
            Statement::Set { setting, values, scope: SetScope::Session | SetScope::Transaction }
                if setting == "search_path" =>
            {
                let path = values.iter().filter(|schema| *schema != "$user" && !schema.is_empty());
                self.search_path = path.cloned().collect();
            }
            Statement::Do { .. } | Statement::Call { .. } | Statement::Unknown { .. } => self.lose_sight(),
            Statement::Set { setting, values, .. } if setting == "timezone" => {
                self.time_zone = values.first().cloned();
            }
            _ => {}
        }
    }

    /// Whether the session's time zone was set to UTC; what it is otherwise, the server's configuration says.
    pub fn is_utc(&self) -> bool {
        let zone = self.time_zone.as_deref().unwrap_or_default();
        ["utc", "gmt", "etc/utc", "etc/gmt", "zulu", "0"].iter().any(|name| zone.eq_ignore_ascii_case(name))
    }

    /// The table that extended statistics are about.
    pub fn statistics_on(&self, name: &Name) -> Option<&Name> {
        self.statistics.get(&self.resolve_in(name, |candidate| self.statistics.contains_key(candidate)))
    }

    /// The schemas that a name without one is looked up in.
    pub fn search_path(&self) -> &[String] {
        &self.search_path
    }

    /// A name with its schema: where there is a relation of it, else where one would be made.
    pub fn resolve(&self, name: &Name) -> Name {
        self.resolve_in(name, |candidate| self.relations.contains(candidate))
    }

    fn resolve_in(&self, name: &Name, exists: impl Fn(&Name) -> bool) -> Name {
        if name.schema.is_some() {
            return name.clone();
        }
        let mut candidates = self.search_path.iter().map(|schema| Name::in_schema(schema, &name.name));
        let first = candidates.clone().next();
        let found = candidates.find(exists);
        found.or(first).unwrap_or_else(|| Name::in_schema("public", &name.name))
    }

    /// A relation.
    pub fn relation(&self, name: &Name) -> Option<&Relation> {
        self.relations.get(&self.resolve(name))
    }

    /// A table; no view, no index.
    pub fn table(&self, name: &Name) -> Option<&Table> {
        self.relation(name).and_then(Relation::as_table)
    }

    /// A column of a table.
    pub fn column(&self, table: &Name, column: &str) -> Option<&Column> {
        self.table(table)?.column(column)
    }

    /// An index.
    pub fn index(&self, name: &Name) -> Option<&Index> {
        self.relation(name).and_then(Relation::as_index)
    }

    /// All relations, by name.
    pub fn relations(&self) -> impl Iterator<Item = (&Name, &Relation)> {
        self.relations.iter()
    }

    /// The indexes of a table or materialized view, by name.
    pub fn indexes_of(&self, table: &Name) -> impl Iterator<Item = (&Name, &Index)> {
        let table = self.resolve(table);
        self.relations
            .mentioning(&table)
            .filter_map(|(name, relation)| Some((name, relation.as_index()?)))
            .filter(move |(_, index)| index.table == table)
    }

    /// The direct partitions and heirs of a table, by name.
    pub fn children_of(&self, table: &Name) -> impl Iterator<Item = (&Name, &Table)> {
        let table = self.resolve(table);
        self.relations
            .mentioning(&table)
            .filter_map(|(name, relation)| Some((name, relation.as_table()?)))
            .filter(move |(_, child)| child.parents().any(|parent| *parent == table))
    }

    /// A table with its partitions and heirs, and theirs, the table first.
    pub fn family_of(&self, table: &Name) -> Vec<Name> {
        let mut all = vec![self.resolve(table)];
        let mut at = 0;
        while let Some(one) = all.get(at).cloned() {
            let children: Vec<Name> = self.children_of(&one).map(|(name, _)| name.clone()).collect();
            all.extend(children.into_iter().filter(|child| !all.contains(child)).collect::<Vec<_>>());
            at += 1;
        }
        all
    }

    /// The foreign keys that refer to a table: the table each is on, and its constraint.
    pub fn references_to(&self, table: &Name) -> impl Iterator<Item = (&Name, &Constraint)> {
        let table = self.resolve(table);
        let tables = self
            .relations
            .mentioning(&table)
            .filter_map(|(name, relation)| Some((name, relation.as_table()?)));
        let found: Vec<_> = tables
            .flat_map(|(name, referring)| referring.constraints.iter().map(move |one| (name, one)))
            .filter(|(_, one)| one.refers_to() == Some(&table))
            .collect();
        found.into_iter()
    }

    /// The views that read a relation directly.
    pub fn views_of(&self, relation: &Name) -> impl Iterator<Item = (&Name, &View)> {
        let relation = self.resolve(relation);
        self.relations
            .mentioning(&relation)
            .filter_map(|(name, relation)| Some((name, relation.as_view()?)))
            .filter(move |(_, view)| view.reads.contains(&relation))
    }

    /// A type of one's own.
    pub fn type_of(&self, name: &TypeName) -> Option<&Type> {
        self.types.get(&self.resolve_type(&name.name))
    }

    /// A type of one's own, by its name.
    pub fn type_named(&self, name: &Name) -> Option<&Type> {
        self.types.get(&self.resolve_type(name))
    }

    /// A type's name with its schema.
    pub fn resolve_type(&self, name: &Name) -> Name {
        self.resolve_in(name, |candidate| self.types.contains_key(candidate))
    }

    /// The columns of a type: each with its table.
    pub fn columns_of_type(&self, name: &Name) -> Vec<(&Name, &Column)> {
        let name = self.resolve_type(name);
        let mut found = Vec::new();
        for (table, relation) in self.relations.iter() {
            let Some(of) = relation.as_table() else { continue };
            found.extend(
                of.columns
                    .iter()
                    .filter(|c| self.resolve_type(&c.type_name.name) == name)
                    .map(|c| (table, c)),
            );
        }
        found
    }

    /// A function; of several of one name what is worst of them.
    pub fn function(&self, name: &Name) -> Option<&Function> {
        self.functions.get(&self.resolve_function(name))
    }

    pub(crate) fn resolve_function(&self, name: &Name) -> Name {
        self.resolve_in(name, |candidate| self.functions.contains_key(candidate))
    }

    /// The publications that a table is in by name.
    pub fn publications_of(&self, table: &Name) -> impl Iterator<Item = &str> {
        let table = self.resolve(table);
        self.publications
            .iter()
            .filter(move |(_, tables)| tables.contains(&table))
            .map(|(name, _)| name.as_str())
    }

    /// Whether a relation was made by the migration that is replayed: nobody else has seen it.
    pub fn is_new(&self, name: &Name) -> bool {
        self.relation(name).is_some_and(|relation| relation.origin == self.origin)
    }
}
