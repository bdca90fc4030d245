//! What the triggers of foreign keys do when rows of the table they refer to go or change.

use super::model::Model;
use crate::statement::{ConstraintKind, ForeignKey, LockMode, Name};

impl Model<'_> {
    /// The foreign keys that refer to a table: whose, to which columns, and what they do on `event`.
    pub(super) fn references_with_action(
        &self,
        table: &Name,
        event: &str,
    ) -> Vec<(Name, ForeignKey, Follow)> {
        let references = self.catalog.references_to(table).filter_map(|(from, constraint)| {
            let ConstraintKind::ForeignKey(key) = &constraint.kind else { return None };
            let acts = key.actions.iter().any(|action| {
                action
                    .strip_prefix(event)
                    .is_some_and(|action| !matches!(action.trim(), "no action" | "restrict"))
            });
            Some((from.clone(), key.clone(), if acts { Follow::Write } else { Follow::Look }))
        });
        references.collect()
    }

    /// The trigger of a foreign key on the table it refers to: it looks for referring rows, or changes them.
    pub(super) fn follow(&mut self, from: &Name, key: &ForeignKey, action: Follow) {
        let mode = match action {
            Follow::Look => LockMode::RowShare,
            Follow::Write => LockMode::RowExclusive,
        };
        for one in self.partitions_of(from) {
            self.query_table(&one, mode);
            // Without an index over the column each row that goes means reading the whole table.
            let indexed = self.catalog.indexes_of(&one).any(|(_, index)| {
                index
                    .leading_columns()
                    .first()
                    .is_some_and(|first| key.columns.iter().any(|column| column == first))
            });
            if !indexed {
                self.scan(&one);
            }
        }
    }
}

/// What a foreign key does with the rows that refer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Follow {
    Look,
    Write,
}
