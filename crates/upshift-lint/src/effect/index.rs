//! CREATE INDEX, REINDEX, ATTACH PARTITION of an index.

use super::model::Model;
use crate::statement::{CreateIndex, Expression, Kind, LockMode, Manner, Name, Nulls, WhenExisting};

impl Model<'_> {
    pub(super) fn create_index(&mut self, created: &CreateIndex) {
        let table = self.existing(&created.table);
        let mode = match created.manner {
            Manner::Blocking => LockMode::Share,
            Manner::Concurrently => LockMode::ShareUpdateExclusive,
        };
        self.lock(&table, mode);
        if created.nulls == Nulls::NotDistinct {
            self.needs(15, "NULLS NOT DISTINCT");
        }
        let partitioned = self.catalog.table(&table).is_some_and(|found| found.partition_by.is_some());
        let view = self.catalog.relation(&table).and_then(|relation| relation.as_view());
        if view.is_some_and(|view| !view.materialized) {
            self.refuse(format!("{table} is a view"));
        }
        if created.unique && partitioned {
            let columns: Vec<String> =
                created.parts.iter().flat_map(Expression::columns).map(str::to_owned).collect();
            self.refuse_without_partition_key(&table, &columns);
        }
        if partitioned {
            self.needs(11, "an index of a partitioned table");
            if created.manner == Manner::Concurrently {
                self.refuse("an index of a partitioned table cannot be built concurrently");
            }
        }
        if created.only {
            self.needs(11, "ON ONLY");
            if partitioned {
                return;
            }
        }
        let taken = created.name.as_ref().map(|name| super::alter::beside(&table, name));
        if taken.is_some_and(|name| self.catalog.relation(&name).is_some()) {
            if created.existing == WhenExisting::Fail {
                self.refuse("there is a relation of that name already");
            }
            return;
        }
        for one in self.partitions_of(&table) {
            self.lock(&one, mode);
            match self.own_index(&one, created) {
                Some(own) => self.lock(&own, mode),
                None => self.scan(&one),
            }
        }
    }

    /// The index that a partition has already: it is attached, and none is built.
    fn own_index(&self, partition: &Name, created: &CreateIndex) -> Option<Name> {
        if self.catalog.resolve(&created.table) == *partition {
            return None;
        }
        let found = self.catalog.indexes_of(partition).find(|(_, index)| {
            index.attached_to.is_none()
                && index.unique == created.unique
                && index.method == created.method
                && index.predicate.is_none() == created.predicate.is_none()
                && index.parts.len() == created.parts.len()
                && index.leading_columns().len() == index.parts.len()
                && created.parts.iter().zip(index.leading_columns()).all(|(part, own)| part.is_column(own))
        });
        found.map(|(name, _)| name.clone())
    }

    pub(super) fn attach_index(&mut self, parent: &Name, index: &Name) {
        let index = self.existing(index);
        self.lock(&index, LockMode::AccessExclusive);
        for one in [parent, &index] {
            if let Some(table) = self.catalog.index(one).map(|index| index.table.clone()) {
                self.lock(&table, LockMode::AccessShare);
            }
        }
    }

    pub(super) fn reindex(&mut self, kind: Kind, name: Option<&Name>, manner: Manner) {
        if manner == Manner::Concurrently {
            self.needs(12, "REINDEX CONCURRENTLY");
        }
        match (kind, name) {
            (Kind::Index, Some(name)) => {
                let name = self.existing(name);
                let Some(table) = self.catalog.index(&name).map(|index| index.table.clone()) else {
                    return self.lock(&name, LockMode::AccessExclusive);
                };
                let above = self.partitions_of(&table).len() > 1;
                if above || !self.has_rows(&table) {
                    self.needs(14, "REINDEX of a partitioned index");
                }
                self.reindex_one(&name, &table, manner);
            }
            (Kind::Table, Some(name)) => {
                let name = self.existing(name);
                for table in self.partitions_of(&name) {
                    self.lock(&table, table_mode(manner));
                    for index in self.indexes_of(&table) {
                        self.reindex_one(&index, &table, manner);
                    }
                }
            }
            (Kind::Schema, Some(schema)) => self.reindex_all(Some(schema.name.clone()), manner),
            _ => self.reindex_all(None, manner),
        }
    }

    fn reindex_all(&mut self, schema: Option<String>, manner: Manner) {
        self.unknown("it goes over tables that no migration made as well");
        let all: Vec<(Name, Name)> = self
            .catalog
            .relations()
            .filter(|(name, _)| schema.is_none() || name.schema == schema)
            .filter_map(|(name, relation)| Some((name.clone(), relation.as_index()?.table.clone())))
            .collect();
        for (index, table) in all {
            self.reindex_one(&index, &table, manner);
        }
    }

    fn reindex_one(&mut self, index: &Name, table: &Name, manner: Manner) {
        self.lock(table, table_mode(manner));
        match manner {
            Manner::Blocking => {
                self.lock(index, LockMode::AccessExclusive);
                if self.has_rows(table) {
                    self.effects.rewrite(index);
                }
            }
            // A second index is built, the two change names, and the old one is dropped.
            Manner::Concurrently => {
                self.lock(index, LockMode::ShareUpdateExclusive);
                self.lock(index, LockMode::AccessExclusive);
                self.effects.rebuilds.insert(index.clone());
            }
        }
        self.scan(table);
    }
}

fn table_mode(manner: Manner) -> LockMode {
    match manner {
        Manner::Blocking => LockMode::Share,
        Manner::Concurrently => LockMode::ShareUpdateExclusive,
    }
}
