use super::referring::referring;
use super::{Check, Group, Rule};
use crate::catalog::Catalog;
use crate::engine::{Draft, InMigration, Level};
use crate::statement::{Name, Quoted};

pub(super) const RULE: Rule = Rule::new(
    Group::Constraints,
    Level::Warning,
    "a foreign key has no index on its own columns: to delete a row of the other table reads all of this one",
    Check::Migration(check),
)
.explained(
    "PostgreSQL indexes the side a foreign key refers to, not the side it is on. Each DELETE there (and \
     UPDATE of the key) looks for rows here; without an index that begins with these columns it reads the \
     whole table, row by row deleted. Build the index, CONCURRENTLY on a table that is used, before the \
     foreign key or in a migration after it: the set as a whole is looked at.",
    "manual, Constraints, Foreign Keys",
)
.examples(
    "
--- 1_orders.sql
create table customers (id bigint primary key);
create table orders (id bigint primary key, customer_id bigint references customers);
",
    "
--- 1_orders.sql
create table customers (id bigint primary key);
create table orders (id bigint primary key, customer_id bigint references customers);
create table notes (id bigint, order_id bigint references orders, primary key (order_id, id));
--- 2_index.sql
create index concurrently orders_customer on orders (customer_id);
",
);

fn check(migration: &InMigration<'_>) -> Vec<Draft> {
    let mut drafts = Vec::new();
    for one in referring(migration) {
        // Tables that are renamed or dropped later in the set, and keys that are, need nothing any more.
        let still_there = one.in_catalog(migration.last).is_some();
        let partition = migration.last.table(one.table).is_some_and(|table| table.partition_of.is_some());
        if !still_there || partition || is_indexed(migration.last, one.table, &one.key.columns) {
            continue;
        }
        let columns =
            one.key.columns.iter().map(|column| Quoted(column).to_string()).collect::<Vec<_>>().join(", ");
        let any = if one.key.columns.len() > 1 { format!("one of {columns}") } else { columns.clone() };
        let (table, to) = (one.table, &one.key.table);
        drafts.push(
            migration
                .draft_at(
                    one.place,
                    format!(
                        "no index of {table} begins with {any}: each DELETE in {to} reads all of {table}"
                    ),
                )
                .advice(format!(
                    "`create index on {table} ({columns})`, CONCURRENTLY where {table} \
                    is used already"
                )),
        );
    }
    drafts
}

/// Whether an index helps to find the rows that refer: it begins with one of the columns, and the server looks at the
/// rest of them row by row.
fn is_indexed(catalog: &Catalog, table: &Name, columns: &[String]) -> bool {
    catalog.indexes_of(table).any(|(_, index)| {
        let leading = index.leading_columns();
        let total = index
            .predicate
            .as_ref()
            .is_none_or(|only| columns.iter().any(|column| only.implies_not_null(column)));
        total && leading.first().is_some_and(|first| columns.iter().any(|column| column == first))
    })
}
