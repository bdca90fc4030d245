use super::{Check, Group, Rule};
use crate::engine::{At, Draft, Level};
use crate::statement::{LockMode, Statement};

pub(super) const RULE: Rule = Rule::new(
    Group::Tables,
    Level::Warning,
    "a materialized view is dropped and filled anew in one transaction: its readers wait for the query",
    Check::UpAndDown(check),
)
.explained(
    "From the DROP to the end of the transaction nobody can read it, and in between its query runs over all its tables. \
     Make it under another name first, with its indexes; a migration after that drops the old one and renames the new \
     one, which takes a moment.",
    "manual, CREATE MATERIALIZED VIEW; measured on 10 to 18",
)
.examples(
    "
--- 1_sales.sql
create table orders (id bigint primary key, total bigint);
create materialized view sales as select id from orders;
--- 2_total.sql
drop materialized view sales;
create materialized view sales as select id, total from orders;
",
    "
--- 1_sales.sql
create table orders (id bigint primary key, total bigint);
create materialized view sales as select id from orders;
--- 2_total.sql
create materialized view new_sales as select id, total from orders;
--- 3_swap.sql
drop materialized view sales;
alter materialized view new_sales rename to sales;
",
);

fn check(at: &At<'_>) -> Vec<Draft> {
    let Statement::CreateTableAs(made) = at.statement else { return Vec::new() };
    let old = at.catalog.resolve(&made.name);
    let locked = at.held.locks.get(&old).is_some_and(|(mode, _)| mode.blocks_reads());
    if !made.materialized || made.empty || !locked || !at.runs_in_transaction() {
        return Vec::new();
    }
    vec![
        at.draft(format!("readers of {} wait while its query runs", made.name))
            .effect(at.effect_on(&old, LockMode::AccessExclusive, "while the query runs"))
            .advice("make it under another name first; then drop the old one and rename it, in a migration of its own"),
    ]
}
