//! What is gathered while a statement is looked at: locks, rewrites and scans, and the words for them that the files
//! beside this one use.

use std::collections::BTreeSet;

use super::{Certainty, Effects, Major};
use crate::Catalog;
use crate::statement::{LockMode, Name};

/// A statement's effects so far.
pub(super) struct Model<'c> {
    pub(super) catalog: &'c Catalog,
    pub(super) major: Major,
    pub(super) effects: Effects,
}

impl<'c> Model<'c> {
    pub(super) fn new(catalog: &'c Catalog, major: Major) -> Model<'c> {
        Model { catalog, major, effects: Effects::default() }
    }

    pub(super) fn is_since(&self, major: u16) -> bool {
        self.major.0 >= major
    }

    /// Before this version PostgreSQL refuses it.
    pub(super) fn needs(&mut self, major: u16, what: &str) {
        if !self.is_since(major) {
            self.refuse(format!("{what} needs PostgreSQL {major}"));
        }
    }

    /// PostgreSQL refuses the statement. The first reason stays.
    pub(super) fn refuse(&mut self, why: impl Into<String>) {
        if !matches!(self.effects.certainty, Certainty::Refused(_)) {
            self.effects.certainty = Certainty::Refused(why.into());
        }
    }

    /// There is more to it than can be told. The first reason stays.
    pub(super) fn unknown(&mut self, why: impl Into<String>) {
        if self.effects.certainty == Certainty::Known {
            self.effects.certainty = Certainty::Unknown(why.into());
        }
    }

    /// A name with its schema; where there is no such relation, that is said.
    pub(super) fn existing(&mut self, name: &Name) -> Name {
        let name = self.catalog.resolve(name);
        if self.catalog.relation(&name).is_none() {
            self.unknown(format!("no migration made {name}: what depends on it is not known"));
        }
        name
    }

    pub(super) fn lock(&mut self, relation: &Name, mode: LockMode) {
        self.effects.lock(relation, mode);
    }

    pub(super) fn lock_all<'n>(&mut self, relations: impl IntoIterator<Item = &'n Name>, mode: LockMode) {
        relations.into_iter().for_each(|relation| self.lock(relation, mode));
    }

    pub(super) fn indexes_of(&self, table: &Name) -> Vec<Name> {
        self.catalog.indexes_of(table).map(|(name, _)| name.clone()).collect()
    }

    pub(super) fn lock_indexes(&mut self, table: &Name, mode: LockMode) {
        self.lock_all(&self.indexes_of(table), mode);
    }

    /// Writes a table and its indexes anew; of those in `anew` the server makes new ones under the old names.
    pub(super) fn rewrite_table(&mut self, table: &Name, anew: &BTreeSet<Name>) {
        self.lock(table, LockMode::AccessExclusive);
        if !self.has_rows(table) {
            return;
        }
        self.effects.rewrite(table);
        self.effects.scan(table);
        for index in self.indexes_of(table) {
            self.lock(&index, LockMode::AccessExclusive);
            match anew.contains(&index) {
                true => drop(self.effects.rebuilds.insert(index)),
                false => self.effects.rewrite(&index),
            }
        }
    }

    /// Whether rows can be in it itself: not of a partitioned or foreign table.
    pub(super) fn has_rows(&self, table: &Name) -> bool {
        self.catalog.table(table).is_none_or(|table| table.partition_by.is_none() && !table.foreign)
    }

    pub(super) fn scan(&mut self, table: &Name) {
        if self.has_rows(table) {
            self.effects.scan(table);
        }
    }

    /// Reads a table by a query of the server's own: the planner looks at all its indexes.
    pub(super) fn query_table(&mut self, table: &Name, mode: LockMode) {
        self.lock(table, mode);
        let of_indexes = if mode == LockMode::RowShare && !self.is_since(12) {
            // Before 12 the planner locked the indexes of every table but the one written to for reading.
            LockMode::AccessShare
        } else {
            mode
        };
        // A partitioned table's own indexes are looked at since 16 (unique joins of partitioned tables).
        if self.has_rows(table) || self.is_since(16) {
            self.lock_indexes(table, of_indexes);
        }
    }

    /// A table with its partitions, and theirs; for a table with heirs the table alone.
    pub(super) fn partitions_of(&self, table: &Name) -> Vec<Name> {
        let partitioned = self.catalog.table(table).is_some_and(|table| table.partition_by.is_some());
        if partitioned { self.catalog.family_of(table) } else { vec![self.catalog.resolve(table)] }
    }
}
