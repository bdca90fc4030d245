//! What ALTER of a relation changes.

use super::Catalog;
use super::relation::{Index, Relation, Shape, Table};
use crate::statement::{
    Action, AlterRelation, ColumnChange, ConstraintKind, DetachHow, ForeignKey, Generated, Key, Name,
    Persistence, RowSecurity, SequenceChange, Validity,
};

impl Catalog {
    pub(super) fn alter(&mut self, alter: &AlterRelation) {
        let name = self.resolve(&alter.name);
        if !self.relations.contains(&name) {
            return;
        }
        for (action, _) in &alter.actions {
            self.act(&name, action);
        }
    }

    /// The same database, where this table has its rows itself and not in partitions.
    pub(crate) fn as_if_plain(&self, table: &Name) -> Catalog {
        let mut other = self.clone();
        other.change_table(table, |found| found.partition_by = None);
        other
    }

    fn act(&mut self, name: &Name, action: &Action) {
        match action {
            Action::AddColumn { column, .. } => {
                for one in self.family_of(name) {
                    if self.column(&one, &column.name).is_none() {
                        self.add_column(&one, column);
                    }
                }
            }
            Action::DropColumn { column, dependants, .. } => {
                for one in self.family_of(name) {
                    self.drop_column(&one, column, *dependants);
                }
            }
            Action::AlterColumn { column, change } => {
                for one in self.family_of(name) {
                    self.change(&one, column, change);
                }
            }
            Action::AddConstraint(constraint) => {
                let spread = matches!(constraint.kind, ConstraintKind::Check(_) | ConstraintKind::NotNull(_));
                let tables = if spread { self.family_of(name) } else { vec![name.clone()] };
                tables.iter().for_each(|one| self.add_constraint(one, constraint));
            }
            Action::ValidateConstraint(constraint) => self.validate(name, constraint),
            Action::DropConstraint { name: constraint, dependants, .. } => {
                self.drop_constraint(name, constraint, *dependants);
            }
            Action::RenameConstraint { from, to } => self.rename_constraint(name, from, to),
            Action::RenameColumn { from, to } => {
                for one in self.family_of(name) {
                    self.rename_column(&one, from, to);
                }
            }
            Action::RenameTo(to) => {
                let new = Name { schema: name.schema.clone(), name: to.clone() };
                self.rename_relation(name, &new);
            }
            Action::SetSchema(schema) => self.rename_relation(name, &Name::in_schema(schema, &name.name)),
            Action::AttachPartition { partition, bound } => {
                let partition = self.resolve(partition);
                let of = Some((name.clone(), bound.clone()));
                if self.change_table(&partition, |table| table.partition_of = of).is_some() {
                    self.inherit_indexes(name, &partition);
                }
            }
            Action::DetachPartition { partition, how } if *how != DetachHow::Finalize => {
                self.change_table(partition, |table| table.partition_of = None);
            }
            Action::AttachIndex(index) => self.attach_index(name, index),
            _ => self.switch(name, action),
        }
    }

    /// What changes one word of the table.
    fn switch(&mut self, name: &Name, action: &Action) {
        if let Action::Sequence(SequenceChange::OwnedBy(owner) | SequenceChange::Options { owner, .. }) =
            action
        {
            let owner = owner.as_ref().map(|(table, column)| (self.resolve(table), column.clone()));
            if owner.is_some() {
                self.relations.change(name, |relation| relation.shape = Shape::Sequence { owner });
            }
            return;
        }
        let parent = match action {
            Action::Inherit(parent) | Action::NoInherit(parent) => Some(self.resolve(parent)),
            _ => None,
        };
        self.change_table(name, |table| match action {
            Action::SetLogged => table.persistence = Persistence::Permanent,
            Action::SetUnlogged => table.persistence = Persistence::Unlogged,
            Action::RowSecurity(state @ (RowSecurity::Enable | RowSecurity::Disable)) => {
                table.row_security = Some(*state);
            }
            Action::ReplicaIdentity(replica) => table.replica_identity = replica.clone(),
            Action::Inherit(_) => table.inherits.extend(parent),
            Action::NoInherit(_) => table.inherits.retain(|one| Some(one) != parent.as_ref()),
            _ => {}
        });
    }

    fn change(&mut self, table: &Name, column: &str, change: &ColumnChange) {
        if matches!(change, ColumnChange::AddIdentity(_)) {
            self.add_sequence(table, column);
        }
        let dropped = match change {
            ColumnChange::DropIdentity => {
                self.column(table, column).and_then(|column| column.sequence.clone())
            }
            _ => None,
        };
        if let Some(sequence) = dropped {
            self.relations.remove(&sequence);
        }
        self.change_column(table, column, |column| match change {
            ColumnChange::SetType { type_name, collation, .. } => {
                column.type_name = type_name.clone();
                column.collation.clone_from(collation);
            }
            ColumnChange::SetDefault(value) => column.default = Some(value.clone()),
            ColumnChange::DropDefault => column.default = None,
            ColumnChange::SetNotNull => column.not_null = true,
            ColumnChange::DropNotNull => column.not_null = false,
            ColumnChange::AddIdentity(_) => column.identity = true,
            ColumnChange::DropIdentity => {
                column.identity = false;
                column.sequence = None;
            }
            ColumnChange::DropExpression => {
                column.generated = None;
                column.generated_from = Vec::new();
            }
            ColumnChange::SetExpression(_) => column.generated = column.generated.or(Some(Generated::Stored)),
            _ => {}
        });
    }

    fn validate(&mut self, table: &Name, constraint: &str) {
        let origin = self.origin;
        for one in self.family_of(table) {
            let proven = self.change_table(&one, |table| {
                for found in table.constraints.iter_mut().filter(|one| one.name == constraint) {
                    if found.validity == Validity::NotValid {
                        found.validity = Validity::Valid;
                        found.validated_by = Some(origin);
                    }
                }
                table.constraint(constraint).map(|found| found.kind.clone())
            });
            if let Some(Some(ConstraintKind::NotNull(column))) = proven {
                self.change_column(&one, &column, |column| column.not_null = true);
            }
        }
    }

    fn rename_constraint(&mut self, table: &Name, from: &str, to: &str) {
        let index = self.change_table(table, |found| {
            let mut index = None;
            for one in found.constraints.iter_mut().filter(|one| one.name == from) {
                to.clone_into(&mut one.name);
                index = one.index.clone();
            }
            index
        });
        if let Some(index) = index.flatten() {
            let new = Name { schema: index.schema.clone(), name: to.to_owned() };
            self.rename_relation(&index, &new);
        }
    }

    fn rename_column(&mut self, table: &Name, from: &str, to: &str) {
        self.change_column(table, from, |column| to.clone_into(&mut column.name));
        let rename = |columns: &mut Vec<String>| {
            columns.iter_mut().filter(|column| *column == from).for_each(|column| to.clone_into(column));
        };
        let target = table.clone();
        let follow = |name: &Name, relation: &mut Relation| {
            match &mut relation.shape {
                Shape::Table(found) => {
                    for constraint in &mut found.constraints {
                        match &mut constraint.kind {
                            ConstraintKind::ForeignKey(key) if *name == target => rename(&mut key.columns),
                            ConstraintKind::ForeignKey(key) if key.table == target => {
                                rename(&mut key.references)
                            }
                            ConstraintKind::Unique(Key::Columns(columns))
                            | ConstraintKind::PrimaryKey(Key::Columns(columns))
                                if *name == target =>
                            {
                                rename(columns);
                            }
                            ConstraintKind::Check(check) if *name == target => check.rename_column(from, to),
                            _ => {}
                        }
                    }
                }
                Shape::Index(index) if index.table == target => {
                    index
                        .parts
                        .iter_mut()
                        .chain(&mut index.predicate)
                        .for_each(|part| part.rename_column(from, to));
                    rename(&mut index.include);
                }
                // A view goes on by the column's number, and its own columns keep their names.
                Shape::View(view)
                    if view.reads.contains(&target) && view.uses.iter().any(|used| used == from) =>
                {
                    view.uses.push(to.to_owned());
                }
                _ => {}
            }
        };
        self.relations.change(table, |relation| follow(table, relation));
        self.relations.change_mentioning(table, follow);
    }

    /// A relation under a new name, wherever it is referred to.
    pub(super) fn rename_relation(&mut self, old: &Name, new: &Name) {
        let Some(moved) = self.relations.remove(old) else { return };
        let constraint =
            moved.as_index().and_then(|index| Some((index.table.clone(), index.constraint.clone()?)));
        // A table knows its indexes and sequences, and these know their table.
        let table = match &moved.shape {
            Shape::Index(index) => Some(index.table.clone()),
            Shape::Sequence { owner } => owner.as_ref().map(|(table, _)| table.clone()),
            Shape::Table(_) | Shape::View(_) => None,
        };
        self.relations.insert(new.clone(), moved);
        let follow = |name: &mut Name| {
            if name == old {
                name.clone_from(new);
            }
        };
        let follow_in = |_: &Name, relation: &mut Relation| match &mut relation.shape {
            Shape::Table(table) => follow_table(table, &follow),
            Shape::Index(index) => {
                follow(&mut index.table);
                index.attached_to.iter_mut().for_each(&follow);
            }
            Shape::View(view) => view.reads.iter_mut().for_each(&follow),
            Shape::Sequence { owner } => owner.iter_mut().for_each(|(table, _)| follow(table)),
        };
        self.relations.change_mentioning(old, follow_in);
        for name in table.iter().chain([new]) {
            self.relations.change(name, |relation| follow_in(name, relation));
        }
        self.publications.values_mut().flatten().for_each(&follow);
        // An index and its constraint have one name.
        if let Some((table, from)) = constraint {
            self.change_table(&table, |table| {
                let same = table.constraints.iter_mut().filter(|one| one.name == from);
                same.for_each(|one| one.name.clone_from(&new.name));
            });
            self.relations.change_index(new, |index| index.constraint = Some(new.name.clone()));
        }
    }

    pub(super) fn rename_schema(&mut self, from: &str, to: &str) {
        let inside: Vec<Name> = self
            .relations
            .iter()
            .map(|(name, _)| name)
            .filter(|name| name.schema.as_deref() == Some(from))
            .cloned()
            .collect();
        for old in inside {
            let new = Name::in_schema(to, &old.name);
            self.rename_relation(&old, &new);
        }
    }

    fn attach_index(&mut self, parent: &Name, index: &Name) {
        let index = self.resolve(index);
        self.relations.change_index(&index, |own| own.attached_to = Some(parent.clone()));
        let Some(above) = self.index(parent).map(|above| above.table.clone()) else { return };
        let attached = |index: &Index| index.attached_to.as_ref() == Some(parent) && index.valid;
        let complete = self
            .children_of(&above)
            .all(|(child, _)| self.indexes_of(child).any(|(_, index)| attached(index)));
        if complete {
            self.relations.change_index(parent, |above| above.valid = true);
        }
    }
}

fn follow_table(table: &mut Table, follow: &impl Fn(&mut Name)) {
    table.partition_of.iter_mut().for_each(|(parent, _)| follow(parent));
    table.inherits.iter_mut().for_each(follow);
    table.columns.iter_mut().filter_map(|column| column.sequence.as_mut()).for_each(follow);
    for constraint in &mut table.constraints {
        constraint.index.iter_mut().for_each(follow);
        if let ConstraintKind::ForeignKey(ForeignKey { table, .. }) = &mut constraint.kind {
            follow(table);
        }
    }
}
