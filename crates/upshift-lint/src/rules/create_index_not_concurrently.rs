use super::{Check, Group, Rule};
use crate::engine::{At, Draft, Level, Rewrite};
use crate::statement::{LockMode, Manner, Statement};

pub(super) const RULE: Rule = Rule::new(
    Group::Indexes,
    Level::Error,
    "an index is built while nobody can write to the table",
    Check::UpAndDown(check),
)
.explained(
    "CREATE INDEX holds a SHARE lock from its first row to its last: every INSERT, UPDATE and DELETE waits, and behind \
     them your service. CONCURRENTLY takes longer and blocks nobody. upshift runs it outside a transaction by itself, \
     and clears away what a failed attempt leaves.",
    "manual, CREATE INDEX, \"Building Indexes Concurrently\"; measured on 10 to 18",
)
.examples(
    "
--- 1_orders.sql
create table orders (id bigint primary key, status text);
--- 2_index.sql
create index orders_status on orders (status);
",
    "
--- 1_orders.sql
create table orders (id bigint primary key, status text);
--- 2_index.sql
create index concurrently orders_status on orders (status);
",
);

fn check(at: &At<'_>) -> Vec<Draft> {
    let Statement::CreateIndex(index) = at.statement else { return Vec::new() };
    let table = at.catalog.resolve(&index.table);
    let partitioned = at.catalog.table(&table).is_some_and(|table| table.partition_by.is_some());
    if index.manner == Manner::Concurrently || index.only || partitioned || at.is_unseen(&table) {
        return Vec::new();
    }
    let concurrently = at.text().replacen("index", "index concurrently", 1).replacen("INDEX", "INDEX CONCURRENTLY", 1);
    vec![
        at.draft(format!("this index is built while nobody can write to {table}"))
            .effect(at.effect_on(&table, LockMode::Share, "while the whole table is read"))
            .rewrite(Rewrite::this(concurrently)),
    ]
}
