//! What DROP takes away, and what goes with it.

use super::relation::{Relation, Shape};
use super::{Catalog, Type};
use crate::statement::{ConstraintKind, Dependants, Drop, Expression, Key, Kind, Name};

impl Catalog {
    pub(super) fn drop(&mut self, dropped: &Drop) {
        for (name, _) in &dropped.names {
            match dropped.kind {
                Kind::Table
                | Kind::ForeignTable
                | Kind::Index
                | Kind::View
                | Kind::MaterializedView
                | Kind::Sequence => {
                    let name = self.resolve(name);
                    self.drop_relation(&name);
                }
                Kind::Type | Kind::Domain => self.drop_type(name),
                Kind::Function | Kind::Procedure | Kind::Aggregate => {
                    self.drop_function(name, dropped.dependants)
                }
                Kind::Schema => self.drop_schema(&name.name),
                Kind::Statistics => {
                    let name = self.resolve_in(name, |candidate| self.statistics.contains_key(candidate));
                    self.statistics.remove(&name);
                }
                Kind::Publication => drop(self.publications.remove(&name.name)),
                Kind::Trigger | Kind::Policy | Kind::Rule => {
                    let Some(on) = &dropped.on else { continue };
                    self.change_table(on, |table| match dropped.kind {
                        Kind::Trigger => table.triggers.retain(|one| one.name != name.name),
                        Kind::Policy => table.policies.retain(|one| *one != name.name),
                        _ => table.rules.retain(|one| *one != name.name),
                    });
                }
                _ => {}
            }
        }
    }

    /// A relation and everything that cannot be without it. Where RESTRICT would refuse, the statement fails, and what
    /// comes after it is never reached: nothing need be told apart.
    pub(super) fn drop_relation(&mut self, name: &Name) {
        let Some(gone) = self.relations.remove(name) else { return };
        if let Shape::Index(index) = &gone.shape
            && let Some(constraint) = &index.constraint
        {
            self.change_table(&index.table, |table| table.constraints.retain(|one| one.name != *constraint));
        }
        let goes = |relation: &Relation| match &relation.shape {
            Shape::Table(table) => table.partition_of.as_ref().is_some_and(|(parent, _)| parent == name),
            Shape::Index(index) => index.table == *name,
            Shape::View(view) => view.reads.contains(name),
            Shape::Sequence { owner } => owner.as_ref().is_some_and(|(table, _)| table == name),
        };
        let mentioning = self.relations.mentioning(name).filter(|(_, relation)| goes(relation));
        let more: Vec<Name> = mentioning.map(|(other, _)| other.clone()).collect();
        self.relations.change_mentioning(name, |_, relation| {
            if let Some(table) = relation.as_table_mut() {
                table.constraints.retain(|one| one.refers_to() != Some(name));
                table.inherits.retain(|parent| parent != name);
            }
        });
        self.publications.values_mut().for_each(|tables| tables.retain(|table| table != name));
        more.iter().for_each(|other| self.drop_relation(other));
    }

    /// A column and what is over it. A view only with CASCADE: whether it uses the column or another's of that name is
    /// not known for sure, and without CASCADE the server would have refused.
    pub(super) fn drop_column(&mut self, table: &Name, column: &str, dependants: Dependants) {
        let uses = |expression: &Expression| expression.columns().any(|used| used == column);
        let gone = |kind: &ConstraintKind| match kind {
            ConstraintKind::Check(check) => uses(check),
            ConstraintKind::NotNull(of) => of == column,
            ConstraintKind::Unique(Key::Columns(columns))
            | ConstraintKind::PrimaryKey(Key::Columns(columns)) => columns.iter().any(|one| one == column),
            ConstraintKind::ForeignKey(key) => key.columns.iter().any(|one| one == column),
            ConstraintKind::Exclude { parts } => parts.iter().any(uses),
            _ => false,
        };
        let indexes: Vec<Name> = self
            .indexes_of(table)
            .filter(|(_, index)| index.uses(column))
            .map(|(name, _)| name.clone())
            .collect();
        let refers = |key: &ConstraintKind| {
            matches!(key, ConstraintKind::ForeignKey(key) if key.table == *table
                && key.references.iter().any(|one| one == column))
        };
        self.relations.change_mentioning(table, |_, relation| {
            if let Some(other) = relation.as_table_mut() {
                other.constraints.retain(|one| !refers(&one.kind));
            }
        });
        let is_own = |relation: &Relation| matches!(&relation.shape, Shape::Sequence { owner: Some((of, own)) } if of == table && own == column);
        let sequences = self.relations.mentioning(table).filter(|(_, relation)| is_own(relation));
        let sequences: Vec<Name> = sequences.map(|(name, _)| name.clone()).collect();
        let views: Vec<Name> = self
            .views_of(table)
            .filter(|_| dependants == Dependants::Drop)
            .filter(|(_, view)| view.may_use(column) && !view.uses.iter().any(|u| u == "*"))
            .map(|(name, _)| name.clone())
            .collect();
        self.change_table(table, |found| {
            found.columns.retain(|one| one.name != column);
            found.constraints.retain(|one| !gone(&one.kind));
        });
        indexes.iter().chain(&views).chain(&sequences).for_each(|name| self.drop_relation(name));
    }

    pub(super) fn drop_constraint(&mut self, table: &Name, constraint: &str, dependants: Dependants) {
        for one in self.family_of(table) {
            let gone = self.change_table(&one, |found| {
                let all = std::mem::take(&mut found.constraints);
                let (gone, left): (Vec<_>, Vec<_>) = all.into_iter().partition(|one| one.name == constraint);
                found.constraints = left;
                gone
            });
            for constraint in gone.into_iter().flatten() {
                if let ConstraintKind::NotNull(column) = &constraint.kind {
                    self.change_column(&one, column, |column| column.not_null = false);
                }
                if let Some(index) = &constraint.index {
                    self.drop_relation(index);
                }
                if dependants == Dependants::Drop && constraint.index.is_some() {
                    self.drop_references_to(&one);
                }
            }
        }
    }

    fn drop_references_to(&mut self, table: &Name) {
        self.relations.change_mentioning(table, |_, relation| {
            if let Some(other) = relation.as_table_mut() {
                other.constraints.retain(|one| one.refers_to() != Some(table));
            }
        });
    }

    fn drop_type(&mut self, name: &Name) {
        let name = self.resolve_type(name);
        let columns: Vec<(Name, String)> = self
            .columns_of_type(&name)
            .into_iter()
            .map(|(table, c)| (table.clone(), c.name.clone()))
            .collect();
        self.types.remove(&name);
        columns.iter().for_each(|(table, column)| self.drop_column(table, column, Dependants::Drop));
    }

    fn drop_function(&mut self, name: &Name, dependants: Dependants) {
        let name = self.resolve_function(name);
        self.functions.remove(&name);
        if dependants == Dependants::Drop {
            self.relations.change_tables(
                |table| table.triggers.iter().any(|trigger| trigger.function == name),
                |table| table.triggers.retain(|trigger| trigger.function != name),
            );
        }
    }

    fn drop_schema(&mut self, schema: &str) {
        let is_in = |name: &Name| name.schema.as_deref() == Some(schema);
        let inside: Vec<Name> =
            self.relations.iter().map(|(name, _)| name).filter(|name| is_in(name)).cloned().collect();
        inside.iter().for_each(|name| self.drop_relation(name));
        self.types.retain(|name, _: &mut Type| !is_in(name));
        self.functions.retain(|name, _| !is_in(name));
    }
}
