//! Partitions: made, attached, detached.

use super::bound::{excludes, implies};
use super::model::Model;
use crate::catalog::Table;
use crate::statement::{Bound, ConstraintKind, DetachHow, Heirs, LockMode, Name, Partitioning};

impl Model<'_> {
    /// A partition that is made: nobody may use the table meanwhile, nor its DEFAULT.
    pub(super) fn create_partition(&mut self, parent: &Name, bound: &Bound) {
        let parent = self.existing(parent);
        self.lock(&parent, LockMode::AccessExclusive);
        if *bound == Bound::Default {
            self.needs(11, "a DEFAULT partition");
        }
        self.search_default(&parent, bound);
        self.lock_beside_partition(&parent);
    }

    /// A DEFAULT partition must have none of the rows that the new one takes.
    fn search_default(&mut self, parent: &Name, bound: &Bound) {
        let found = self.catalog.children_of(parent).find(|(_, child)| {
            child.partition_of.as_ref().is_some_and(|(_, bound)| *bound == Bound::Default)
        });
        let Some(default) = found.map(|(name, _)| name.clone()) else { return };
        self.lock(&default, LockMode::AccessExclusive);
        let key = self.catalog.table(parent).and_then(|table| table.partition_by.clone());
        for one in self.catalog.family_of(&default) {
            let proven = self.catalog.table(&one).zip(key.as_ref());
            if !proven.is_some_and(|(table, key)| excludes(table, key, bound)) {
                self.lock(&one, LockMode::AccessExclusive);
                self.scan(&one);
            }
        }
    }

    pub(super) fn attach(&mut self, parent: &Name, partition: &Name, bound: &Bound) {
        let partition = self.existing(partition);
        if *bound == Bound::Default {
            self.needs(11, "a DEFAULT partition");
        }
        self.lock(&partition, LockMode::AccessExclusive);
        self.search_default(parent, bound);
        self.refuse_unlike(parent, &partition);
        let key = self.catalog.table(parent).and_then(|table| table.partition_by.clone());
        for one in self.catalog.family_of(&partition) {
            self.lock(&one, LockMode::AccessExclusive);
            let proven = self.catalog.table(&one).zip(key.as_ref());
            if !proven.is_some_and(|(table, key)| self.is_within(parent, table, key, bound)) {
                self.scan(&one);
            }
        }
        self.build_missing_indexes(parent, &partition);
        self.lock_beside_partition(parent);
    }

    /// Whether the constraints of a table prove that its rows belong to a new partition: to DEFAULT, when they belong
    /// to no other.
    fn is_within(&self, parent: &Name, table: &Table, key: &Partitioning, bound: &Bound) -> bool {
        match bound {
            Bound::Default => self.catalog.children_of(parent).all(|(_, other)| {
                other.partition_of.as_ref().is_none_or(|(_, other)| excludes(table, key, other))
            }),
            _ => implies(table, key, bound),
        }
    }

    /// A partition has every column, NOT NULL and CHECK of its table.
    pub(super) fn refuse_unlike(&mut self, parent: &Name, child: &Name) {
        let (Some(above), Some(own)) = (self.catalog.table(parent), self.catalog.table(child)) else {
            return;
        };
        for column in &above.columns {
            match own.column(&column.name) {
                None => self.refuse(format!("{child} has no column {}", column.name)),
                Some(there) if column.not_null && !there.not_null => {
                    self.refuse(format!("{} of {child} is not NOT NULL", column.name));
                }
                Some(_) => {}
            }
        }
        for constraint in &above.constraints {
            let check =
                matches!(constraint.kind, ConstraintKind::Check(_)) && constraint.heirs == Heirs::Included;
            if check && own.constraint(&constraint.name).is_none() {
                self.refuse(format!("{child} has no constraint {}", constraint.name));
            }
        }
    }

    /// Every index of the table that the new partition lacks is built on it.
    fn build_missing_indexes(&mut self, parent: &Name, partition: &Name) {
        let missing = self.catalog.indexes_of(parent).any(|(_, above)| {
            !self.catalog.indexes_of(partition).any(|(_, own)| {
                own.unique == above.unique
                    && own.method == above.method
                    && own.leading_columns() == above.leading_columns()
                    && own.attached_to.is_none()
            })
        });
        if missing {
            self.lock(partition, LockMode::Share);
            self.scan(partition);
        }
    }

    /// A partition gets the foreign keys of its table, in both directions, and its indexes are attached to the table's.
    fn lock_beside_partition(&mut self, parent: &Name) {
        self.lock_indexes(parent, LockMode::ShareUpdateExclusive);
        let Some(table) = self.catalog.table(parent) else { return };
        let referred: Vec<Name> =
            table.constraints.iter().filter_map(|one| one.refers_to().cloned()).collect();
        for to in referred {
            self.lock_all(&self.partitions_of(&to), LockMode::ShareRowExclusive);
        }
        let referring: Vec<Name> = self.catalog.references_to(parent).map(|(from, _)| from.clone()).collect();
        // Before 15 the triggers of the referring table stayed as they were.
        let mode = if self.is_since(15) { LockMode::ShareRowExclusive } else { LockMode::AccessShare };
        self.lock_all(&referring, mode);
    }

    pub(super) fn detach(&mut self, parent: &Name, partition: &Name, how: DetachHow) {
        let partition = self.existing(partition);
        let default = self.catalog.children_of(parent).find(|(_, child)| {
            child.partition_of.as_ref().is_some_and(|(_, bound)| *bound == Bound::Default)
        });
        if let Some(default) = default.map(|(name, _)| name.clone()) {
            if how == DetachHow::Concurrently {
                self.refuse(format!("{parent} has a DEFAULT partition ({default})"));
            }
            self.lock(&default, LockMode::AccessExclusive);
        }
        self.detach_indexes(parent, &partition);
        match how {
            // Before 14 a running query on the partition was not waited for.
            DetachHow::Blocking if !self.is_since(14) => {
                self.lock(&partition, LockMode::ShareUpdateExclusive)
            }
            DetachHow::Blocking => self.lock(&partition, LockMode::AccessExclusive),
            DetachHow::Concurrently | DetachHow::Finalize => {
                self.needs(14, "DETACH PARTITION CONCURRENTLY");
                self.lock(&partition, LockMode::ShareUpdateExclusive);
                self.lock(&partition, LockMode::AccessExclusive);
            }
        }
    }

    /// The indexes of a partition leave those of its table, and those below them become its own.
    fn detach_indexes(&mut self, parent: &Name, partition: &Name) {
        let above = self.indexes_of(parent);
        let attached = self
            .catalog
            .indexes_of(partition)
            .filter(|(_, index)| index.attached_to.as_ref().is_some_and(|to| above.contains(to)));
        let attached: Vec<Name> = attached.map(|(name, _)| name.clone()).collect();
        self.lock_all(&attached, LockMode::AccessExclusive);
        let below: Vec<Name> = self.catalog.family_of(partition).into_iter().skip(1).collect();
        self.lock_all(&below, LockMode::AccessExclusive);
        // The rows of tables that refer to it must not refer to rows in it.
        let referring: Vec<Name> = self.catalog.references_to(parent).map(|(from, _)| from.clone()).collect();
        for from in referring {
            self.query_table(&from, LockMode::AccessShare);
            self.scan(&from);
        }
    }
}
