//! Changes of many rows in one statement.

use crate::engine::{At, Rewrite};
use crate::statement::{Name, Statement};

/// Rows of a table that others use, changed by one statement.
pub(super) struct Change<'a> {
    pub table: &'a Name,
    /// `updated`, `deleted` …
    pub done: &'static str,
    /// Whether a backfill over the table could do the same.
    pub can_be_batched: bool,
}

/// What the statement does to rows that are there; nothing where it names the rows, or runs in batches.
pub(super) fn changed<'a>(at: &At<'a>) -> Option<Change<'a>> {
    if at.is_batched() {
        return None;
    }
    // The condition of a batch is added to an UPDATE or DELETE that begins with that word.
    let plain = !at.text().get(..4).is_some_and(|first| first.eq_ignore_ascii_case("with"));
    let of = |table: &'a Name, done, can_be_batched| {
        let own = table.schema.as_deref() == Some("pg_catalog") || table.name.starts_with("pg_");
        (!own && !at.is_unseen(table)).then_some(Change { table, done, can_be_batched })
    };
    match at.statement {
        Statement::Update(update) => {
            let few = update.filter.as_ref().is_some_and(|filter| at.names_its_rows(&update.table, filter));
            if few { None } else { of(&update.table, "updated", plain) }
        }
        Statement::Delete(delete) => {
            let few = delete.filter.as_ref().is_some_and(|filter| at.names_its_rows(&delete.table, filter));
            if few { None } else { of(&delete.table, "deleted", plain) }
        }
        Statement::Merge { table, .. } => of(table, "merged", false),
        Statement::Insert(insert) => {
            let source =
                insert.query.reads.iter().find(|one| !at.is_same(one, &insert.table) && !at.is_unseen(one));
            match source.filter(|_| !insert.query.limited) {
                Some(source) => Some(Change { table: source, done: "copied", can_be_batched: false }),
                None => insert.query.writes.iter().find_map(|table| of(table, "written", false)),
            }
        }
        Statement::Select(query) => query.writes.iter().find_map(|table| of(table, "written", false)),
        _ => None,
    }
}

/// The statement as a backfill.
pub(super) fn batched(at: &At<'_>, table: &Name) -> Rewrite {
    let text = format!("-- upshift: backfill table={table}\n{};", at.text());
    at.elsewhere(&format!("fill_{}", table.name), text)
}
