//! The columns a statement makes.

use crate::engine::At;
use crate::statement::{Action, Column, Statement};

/// Those of a new table, and those that are added to one.
pub(super) fn made<'a>(at: &At<'a>) -> Vec<&'a Column> {
    match at.statement {
        Statement::CreateTable(made) => made.columns.iter().collect(),
        Statement::AlterRelation(alter) => {
            let added = alter.actions.iter().filter_map(|(action, _)| match action {
                Action::AddColumn { column, .. } => Some(column),
                _ => None,
            });
            added.collect()
        }
        _ => Vec::new(),
    }
}
