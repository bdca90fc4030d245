//! Who uses a column.

use crate::catalog::{Index, View};
use crate::engine::At;
use crate::statement::Name;

/// The views that certainly use a column: where a view reads several relations, the others must be known
/// not to have it.
pub(super) fn views_using(at: &At<'_>, table: &Name, column: &str) -> Vec<Name> {
    let others_lack_it = |view: &View| {
        view.reads
            .iter()
            .filter(|read| *read != table)
            .all(|other| at.catalog.table(other).is_some_and(|other| other.column(column).is_none()))
    };
    let using = at.catalog.views_of(table).filter(|(_, view)| {
        view.uses.iter().any(|used| used == column) && others_lack_it(view)
            || view.uses.iter().any(|used| used == "*")
    });
    using.map(|(name, _)| name.clone()).collect()
}

/// The indexes that have a column beside others: they go with it.
pub(super) fn indexes_beside<'a>(at: &At<'a>, table: &Name, column: &str) -> Vec<(&'a Name, &'a Index)> {
    let beside = at.catalog.indexes_of(table).filter(|(_, index)| {
        index.uses(column) && index.parts.iter().any(|part| part.columns().any(|other| other != column))
    });
    beside.collect()
}
