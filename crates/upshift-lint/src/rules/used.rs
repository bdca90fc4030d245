//! Who uses a column.

use crate::Catalog;
use crate::catalog::{Index, View};
use crate::engine::{At, Draft};
use crate::statement::{Name, Place, Quoted};

/// The views that certainly use a column.
fn views_using(at: &At<'_>, table: &Name, column: &str) -> Vec<Name> {
    let using = at.catalog.views_of(table).filter(|(_, view)| uses(view, at.catalog, (table, column)));
    using.map(|(name, _)| name.clone()).collect()
}

/// Whether a view certainly uses a column: where it reads several relations, the others must be known not to have it.
pub(super) fn uses(view: &View, catalog: &Catalog, (table, column): (&Name, &str)) -> bool {
    let mut others = view.reads.iter().filter(|read| *read != table);
    let lack_it = others.all(|one| catalog.table(one).is_some_and(|one| one.column(column).is_none()));
    view.uses.iter().any(|used| used == "*" || used == column && lack_it)
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
