//! Who uses a column.

use crate::catalog::{Index, View};
use crate::engine::{At, Draft};
use crate::statement::{Name, Place, Quoted};

/// The views that certainly use a column: where a view reads several relations, the others must be known
/// not to have it.
fn views_using(at: &At<'_>, table: &Name, column: &str) -> Vec<Name> {
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

/// That a view uses a column which a change must not touch; `again` is how the view is created after it.
pub(super) fn refused_for_view(
    at: &At<'_>,
    (table, column): (&Name, &str),
    place: &Place,
    again: impl FnOnce() -> String,
) -> Option<Draft> {
    let view = at.shown(views_using(at, table, column).first()?);
    let uses = format!("the view {view} uses {}.{}", at.shown(table), Quoted(column));
    let advice = format!("drop {view} before this statement, and {} after it, in this migration", again());
    Some(at.draft_at(place, format!("{uses}: PostgreSQL refuses this")).advice(advice))
}

/// The indexes that have a column beside others: they go with it.
pub(super) fn indexes_beside<'a>(at: &At<'a>, table: &Name, column: &str) -> Vec<(&'a Name, &'a Index)> {
    let beside = at.catalog.indexes_of(table).filter(|(_, index)| {
        index.uses(column) && index.parts.iter().any(|part| part.columns().any(|other| other != column))
    });
    beside.collect()
}
