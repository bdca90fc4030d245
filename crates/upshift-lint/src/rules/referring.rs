//! The foreign keys that a migration adds.

use crate::catalog::{Catalog, Constraint};
use crate::engine::InMigration;
use crate::statement::{Action, ColumnConstraint, ConstraintKind, ForeignKey, Name, Place, Statement};

/// A foreign key in the text of a migration.
pub(super) struct Referring<'a> {
    /// The table it is on, as the statement names it.
    pub table: &'a Name,
    pub key: &'a ForeignKey,
    pub place: &'a Place,
}

/// The foreign keys in the up of a migration.
pub(super) fn referring<'a>(migration: &InMigration<'a>) -> Vec<Referring<'a>> {
    migration.up.iter().flat_map(|(statement, _)| in_statement(statement)).collect()
}

/// The foreign keys that a statement adds.
pub(super) fn in_statement(statement: &Statement) -> Vec<Referring<'_>> {
    let mut constraints = Vec::new();
    let table = match statement {
        Statement::CreateTable(created) => {
            constraints.extend(&created.constraints);
            constraints.extend(created.columns.iter().flat_map(|column| &column.constraints).filter_map(own));
            &created.name
        }
        Statement::AlterRelation(alter) => {
            for (action, _) in &alter.actions {
                match action {
                    Action::AddConstraint(constraint) => constraints.push(constraint),
                    Action::AddColumn { column, .. } => {
                        constraints.extend(column.constraints.iter().filter_map(own))
                    }
                    _ => {}
                }
            }
            &alter.name
        }
        _ => return Vec::new(),
    };
    let keys = constraints.into_iter().filter_map(|constraint| match &constraint.kind {
        ConstraintKind::ForeignKey(key) => Some(Referring { table, key, place: &constraint.place }),
        _ => None,
    });
    keys.collect()
}

fn own(one: &ColumnConstraint) -> Option<&crate::statement::Constraint> {
    if let ColumnConstraint::Constraint(constraint) = one { Some(constraint) } else { None }
}

impl Referring<'_> {
    /// It, in a catalogue: with the columns it refers to.
    pub(super) fn in_catalog<'c>(&self, catalog: &'c Catalog) -> Option<&'c Constraint> {
        let to = catalog.resolve(&self.key.table);
        catalog.table(self.table)?.constraints.iter().find(|one| match &one.kind {
            ConstraintKind::ForeignKey(key) => key.columns == self.key.columns && key.table == to,
            _ => false,
        })
    }
}
