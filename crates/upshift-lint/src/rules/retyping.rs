//! ALTER COLUMN … TYPE on tables that others use.

use crate::effect::Major;
use crate::engine::At;
use crate::statement::{Action, AlterRelation, ColumnChange, Name, Place, TypeName};

/// A change of type.
pub(super) struct Retyped<'a> {
    alter: &'a AlterRelation,
    number: usize,
    table: Name,
    pub column: &'a str,
    /// What the column is so far, if that is known.
    pub from: Option<&'a TypeName>,
    pub to: &'a TypeName,
    pub place: &'a Place,
}

/// The changes of type in a statement.
pub(super) fn retyped<'a>(at: &At<'a>) -> Vec<Retyped<'a>> {
    let Some((alter, table)) = at.altered() else { return Vec::new() };
    let mut found = Vec::new();
    for (number, (action, place)) in alter.actions.iter().enumerate() {
        let Action::AlterColumn { column, change: ColumnChange::SetType { type_name: to, .. } } = action
        else {
            continue;
        };
        let from = at.catalog.column(&table, column).map(|known| &known.type_name);
        found.push(Retyped { alter, number, table: table.clone(), column, from, to, place });
    }
    found
}

impl Retyped<'_> {
    /// The versions on which it writes the table anew.
    pub(super) fn rewriting(&self, at: &At<'_>) -> Vec<Major> {
        at.rewriting(self.alter, self.number, &self.table)
    }

    /// The indexes that it builds anew: with partitions, those of the table that the others are parts of.
    pub(super) fn rebuilding(&self, at: &At<'_>) -> Vec<Name> {
        let all = at.rebuilding(self.alter, self.number, &self.table);
        let of_table = |index: &&Name| at.catalog.index(index).is_some_and(|known| known.table == self.table);
        let own: Vec<Name> = all.iter().filter(of_table).cloned().collect();
        if own.is_empty() { all.into_iter().collect() } else { own }
    }

    /// The versions on which it reads the table, and does not write it anew.
    pub(super) fn scanning(&self, at: &At<'_>) -> Vec<Major> {
        let rewriting = self.rewriting(at);
        let scanning = at.scanning(self.alter, self.number, &self.table);
        scanning.into_iter().filter(|major| !rewriting.contains(major)).collect()
    }
}
