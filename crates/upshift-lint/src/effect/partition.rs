//! Partitions: made, attached, detached.

use super::bound::{excludes, implies};
use super::model::Model;
use crate::statement::{Bound, DetachHow, LockMode, Name};

impl Model<'_> {
    /// A partition that is made: nobody may use the table meanwhile, nor its DEFAULT.
    pub(super) fn create_partition(&mut self, parent: &Name, bound: &Bound) {
        let parent = self.existing(parent);
        self.lock(&parent, LockMode::AccessExclusive);
        if *bound == Bound::Default {
            self.needs(11, "a DEFAULT partition");
        }
        self.search_default(&parent, bound);
        self.lock_referred_by(&parent);
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
        let key = self.catalog.table(parent).and_then(|table| table.partition_by.clone());
        for one in self.catalog.family_of(&partition) {
            self.lock(&one, LockMode::AccessExclusive);
            let proven = self.catalog.table(&one).zip(key.as_ref());
            if !proven.is_some_and(|(table, key)| implies(table, key, bound)) {
                self.scan(&one);
            }
        }
        self.build_missing_indexes(parent, &partition);
        self.lock_referred_by(parent);
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
            self.scan(partition);
        }
        // An index of the partition is compared with that of the table.
        self.lock_indexes(partition, LockMode::AccessShare);
    }

    /// A partition gets the foreign keys of its table: triggers on the tables they refer to.
    fn lock_referred_by(&mut self, parent: &Name) {
        let Some(table) = self.catalog.table(parent) else { return };
        let referred: Vec<Name> =
            table.constraints.iter().filter_map(|one| one.refers_to().cloned()).collect();
        for to in referred {
            self.lock_all(&self.partitions_of(&to), LockMode::ShareRowExclusive);
        }
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
}
