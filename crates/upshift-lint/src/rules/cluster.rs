use super::{Check, Group, Rule};
use crate::engine::{At, Draft, Level};
use crate::statement::{LockMode, Statement};

pub(super) const RULE: Rule = Rule::new(
    Group::Tables,
    Level::Error,
    "CLUSTER writes a table anew while nobody can read it",
    Check::UpAndDown(check),
)
.explained(
    "CLUSTER copies the table in the order of an index and builds every index again, under ACCESS EXCLUSIVE; rows that \
     come later are not kept in that order. pg_repack does the same with a lock of a moment.",
    "manual, CLUSTER; measured on 10 to 18",
)
.examples(
    "
--- 1_orders.sql
create table orders (id bigint primary key);
--- 2_cluster.sql
cluster orders using orders_pkey;
",
    "
--- 1_orders.sql
create table orders (id bigint primary key);
--- 2_cluster.sql
alter table orders cluster on orders_pkey;
",
);

fn check(at: &At<'_>) -> Vec<Draft> {
    let Statement::Cluster { table } = at.statement else { return Vec::new() };
    let advice = "use pg_repack, outside of migrations";
    match table {
        Some(table) if at.is_unseen(table) => Vec::new(),
        Some(table) => vec![
            at.draft(format!("all of {table} is written anew while nobody can read it"))
                .effect(at.effect_on(
                    &at.catalog.resolve(table),
                    LockMode::AccessExclusive,
                    "while every row and index is written anew",
                ))
                .advice(advice),
        ],
        None => vec![
            at.draft("every table that was ever clustered is written anew while nobody can read it")
                .advice(advice),
        ],
    }
}
