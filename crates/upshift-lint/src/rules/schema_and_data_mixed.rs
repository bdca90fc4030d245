use super::{Check, Group, Rule};
use crate::engine::{Draft, InMigration, Level};
use crate::statement::{Name, Statement};

pub(super) const RULE: Rule = Rule::new(
    Group::Style,
    Level::Off,
    "one migration changes a table and the rows of one",
    Check::Migration(check),
)
.explained(
    "A migration that only changes the schema is done in a moment and can be tried again; one that changes rows takes as \
     long as they are many. Two migrations can be judged, and repeated, one by one. Off unless asked for.",
    "house style",
)
.examples(
    "
--- 1_orders.sql
create table orders (id bigint primary key);
create table totals (id bigint primary key);
--- 2_both.sql
alter table totals add column total bigint;
update orders set id = 18 where id = 17;
",
    "
--- 1_orders.sql
create table orders (id bigint primary key);
create table totals (id bigint primary key);
insert into totals values (1);
--- 2_schema.sql
alter table totals add column total bigint;
--- 3_rows.sql
update orders set id = 18 where id = 17;
",
);

fn check(migration: &InMigration<'_>) -> Vec<Draft> {
    let there = |name: &Name| migration.before.table(name).is_some();
    let alters = migration.up.iter().any(|(statement, _)| match statement {
        Statement::AlterRelation(alter) => there(&alter.name),
        Statement::CreateTable(_) => true,
        _ => false,
    });
    let changes = migration.up.iter().find(|(statement, _)| match statement {
        Statement::Insert(insert) => there(&insert.table),
        Statement::Update(update) => there(&update.table),
        Statement::Delete(delete) => there(&delete.table),
        _ => false,
    });
    match (alters, changes) {
        (true, Some((_, cut))) => vec![
            migration
                .draft_at(&cut.range, "this migration changes the schema, and here rows")
                .advice("make two migrations of it"),
        ],
        _ => Vec::new(),
    }
}
