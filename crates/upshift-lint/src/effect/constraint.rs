//! Constraints: added, validated, dropped, renamed.

use super::alter::{Altering, beside};
use super::model::Model;
use crate::catalog;
use crate::statement::{
    Constraint, ConstraintKind, Dependants, Enforcement, Expression, ForeignKey, Heirs, Key, LockMode, Name,
    Nulls, Persistence, TypeName, Validity, WhenMissing,
};

/// Whether the rows there are must meet a foreign key.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Look {
    AtRows,
    Away,
}

impl Model<'_> {
    pub(super) fn add_constraint(&mut self, work: &mut Altering, table: &Name, constraint: &Constraint) {
        if constraint.enforcement == Enforcement::NotEnforced {
            self.needs(18, "NOT ENFORCED");
        }
        if constraint.nulls == Nulls::NotDistinct {
            self.needs(15, "NULLS NOT DISTINCT");
        }
        self.refuse_taken_name(work, table, constraint);
        let family = work.family(self, table);
        match &constraint.kind {
            ConstraintKind::Check(_) => {
                // Since 18 heirs are locked for a constraint that is not for them, too.
                let own = constraint.heirs == Heirs::Excluded;
                if !own || self.is_since(18) {
                    self.lock_all(&family, LockMode::AccessExclusive);
                }
                if !own {
                    self.refuse_only(work, table);
                }
                let tables = if own { vec![table.clone()] } else { family };
                tables.iter().for_each(|one| self.add_check(work, one, constraint));
            }
            ConstraintKind::NotNull(column) => {
                self.needs(18, "NOT NULL as a constraint of the table");
                self.lock_all(&family, LockMode::AccessExclusive);
                if constraint.validity == Validity::Valid {
                    family.iter().for_each(|one| self.set_not_null(work, one, column));
                }
            }
            ConstraintKind::Unique(key) => self.add_key(table, constraint.name.as_deref(), key),
            ConstraintKind::PrimaryKey(key) => {
                let there = self.catalog.table(table).and_then(|found| found.primary_key());
                if there.is_some_and(|there| !work.gone.contains(&there.name)) {
                    self.refuse(format!("{table} has a primary key already"));
                }
                self.key_is_not_null(work, table, key);
                self.add_key(table, constraint.name.as_deref(), key);
            }
            ConstraintKind::Exclude { parts } => {
                parts.iter().for_each(|part| self.call_functions_of(part));
                self.build_on(table);
            }
            ConstraintKind::ForeignKey(key) => {
                let partitioned = self.catalog.table(table).is_some_and(|found| found.partition_by.is_some());
                if constraint.validity == Validity::NotValid && partitioned {
                    self.needs(18, "a foreign key of a partitioned table that is NOT VALID");
                }
                let looks =
                    constraint.validity == Validity::Valid && constraint.enforcement == Enforcement::Enforced;
                self.foreign_key(table, key, if looks { Look::AtRows } else { Look::Away });
            }
        }
    }

    fn refuse_taken_name(&mut self, work: &Altering, table: &Name, constraint: &Constraint) {
        let Some(name) = constraint.name.as_ref().filter(|name| !work.gone.contains(*name)) else { return };
        let there = self.catalog.table(table).and_then(|found| found.constraint(name));
        if there.is_some_and(|there| !matches!(there.kind, ConstraintKind::NotNull(_))) {
            self.refuse(format!("{table} has a constraint {name} already"));
        }
    }

    /// A CHECK is tried on every row of a table, unless the table has one of that name already and the two are merged.
    pub(super) fn add_check(&mut self, work: &mut Altering, table: &Name, constraint: &Constraint) {
        if let ConstraintKind::Check(check) = &constraint.kind {
            self.call_functions_of(check);
        }
        let same = constraint.name.as_ref().and_then(|name| self.catalog.table(table)?.constraint(name));
        let looks = constraint.validity == Validity::Valid && constraint.enforcement == Enforcement::Enforced;
        if looks && same.is_none() {
            work.scan(table);
        }
    }

    /// The columns of a primary key become NOT NULL.
    fn key_is_not_null(&mut self, work: &mut Altering, table: &Name, key: &Key) {
        let columns: Vec<String> = match key {
            Key::Columns(columns) => columns.clone(),
            Key::Index(index) => {
                let index = self.catalog.index(&beside(table, index));
                index.map_or_else(Vec::new, |i| i.leading_columns().into_iter().map(str::to_owned).collect())
            }
        };
        for one in self.partitions_of(table) {
            columns.iter().for_each(|column| self.set_not_null(work, &one, column));
        }
    }

    fn add_key(&mut self, table: &Name, name: Option<&str>, key: &Key) {
        let index = match key {
            Key::Index(index) => index,
            Key::Columns(columns) => {
                self.refuse_without_partition_key(table, columns);
                return self.build_on(table);
            }
        };
        let renamed = name.is_some_and(|name| name != index);
        let index = beside(table, index);
        self.lock(&index, LockMode::AccessShare);
        if renamed {
            // The index takes the constraint's name.
            self.lock(&index, self.lock_to_rename_index());
        }
    }

    /// A key of a partitioned table has the columns by which it is partitioned, and by which its partitions are.
    pub(super) fn refuse_without_partition_key(&mut self, table: &Name, columns: &[String]) {
        for one in self.partitions_of(table) {
            let Some(by) = self.catalog.table(&one).and_then(|found| found.partition_by.as_ref()) else {
                continue;
            };
            let within = by.key.iter().all(|part| columns.iter().any(|column| part.is_column(column)));
            if !within {
                self.refuse(format!("a key of {table} needs the columns that {one} is partitioned by"));
            }
        }
    }

    /// ONLY: what heirs must have, too, cannot be of the table alone.
    pub(super) fn refuse_only(&mut self, work: &Altering, table: &Name) {
        if work.is_only() && self.catalog.children_of(table).next().is_some() {
            self.refuse(format!("{table} has heirs, which must change as well"));
        }
    }

    /// Since 12 an index is renamed without stopping those who use it (release notes of 12, E.21.3.3).
    fn lock_to_rename_index(&self) -> LockMode {
        if self.is_since(12) { LockMode::ShareUpdateExclusive } else { LockMode::AccessExclusive }
    }

    /// An index is built for a key: on every partition, too.
    fn build_on(&mut self, table: &Name) {
        for one in self.partitions_of(table) {
            self.lock(&one, LockMode::Share);
            if one != *table && self.is_since(18) {
                self.lock(&one, LockMode::AccessExclusive);
            }
            self.scan(&one);
        }
    }

    pub(super) fn foreign_key(&mut self, table: &Name, key: &ForeignKey, look: Look) {
        let to = self.existing(&key.table);
        self.refuse_mismatch(table, &to, key);
        self.lock_all(&self.partitions_of(table), LockMode::ShareRowExclusive);
        self.refer_to(&to);
        let (joined, left): (Vec<Name>, Vec<Name>) = self
            .partitions_of(table)
            .into_iter()
            .filter(|one| one != table || !self.is_partitioned(table))
            .partition(|one| one != table && self.has_key(one, &to, key));
        if !joined.is_empty() {
            // The triggers of the partitions' own keys make way for those of the one key (`tryAttachPartitionForeignKey`).
            self.lock_all(&self.partitions_of(&to), LockMode::AccessExclusive);
        }
        if look == Look::AtRows {
            left.iter().for_each(|one| self.query_both(one, &to, LockMode::AccessShare));
        }
    }

    fn is_partitioned(&self, table: &Name) -> bool {
        self.catalog.table(table).is_some_and(|found| found.partition_by.is_some())
    }

    /// Whether a partition has this foreign key already, validated: it joins the one of the whole table.
    fn has_key(&self, partition: &Name, to: &Name, key: &ForeignKey) -> bool {
        let refers = |key: &ForeignKey| match key.references.is_empty() {
            true => self.catalog.key_columns(to),
            false => key.references.clone(),
        };
        let is_same = |one: &catalog::Constraint| {
            let ConstraintKind::ForeignKey(own) = &one.kind else { return false };
            one.validity == Validity::Valid
                && self.catalog.resolve(&own.table) == *to
                && own.columns == key.columns
                && refers(own) == refers(key)
        };
        self.catalog.table(partition).is_some_and(|found| found.constraints.iter().any(is_same))
    }

    /// The triggers of a foreign key go from the table it refers to. Before 15 a partitioned one had none of its own.
    pub(super) fn lock_for_drop(&mut self, to: &Name) {
        let own = self.is_since(15) || self.has_rows(to);
        let all = self.partitions_of(to).into_iter().skip(if own { 0 } else { 1 });
        let all: Vec<Name> = all.collect();
        self.lock_all(&all, LockMode::AccessExclusive);
    }

    /// What no foreign key can be: of a permanent table to one that is not, between types without an `=`.
    fn refuse_mismatch(&mut self, table: &Name, to: &Name, key: &ForeignKey) {
        let (Some(from), Some(other)) = (self.catalog.table(table), self.catalog.table(to)) else { return };
        if from.persistence == Persistence::Permanent && other.persistence != Persistence::Permanent {
            self.refuse(format!("{table} is permanent, and {to} is not"));
        }
        let references =
            if key.references.is_empty() { self.catalog.key_columns(to) } else { key.references.clone() };
        for (column, referred) in key.columns.iter().zip(&references) {
            let (Some(one), Some(two)) = (from.column(column), other.column(referred)) else { continue };
            let is_text = |of: &TypeName| ["text", "character varying"].iter().any(|name| of.is(name));
            let is_whole = |of: &TypeName| ["smallint", "integer", "bigint"].iter().any(|name| of.is(name));
            let (one, two) = (&one.type_name, &two.type_name);
            if is_text(one) && is_whole(two) || is_whole(one) && is_text(two) {
                self.refuse(format!("{column} is {one}, and {referred} is {two}"));
            }
        }
    }

    /// Triggers are made on the table a foreign key refers to.
    pub(super) fn refer_to(&mut self, to: &Name) {
        self.lock_all(&self.partitions_of(to), LockMode::ShareRowExclusive);
    }

    /// The query that looks for rows without a counterpart (`RI_Initial_Check`) reads both sides.
    pub(super) fn query_both(&mut self, table: &Name, to: &Name, mode: LockMode) {
        for side in [table, to] {
            for one in self.partitions_of(side) {
                self.query_table(&one, mode);
                self.scan(&one);
            }
        }
    }

    pub(super) fn validate_constraint(&mut self, work: &mut Altering, table: &Name, name: &str) {
        let Some(found) = self.catalog.table(table) else {
            return work.scan(table);
        };
        let Some(constraint) = found.constraint(name) else {
            return self.refuse(format!("{table} has no constraint {name}"));
        };
        if constraint.validity == Validity::Valid {
            return;
        }
        match &constraint.kind {
            ConstraintKind::ForeignKey(key) => {
                self.lock(&key.table, LockMode::RowShare);
                if self.is_since(18) {
                    // Only since then may a partitioned table have one that is not validated.
                    self.lock_all(&self.partitions_of(table), LockMode::ShareUpdateExclusive);
                }
                self.query_both(table, &key.table, LockMode::AccessShare);
            }
            _ => {
                for one in work.family(self, table) {
                    self.lock(&one, LockMode::ShareUpdateExclusive);
                    work.scan(&one);
                }
            }
        }
    }

    pub(super) fn drop_constraint(
        &mut self,
        work: &Altering,
        table: &Name,
        name: &str,
        (missing, dependants): (WhenMissing, Dependants),
    ) {
        let Some(found) = self.catalog.table(table) else { return };
        let Some(constraint) = found.constraint(name).cloned() else {
            // NOT NULL of a column is a constraint with a name since 18, which the catalogue does not keep.
            if missing == WhenMissing::Fail && !self.is_since(18) {
                self.refuse(format!("{table} has no constraint {name}"));
            }
            return;
        };
        let inherited = found
            .parents()
            .any(|parent| self.catalog.table(parent).and_then(|above| above.constraint(name)).is_some());
        if inherited && matches!(constraint.kind, ConstraintKind::Check(_)) {
            self.refuse(format!("{name} of {table} is inherited"));
        }
        // With ONLY the direct heirs are locked all the same: the constraint becomes their own.
        self.lock_all(&work.family(self, table), LockMode::AccessExclusive);
        if matches!(constraint.kind, ConstraintKind::Check(_)) {
            let heirs: Vec<Name> = self.catalog.children_of(table).map(|(heir, _)| heir.clone()).collect();
            self.lock_all(&heirs, LockMode::AccessExclusive);
        }
        self.drop_with_constraint(table, &constraint, dependants);
    }

    fn drop_with_constraint(
        &mut self,
        table: &Name,
        constraint: &catalog::Constraint,
        dependants: Dependants,
    ) {
        if let ConstraintKind::ForeignKey(key) = &constraint.kind {
            self.lock_all(&self.partitions_of(&key.table), LockMode::AccessExclusive);
        }
        let Some(index) = &constraint.index else { return };
        self.lock_index_family(index);
        let columns: Vec<String> = self
            .catalog
            .index(index)
            .map(|index| index.leading_columns().into_iter().map(str::to_owned).collect())
            .unwrap_or_default();
        for (from, referring) in self.catalog.references_to(table) {
            let ConstraintKind::ForeignKey(key) = &referring.kind else { continue };
            if key.references != columns {
                continue;
            }
            self.lock_all(&self.partitions_of(from), LockMode::AccessExclusive);
            if dependants == Dependants::Refuse {
                self.refuse(format!("{} of {from} refers to it", referring.name));
            }
        }
    }

    /// An index with those attached to it.
    pub(super) fn lock_index_family(&mut self, index: &Name) {
        self.lock(index, LockMode::AccessExclusive);
        let attached = self.catalog.relations().filter_map(|(name, relation)| {
            let index_of = relation.as_index()?;
            (index_of.attached_to.as_ref() == Some(index)).then(|| name.clone())
        });
        let attached: Vec<Name> = attached.collect();
        attached.iter().for_each(|one| self.lock_index_family(one));
    }

    pub(super) fn rename_constraint(&mut self, work: &Altering, table: &Name, from: &str) {
        let Some(found) = self.catalog.table(table) else { return };
        let Some(constraint) = found.constraint(from) else { return };
        if let Some(index) = constraint.index.clone() {
            self.lock(&index, self.lock_to_rename_index());
        }
        if matches!(constraint.kind, ConstraintKind::Check(_)) {
            self.lock_all(&work.family(self, table), LockMode::AccessExclusive);
        }
    }

    /// What an expression calls may lock what it likes; of what is known only nextval does.
    pub(super) fn call_functions_of(&mut self, expression: &Expression) {
        self.known_functions(expression);
        for sequence in super::query::sequences_in(expression) {
            let sequence = self.catalog.resolve(&sequence);
            self.lock(&sequence, LockMode::RowExclusive);
        }
    }
}
