//! ALTER COLUMN, DROP COLUMN and RENAME COLUMN.

use super::alter::Altering;
use super::model::Model;
use super::types::{Change, change};
use crate::catalog::{Index, Table, View};
use crate::statement::{
    ColumnChange, ConstraintKind, Dependants, Expression, ExpressionKind, Generated, LockMode, Name,
    TypeName, WhenMissing,
};

/// What TYPE says: the type, COLLATE, USING.
struct NewType<'s> {
    of: &'s TypeName,
    collation: Option<&'s Name>,
    using: Option<&'s Expression>,
}

impl Model<'_> {
    pub(super) fn change_column(
        &mut self,
        work: &mut Altering,
        table: &Name,
        column: &str,
        to: &ColumnChange,
    ) {
        match to {
            ColumnChange::SetType { type_name, collation, using } => {
                let new = NewType { of: type_name, collation: collation.as_ref(), using: using.as_ref() };
                self.refuse_only(work, table);
                self.refuse_if_used(table, column);
                for one in work.family(self, table) {
                    self.set_type(work, &one, column, &new);
                }
            }
            ColumnChange::SetNotNull => {
                for one in work.family(self, table) {
                    self.set_not_null(work, &one, column);
                }
            }
            ColumnChange::AddIdentity(_) => self.add_identity(table, column),
            ColumnChange::SetIdentity { restarts, .. } => {
                if let Some(sequence) = self.sequence_behind(table, column) {
                    self.lock(&sequence, LockMode::ShareRowExclusive);
                    if *restarts {
                        self.effects.rewrite(&sequence);
                    }
                }
            }
            ColumnChange::DropIdentity => {
                if let Some(sequence) = self.sequence_behind(table, column) {
                    self.lock(&sequence, LockMode::AccessExclusive);
                }
            }
            ColumnChange::SetExpression(_) => {
                self.needs(17, "SET EXPRESSION");
                for one in work.family(self, table) {
                    self.set_expression(work, &one, column);
                }
            }
            ColumnChange::SetCompression => self.needs(14, "SET COMPRESSION"),
            ColumnChange::DropExpression => self.needs(13, "DROP EXPRESSION"),
            ColumnChange::DropNotNull if self.catalog.key_columns(table).iter().any(|key| key == column) => {
                self.refuse(format!("{column} is in the primary key of {table}"));
            }
            ColumnChange::SetDefault(value) => self.call_functions_of(value),
            _ => {}
        }
    }

    fn sequence_behind(&self, table: &Name, column: &str) -> Option<Name> {
        self.catalog.column(table, column)?.sequence.clone()
    }

    fn add_identity(&mut self, table: &Name, column: &str) {
        if let Some(there) = self.catalog.column(table, column) {
            if there.identity || there.default.is_some() {
                self.refuse(format!("{column} of {table} has a default already"));
            } else if !there.not_null {
                self.refuse(format!("{column} of {table} is not NOT NULL"));
            }
        }
        // The new sequence is OWNED BY the column.
        self.lock(table, LockMode::AccessShare);
    }

    /// Every row is looked at unless the column cannot have a NULL (`NotNullImpliedByRelConstraints`, since 12).
    pub(super) fn set_not_null(&mut self, work: &mut Altering, table: &Name, column: &str) {
        let proven = self.catalog.table(table).is_some_and(|found| {
            found.column(column).is_some_and(|column| column.not_null)
                || self.is_since(12) && found.proves_not_null(column)
        });
        if !proven {
            work.scan(table);
        }
    }

    fn set_expression(&mut self, work: &mut Altering, table: &Name, column: &str) {
        match self.catalog.column(table, column).and_then(|column| column.generated) {
            Some(Generated::Stored) | None => {
                work.rewrite(table);
                self.rebuild_indexes_of(work, table, column, Change::Rewrite);
            }
            Some(Generated::Virtual) => {}
        }
    }

    fn set_type(&mut self, work: &mut Altering, table: &Name, column: &str, new: &NewType<'_>) {
        let NewType { of: to, collation, using } = *new;
        let Some(there) = self.catalog.column(table, column) else {
            // Of a table that no migration made neither the type nor the indexes are known: the worst.
            work.rewrite(table);
            return;
        };
        let mut cost = change(&there.type_name, to, self.catalog, self.major);
        if let Some(using) = using {
            cost = cost.max(self.cost_of(using, column, &there.type_name, to));
        }
        if there.generated == Some(Generated::Stored) {
            cost = cost.max(Change::Rewrite);
        }
        if collation != there.collation.as_ref() {
            cost = cost.max(Change::Indexes);
        }
        if cost == Change::Rewrite {
            work.rewrite(table);
        }
        // The sequence of an identity gets the type as well.
        if let Some(sequence) = there.sequence.clone().filter(|_| there.identity) {
            self.lock(&sequence, LockMode::ShareRowExclusive);
            self.effects.rewrite(&sequence);
        }
        self.rebuild_indexes_of(work, table, column, cost);
        self.reenter_constraints(work, table, column, cost);
    }

    /// USING: the bare column, perhaps cast, is what the server would do by itself.
    fn cost_of(&self, using: &Expression, column: &str, from: &TypeName, to: &TypeName) -> Change {
        match &using.kind {
            ExpressionKind::Column(_) if using.is_column(column) => Change::Nothing,
            ExpressionKind::Cast(inner, by) if inner.is_column(column) => {
                change(from, by, self.catalog, self.major).max(change(by, to, self.catalog, self.major))
            }
            _ => Change::Rewrite,
        }
    }

    /// Every index that has the column is dropped and made again (`ATPostAlterTypeCleanup`); where nothing in it changes
    /// its file is kept (`CheckIndexCompatible`), never that of one with an expression or a WHERE.
    fn rebuild_indexes_of(&mut self, work: &mut Altering, table: &Name, column: &str, cost: Change) {
        for (name, index) in self.catalog.indexes_of(table) {
            if !index.uses(column) {
                continue;
            }
            work.anew.insert(name.clone());
            let plain = index.predicate.is_none() && index.leading_columns().len() == index.parts.len();
            if cost == Change::Indexes || cost == Change::Nothing && !plain {
                work.built.insert(name.clone());
            }
        }
    }

    /// Constraints over the column are dropped and made again: a CHECK is tried on every row, a foreign key is dropped on
    /// both sides, and looked at when the values may have changed (`TryReuseForeignKey`).
    fn reenter_constraints(&mut self, work: &mut Altering, table: &Name, column: &str, cost: Change) {
        let Some(found) = self.catalog.table(table) else { return };
        for constraint in &found.constraints {
            match &constraint.kind {
                ConstraintKind::Check(check)
                    if constraint.is_proven() && check.columns().any(|used| used == column) =>
                {
                    work.scan(table);
                }
                ConstraintKind::ForeignKey(key) if key.columns.iter().any(|one| one == column) => {
                    self.lock_for_drop(&key.table);
                    self.refer_to(&key.table);
                    if cost == Change::Rewrite && constraint.is_proven() {
                        self.query_both(table, &key.table, LockMode::AccessShare);
                    }
                }
                _ => {}
            }
        }
        for (from, constraint) in self.catalog.references_to(table) {
            let ConstraintKind::ForeignKey(key) = &constraint.kind else { continue };
            if key.references.iter().any(|one| one == column) {
                self.lock(from, LockMode::AccessExclusive);
                if cost == Change::Rewrite && constraint.is_proven() {
                    self.query_both(from, table, LockMode::AccessShare);
                }
            }
        }
    }

    /// What PostgreSQL does not let the type of a column change under.
    fn refuse_if_used(&mut self, table: &Name, column: &str) {
        if let Some((view, _)) = self.views_over(table, column) {
            self.refuse(format!("the view {view} uses {column}"));
        }
        let Some(found) = self.catalog.table(table) else { return };
        if found.column(column).is_none() {
            self.refuse(format!("{table} has no column {column}"));
        }
        if let Some(from) = generated_from(found, column) {
            self.refuse(format!("{from} is generated from {column}"));
        }
        self.refuse_in_partition_key(table, column);
        self.refuse_inherited(table, column);
    }

    fn refuse_in_partition_key(&mut self, table: &Name, column: &str) {
        for one in self.catalog.family_of(table) {
            if self.catalog.table(&one).is_some_and(|found| is_in_key(found, column)) {
                self.refuse(format!("{one} is partitioned by {column}"));
            }
        }
    }

    fn refuse_inherited(&mut self, table: &Name, column: &str) {
        let Some(found) = self.catalog.table(table) else { return };
        if found.parents().any(|parent| self.catalog.column(parent, column).is_some()) {
            self.refuse(format!("{column} of {table} is inherited"));
        }
    }

    /// A view that uses a column; where another of its tables has one of that name, it may be that one.
    fn views_over(&self, table: &Name, column: &str) -> Option<(Name, &View)> {
        let (name, view) = self.catalog.views_of(table).find(|(_, view)| {
            let all = view.columns.iter().any(|own| own == "*");
            let is_of = |other: &Name| other != table && self.catalog.column(other, column).is_some();
            let is_ours = !view.reads.iter().any(is_of);
            view.uses.iter().any(|used| used == column && is_ours || used == "*" && all)
        })?;
        Some((name.clone(), view))
    }

    pub(super) fn rename_column(&mut self, work: &mut Altering, table: &Name, from: &str, to: &str) {
        self.lock_all(&work.family(self, table), LockMode::AccessExclusive);
        self.refuse_only(work, table);
        self.refuse_inherited(table, from);
        let Some(found) = self.catalog.table(table) else { return };
        if found.column(from).is_none() {
            self.refuse(format!("{table} has no column {from}"));
        }
        if found.column(to).is_some() {
            self.refuse(format!("{table} has a column {to} already"));
        }
    }

    pub(super) fn drop_column(
        &mut self,
        work: &mut Altering,
        table: &Name,
        column: &str,
        (missing, dependants): (WhenMissing, Dependants),
    ) {
        let Some(found) = self.catalog.table(table) else { return };
        if found.column(column).is_none() {
            if missing == WhenMissing::Fail {
                self.refuse(format!("{table} has no column {column}"));
            }
            return;
        }
        // Before 15 a column that others are generated from took those with it.
        if let (Some(from), Dependants::Refuse) = (generated_from(found, column), dependants)
            && self.is_since(15)
        {
            self.refuse(format!("{from} is generated from {column}"));
        }
        self.refuse_in_partition_key(table, column);
        self.refuse_inherited(table, column);
        match (self.views_over(table, column), dependants) {
            (Some((view, _)), Dependants::Refuse) => self.refuse(format!("the view {view} uses {column}")),
            (Some(_), Dependants::Drop) => self.drop_views_over(table, column),
            (None, _) => {}
        }
        for one in work.family(self, table) {
            self.drop_with_column(&one, column, dependants);
        }
    }

    /// What goes with a column: indexes it is in, foreign keys on it and to it, its sequence.
    pub(super) fn drop_with_column(&mut self, table: &Name, column: &str, dependants: Dependants) {
        let in_it = |(_, index): &(&Name, &Index)| index.uses(column);
        let indexes: Vec<Name> =
            self.catalog.indexes_of(table).filter(in_it).map(|(name, _)| name.clone()).collect();
        self.lock_all(&indexes, LockMode::AccessExclusive);
        if let Some(sequence) = self.sequence_behind(table, column) {
            self.lock(&sequence, LockMode::AccessExclusive);
        }
        let Some(found) = self.catalog.table(table) else { return };
        for constraint in &found.constraints {
            if let ConstraintKind::ForeignKey(key) = &constraint.kind
                && key.columns.iter().any(|one| one == column)
            {
                self.lock_for_drop(&key.table);
            }
        }
        for (from, constraint) in self.catalog.references_to(table) {
            let ConstraintKind::ForeignKey(key) = &constraint.kind else { continue };
            if !key.references.iter().any(|one| one == column) || from == table {
                continue;
            }
            self.lock(from, LockMode::AccessExclusive);
            if dependants == Dependants::Refuse {
                self.refuse(format!("a foreign key of {from} refers to {column}"));
            }
        }
    }

    fn drop_views_over(&mut self, table: &Name, column: &str) {
        let views = self.catalog.views_of(table).filter(|(_, view)| view.may_use(column));
        let views: Vec<Name> = views.map(|(name, _)| name.clone()).collect();
        views.iter().for_each(|view| self.drop_one(view, Dependants::Drop));
    }
}

/// The column that is generated from this one.
fn generated_from<'t>(table: &'t Table, column: &str) -> Option<&'t str> {
    let made = table.columns.iter().find(|one| one.generated_from.iter().any(|from| from == column));
    made.map(|one| one.name.as_str())
}

/// Whether rows go to partitions by this column.
fn is_in_key(table: &Table, column: &str) -> bool {
    let mut key = table.partition_by.iter().flat_map(|by| &by.key);
    key.any(|part| part.columns().any(|used| used == column))
}
