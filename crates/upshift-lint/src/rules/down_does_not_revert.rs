use std::collections::BTreeSet;

use super::{Check, Group, Rule};
use crate::Catalog;
use crate::catalog::Shape;
use crate::engine::{Draft, InMigration, Level};
use crate::statement::{Action, Name, Statement};

pub(super) const RULE: Rule = Rule::new(
    Group::Rollback,
    Level::Warning,
    "a down does not lead back to where its up began",
    Check::Migration(check),
)
.explained(
    "Up and down are replayed one after the other: tables, columns, views and indexes must be then what they were. What \
     is left over makes the next up fail; what is missing is missed by the release that the down was for.",
    "docs/migration-files.md",
)
.examples(
    "
--- 1_orders.sql
create table orders (id bigint primary key);
--- 2_total.sql
alter table orders add column total bigint;
create table totals (id bigint primary key);
-- upshift: down
drop table totals;
",
    "
--- 1_orders.sql
create table orders (id bigint primary key);
--- 2_total.sql
alter table orders add column total bigint;
create table totals (id bigint primary key);
-- upshift: down
drop table totals;
alter table orders drop column total;
",
);

fn check(migration: &InMigration<'_>) -> Vec<Draft> {
    let opaque = |statement: &Statement| {
        matches!(statement, Statement::Do { .. } | Statement::Call { .. } | Statement::Unknown { .. })
    };
    let all = migration.up.iter().chain(migration.down).map(|(statement, _)| statement);
    if migration.down.is_empty() || all.into_iter().any(opaque) {
        return Vec::new();
    }
    let mut replayed = migration.after.clone();
    replayed.begin(migration.after.origin().down());
    migration.down.iter().for_each(|(statement, _)| replayed.apply(statement));
    let touched: Vec<Name> =
        migration.up.iter().chain(migration.down).flat_map(|(statement, _)| touched(statement)).collect();
    let (before, now) = (things(migration.before, &touched), things(&replayed, &touched));
    let mut drafts = Vec::new();
    let some = |found: Vec<&String>| {
        let more = found.len().saturating_sub(3);
        let names: Vec<&str> = found.iter().take(3).map(|name| name.as_str()).collect();
        let behind = if more > 0 { format!(" and {more} more") } else { String::new() };
        format!("{}{behind}", names.join(", "))
    };
    let brought_back = unknown_and_dropped(migration);
    let left: Vec<&String> = now
        .difference(&before)
        .filter(|name| !brought_back.iter().any(|table| name.contains(table)))
        .collect();
    if !left.is_empty() {
        drafts.push(migration.draft(format!("its down leaves behind what its up made: {}", some(left))));
    }
    let after = things(migration.after, &touched);
    // What the down itself takes away is the business of another rule.
    let taken = before.difference(&now).filter(|name| !after.contains(*name));
    let missing: Vec<&String> =
        taken.filter(|name| !name.starts_with("index ") && !is_implied(name, &before, &now)).collect();
    if !missing.is_empty() {
        drafts.push(
            migration.draft(format!("its down does not bring back what its up took away: {}", some(missing))),
        );
    }
    drafts
        .into_iter()
        .map(|draft| draft.advice("complete the down; `verify` proves it on a server"))
        .collect()
}

/// What the up drops that no migration made: that its down makes it is right.
fn unknown_and_dropped<'a>(migration: &InMigration<'a>) -> Vec<&'a str> {
    let dropped = migration.up.iter().filter_map(|(statement, _)| match statement {
        Statement::Drop(dropped) => Some(&dropped.names),
        _ => None,
    });
    let unknown = dropped.flatten().filter(|(name, _)| migration.before.relation(name).is_none());
    unknown.map(|(name, _)| name.name.as_str()).collect()
}

/// Whether a column is missing only because its table is.
fn is_implied(name: &str, before: &BTreeSet<String>, now: &BTreeSet<String>) -> bool {
    let table = name.strip_prefix("column ").and_then(|column| column.rsplit_once('.'));
    table.is_some_and(|(table, _)| {
        let table = format!("table {table}");
        before.contains(&table) && !now.contains(&table)
    })
}

/// The relations a statement makes, changes or takes away: only they can differ.
fn touched(statement: &Statement) -> Vec<Name> {
    match statement {
        Statement::CreateTable(made) => vec![made.name.clone()],
        Statement::CreateTableAs(made) => vec![made.name.clone()],
        Statement::CreateView(made) => vec![made.name.clone()],
        Statement::CreateIndex(made) => {
            let name = made.name.iter().map(|name| Name { name: name.clone(), ..made.table.clone() });
            name.collect()
        }
        Statement::AlterRelation(alter) => {
            let renamed = alter.actions.iter().filter_map(|(action, _)| match action {
                Action::RenameTo(to) => Some(Name { name: to.clone(), ..alter.name.clone() }),
                Action::SetSchema(schema) => Some(Name::in_schema(schema, &alter.name.name)),
                _ => None,
            });
            std::iter::once(alter.name.clone()).chain(renamed).collect()
        }
        Statement::Drop(dropped) => dropped.names.iter().map(|(name, _)| name.clone()).collect(),
        _ => Vec::new(),
    }
}

/// What there is of these, as people name it. Indexes behind constraints, and sequences, are not counted.
fn things(catalog: &Catalog, names: &[Name]) -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    for name in names {
        let name = catalog.resolve(name);
        let Some(relation) = catalog.relation(&name) else { continue };
        let name = match name.schema.as_deref() {
            Some("public") => Name::bare(&name.name),
            _ => name,
        };
        match &relation.shape {
            Shape::Table(table) => {
                all.extend(table.columns.iter().map(|column| format!("column {name}.{}", column.name)));
                all.insert(format!("table {name}"));
            }
            Shape::View(_) => drop(all.insert(format!("view {name}"))),
            Shape::Index(index) if index.constraint.is_none() => drop(all.insert(format!("index {name}"))),
            Shape::Index(_) | Shape::Sequence { .. } => {}
        }
    }
    all
}
