//! Constraints that are added: their names, and the indexes behind them.

use super::Catalog;
use super::naming::columns_of;
use super::relation::{Constraint, Index, Shape, Table};
use crate::statement::{self, ConstraintKind, Expression, ExpressionKind, ForeignKey, Key, Name, Validity};

impl Catalog {
    pub(super) fn add_constraint(&mut self, table: &Name, constraint: &statement::Constraint) {
        let table = self.resolve(table);
        let kind = match &constraint.kind {
            ConstraintKind::ForeignKey(key) => {
                let to = self.resolve(&key.table);
                let references = match key.references.is_empty() {
                    true => self.key_columns(&to),
                    false => key.references.clone(),
                };
                ConstraintKind::ForeignKey(ForeignKey { table: to, references, ..key.clone() })
            }
            other => other.clone(),
        };
        let columns = columns_in(&kind);
        let name = constraint.name.clone().unwrap_or_else(|| self.constraint_name(&table, &kind, &columns));
        let index = self.index_behind(&table, &name, &kind);
        if let (ConstraintKind::PrimaryKey(_), Some(index)) = (&kind, &index) {
            let columns: Vec<String> = self
                .index(index)
                .map(|index| index.leading_columns().into_iter().map(str::to_owned).collect())
                .unwrap_or_default();
            columns.iter().for_each(|column| self.change_column(&table, column, |c| c.not_null = true));
        }
        if let (ConstraintKind::NotNull(column), Validity::Valid) = (&kind, constraint.validity) {
            self.change_column(&table, column, |column| column.not_null = true);
        }
        let made = Constraint {
            name,
            kind,
            validity: constraint.validity,
            enforcement: constraint.enforcement,
            deferrable: constraint.deferrable,
            heirs: constraint.heirs,
            index,
            origin: self.origin,
            validated_by: None,
        };
        self.change_table(&table, |table| table.constraints.push(made));
    }

    /// The columns of a table's primary key.
    pub(crate) fn key_columns(&self, table: &Name) -> Vec<String> {
        let index = self.table(table).and_then(Table::primary_key).and_then(|key| key.index.as_ref());
        let index = index.and_then(|index| self.index(index));
        index
            .map(|index| index.leading_columns().into_iter().map(str::to_owned).collect())
            .unwrap_or_default()
    }

    /// The name PostgreSQL would give to a constraint of a table.
    pub(crate) fn name_for(&self, table: &Name, kind: &ConstraintKind) -> String {
        self.constraint_name(&self.resolve(table), kind, &columns_in(kind))
    }

    /// The name PostgreSQL would give to an index of these parts.
    pub(crate) fn name_for_index(&self, table: &Name, parts: &[Expression]) -> String {
        self.free_name(&self.resolve(table), &columns_of(parts), "idx").name
    }

    fn constraint_name(&self, table: &Name, kind: &ConstraintKind, columns: &[String]) -> String {
        let joined = columns.join("_");
        match kind {
            ConstraintKind::PrimaryKey(_) => self.free_name(table, "", "pkey").name,
            ConstraintKind::Unique(Key::Index(index)) => index.clone(),
            ConstraintKind::Unique(_) => self.free_name(table, &joined, "key").name,
            ConstraintKind::Exclude { parts } => self.free_name(table, &columns_of(parts), "excl").name,
            ConstraintKind::ForeignKey(_) => self.free_constraint(table, &joined, "fkey"),
            ConstraintKind::NotNull(column) => self.free_constraint(table, column, "not_null"),
            ConstraintKind::Check(check) => {
                let mut used: Vec<&str> = check.columns().collect();
                used.sort_unstable();
                used.dedup();
                let column = if let [only] = used.as_slice() { only } else { "" };
                self.free_constraint(table, column, "check")
            }
        }
    }

    /// The index behind a constraint: made here, or the one it is USING.
    fn index_behind(&mut self, table: &Name, constraint: &str, kind: &ConstraintKind) -> Option<Name> {
        let (key, unique, method) = match kind {
            ConstraintKind::PrimaryKey(key) | ConstraintKind::Unique(key) => (key.clone(), true, "btree"),
            ConstraintKind::Exclude { .. } => (Key::Columns(Vec::new()), false, "gist"),
            _ => return None,
        };
        let name = Name { schema: table.schema.clone(), name: constraint.to_owned() };
        match key {
            Key::Index(index) => {
                let old = Name { schema: table.schema.clone(), name: index };
                if let Some(mut there) = self.relations.remove(&old) {
                    if let Some(index) = there.as_index_mut() {
                        index.constraint = Some(constraint.to_owned());
                    }
                    self.relations.insert(name.clone(), there);
                }
            }
            Key::Columns(columns) => {
                let parts = match kind {
                    ConstraintKind::Exclude { parts } => parts.clone(),
                    _ => columns.iter().map(|column| plain(column)).collect(),
                };
                let made = Index {
                    table: table.clone(),
                    parts,
                    part_options: Vec::new(),
                    include: Vec::new(),
                    unique,
                    method: method.to_owned(),
                    predicate: None,
                    valid: true,
                    constraint: Some(constraint.to_owned()),
                    attached_to: None,
                };
                self.add(name.clone(), Shape::Index(made));
                self.index_partitions(table);
            }
        }
        Some(name)
    }
}

fn plain(column: &str) -> Expression {
    Expression { kind: ExpressionKind::Column(vec![column.to_owned()]), range: 0..0 }
}

/// The columns a constraint is named after.
fn columns_in(kind: &ConstraintKind) -> Vec<String> {
    match kind {
        ConstraintKind::Unique(Key::Columns(columns)) | ConstraintKind::PrimaryKey(Key::Columns(columns)) => {
            columns.clone()
        }
        ConstraintKind::ForeignKey(key) => key.columns.clone(),
        ConstraintKind::NotNull(column) => vec![column.clone()],
        _ => Vec::new(),
    }
}
