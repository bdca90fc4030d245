use super::indexing::on_table;
use super::{Check, Group, Rule};
use crate::effect::Effects;
use crate::engine::{At, Draft, Level, Rewrite};
use crate::statement::{LockMode, Manner};

pub(super) const RULE: Rule = Rule::new(
    Group::Indexes,
    Level::Error,
    "an index is built while nobody can write to the table",
    Check::UpAndDown(check),
)
.explained(
    "CREATE INDEX holds a SHARE lock from its first row to its last: every INSERT, UPDATE and DELETE \
     waits, and behind them your service. CONCURRENTLY takes longer and blocks nobody. upshift runs it \
     outside a transaction by itself, and clears away what a failed attempt leaves.",
    "manual, CREATE INDEX, Building Indexes Concurrently; measured on PostgreSQL 10 to 18",
)
.examples(
    "
--- 1_orders.sql
create table orders (id bigint primary key, status text, total int, code varchar(20));
--- 2_index.sql
create index orders_status on orders (status);
",
    "
--- 1_orders.sql
create table orders (id bigint primary key, status text, total int, code varchar(20));
--- 2_index.sql
create index concurrently orders_status on orders (status);
--- 3_lines.sql
create table lines (id bigint primary key, code text);
create index lines_code on lines (code);
create unique index on lines (lower(code));
",
);

fn check(at: &At<'_>) -> Vec<Draft> {
    let Some((index, table)) = on_table(at) else { return Vec::new() };
    let found = at.catalog.table(&table);
    // A materialized view is written by REFRESH alone; a partitioned table has a rule of its own.
    let view = found.is_none() && at.catalog.relation(&table).is_some();
    let partitioned = found.is_some_and(|found| found.partition_by.is_some());
    let there = super::create_index_there_already::is_there(at, index, &table);
    let blocks = |effects: &Effects| {
        effects.scans.contains(&table) && effects.strongest(&table).is_some_and(LockMode::blocks_writes)
    };
    if index.manner == Manner::Concurrently
        // ONLY keeps the partitions out; a table without any is read all the same.
        || (index.only && found.is_none())
        || partitioned
        || view
        || there
        || at.majors_where(blocks).is_empty()
    {
        return Vec::new();
    }
    vec![
        at.draft(format!("this index is built while nobody can write to {}", at.shown(&table)))
            .effect(at.effect_on(&table, LockMode::Share, "while the whole table is read"))
            .rewrite(Rewrite::this(at.spliced(&["index"], "if not exists", "concurrently"))),
    ]
}
