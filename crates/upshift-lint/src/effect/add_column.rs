//! ADD COLUMN.

use super::alter::Altering;
use super::constraint::Look;
use super::is_volatile;
use super::model::Model;
use super::types::is_checked;
use crate::statement::{
    Column, ColumnConstraint, ConstraintKind, Enforcement, Expression, ExpressionKind, Generated, Language,
    Name, Volatility, WhenExisting,
};

impl Model<'_> {
    pub(super) fn add_column(
        &mut self,
        work: &mut Altering,
        table: &Name,
        column: &Column,
        existing: WhenExisting,
    ) {
        let there = self.catalog.column(table, &column.name).is_some();
        match (there, existing) {
            (true, WhenExisting::Skip) => return,
            (true, WhenExisting::Fail) => {
                self.refuse(format!("{table} has a column {} already", column.name))
            }
            (false, _) => {}
        }
        self.refuse_only(work, table);
        if let Some(found) = self.catalog.table(table) {
            if found.partition_of.is_some() {
                self.refuse(format!("{table} is a partition: its columns are those of its table"));
            }
            if found.of.is_some() {
                self.refuse(format!("the columns of {table} are those of its type"));
            }
        }
        let filled = self.fill(column);
        for one in work.family(self, table) {
            match filled {
                Filled::Rewritten => work.rewrite(&one),
                Filled::Kept | Filled::Null => {}
            }
            self.constrain(work, &one, column, filled);
        }
        // A foreign key and an index are of the table itself, and of its partitions.
        for constraint in &column.constraints {
            let ColumnConstraint::Constraint(constraint) = constraint else { continue };
            match &constraint.kind {
                ConstraintKind::ForeignKey(key) => {
                    // With NULL in every row none need be looked at (`transformColumnDefinition`, skip_validation).
                    let looks = constraint.enforcement == Enforcement::Enforced && filled != Filled::Null;
                    self.foreign_key(table, key, if looks { Look::AtRows } else { Look::Away });
                }
                ConstraintKind::Check(_) => {}
                _ => self.add_constraint(work, table, constraint),
            }
        }
    }

    /// What the rows there are have in the new column.
    fn fill(&mut self, column: &Column) -> Filled {
        let mut filled = if is_checked(&column.type_name, self.catalog) || column.type_name.is_serial() {
            // A domain's constraint is tried on each row, and nextval is another value for each.
            Filled::Rewritten
        } else {
            Filled::Null
        };
        for constraint in &column.constraints {
            filled = filled.max(match constraint {
                ColumnConstraint::Default(value) => self.fill_with(value),
                ColumnConstraint::Identity(_) => Filled::Rewritten,
                ColumnConstraint::Generated { kept: Generated::Stored, .. } => {
                    self.needs(12, "a generated column");
                    Filled::Rewritten
                }
                ColumnConstraint::Generated { kept: Generated::Virtual, .. } => {
                    self.needs(18, "a virtual generated column");
                    Filled::Kept
                }
                _ => Filled::Null,
            });
        }
        filled
    }

    fn fill_with(&mut self, value: &Expression) -> Filled {
        self.call_functions_of(value);
        if matches!(value.kind, ExpressionKind::Null) {
            return Filled::Null;
        }
        // Since 11 a default that is the same for all rows is kept in the catalogue (`attmissingval`).
        for called in value.walk() {
            let ExpressionKind::Call { function, .. } = &called.kind else { continue };
            let known = self.catalog.function(function);
            if known.is_some_and(|known| {
                known.language == Language::Sql && known.volatility == Volatility::Volatile
            }) {
                self.unknown(format!("{function} is in SQL: what is put in its place may not be volatile"));
            }
        }
        if is_volatile(value, self.catalog) || !self.is_since(11) { Filled::Rewritten } else { Filled::Kept }
    }

    /// What is checked row by row.
    fn constrain(&mut self, work: &mut Altering, table: &Name, column: &Column, filled: Filled) {
        for constraint in &column.constraints {
            match constraint {
                // With a default that is kept, no row has NULL.
                ColumnConstraint::NotNull(_) if filled == Filled::Null => work.scan(table),
                ColumnConstraint::Constraint(constraint) => {
                    if matches!(constraint.kind, ConstraintKind::Check(_)) {
                        self.add_check(work, table, constraint);
                    }
                }
                _ => {}
            }
        }
    }
}

/// What the rows there are have in a new column, the costliest last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Filled {
    /// NULL.
    Null,
    /// A value that is kept once for all rows, or computed when it is read.
    Kept,
    /// A value that is written into each.
    Rewritten,
}
