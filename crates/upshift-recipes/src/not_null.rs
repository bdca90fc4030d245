//! NOT NULL without a scan under a strong lock: a CHECK that is not valid yet, VALIDATE, SET NOT NULL, no CHECK.
//!
//! SET NOT NULL reads no row where a valid CHECK proves it (PostgreSQL 12 on, manual of ALTER TABLE).

use upshift_files::Phase;

use crate::facts::TableFacts;
use crate::file::{RecipeFile, Way};
use crate::name::{Ident, Table};

/// The CHECK that stands in for NOT NULL on the way.
fn check(column: &Ident) -> Ident {
    Ident::derived("upshift_not_null_", &[column], "")
}

/// Adds the CHECK: rows written from now on are held to it.
pub(crate) fn add_check(table: &Table, column: &Ident) -> String {
    format!(
        "alter table {table}\n    add constraint {} check ({column} is not null) not valid",
        check(column)
    )
}

pub(crate) fn drop_check(table: &Table, column: &Ident) -> String {
    format!("alter table {table} drop constraint {}", check(column))
}

/// The file that adds the CHECK where it could not come with the expand: an UPDATE of a row that waits would meet it.
pub(crate) fn hold(facts: &TableFacts, columns: &[&Ident], slug: &str, requires: &str) -> RecipeFile {
    let table = &facts.table;
    let names = columns.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let about = format!("Holds every row that is written from now on: {names} of {table} is not NULL.");
    RecipeFile::new(Phase::Backfill, format!("hold_{slug}_not_null"), about)
        .locks(format!("ACCESS EXCLUSIVE on {}, a moment.", facts.locked()))
        .requires(requires)
        .up(columns.iter().map(|column| add_check(table, column)))
        .down(Way::Back(columns.iter().map(|column| drop_check(table, column)).collect()))
}

/// The file that looks at every row, and the one that makes the columns NOT NULL.
pub(crate) fn files(
    facts: &TableFacts,
    columns: &[&Ident],
    slug: &str,
    requires: &str,
    phase: Phase,
) -> [RecipeFile; 2] {
    let table = &facts.table;
    let names = columns.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let looked = format!("check_{slug}_not_null");
    let validate =
        columns.iter().map(|column| format!("alter table {table} validate constraint {}", check(column)));
    let set = columns.iter().flat_map(|column| {
        [format!("alter table {table} alter column {column} set not null"), drop_check(table, column)]
    });
    let back = columns.iter().rev().flat_map(|column| {
        [add_check(table, column), format!("alter table {table} alter column {column} drop not null")]
    });
    [
        RecipeFile::new(phase, &looked, format!("Looks at every row: {names} of {table} holds no NULL."))
            .locks(format!(
                "SHARE UPDATE EXCLUSIVE on {} while every row is read; reads and writes go on.",
                facts.locked()
            ))
            .requires(requires)
            .up(validate)
            .down(Way::Nothing("That every row was looked at need not be taken back.".to_owned())),
        RecipeFile::new(
            phase,
            format!("{slug}_not_null"),
            format!("Makes {names} of {table} NOT NULL; the valid CHECK spares the scan, and has served."),
        )
        .locks(format!("ACCESS EXCLUSIVE on {}, a moment.", facts.locked()))
        .requires(&looked)
        .up(set)
        .down(Way::Back(back.collect())),
    ]
}
