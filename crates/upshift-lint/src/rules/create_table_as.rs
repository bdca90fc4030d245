use super::{Check, Group, Rule};
use crate::engine::{At, Draft, Level};
use crate::statement::{LockMode, Persistence, Statement};

pub(super) const RULE: Rule = Rule::new(
    Group::Data,
    Level::Warning,
    "a table is filled from another one in one go",
    Check::Up(check),
)
.explained(
    "CREATE TABLE AS and SELECT INTO read their source whole in one statement: vacuum cannot clean anything up \
     meanwhile, what the transaction holds stays held, and what is written while it reads is not in the copy. The new \
     table has no key, no default and no constraint. Create it with them, and fill it in batches.",
    "manual, CREATE TABLE AS; measured on 10 to 18",
)
.examples(
    "
--- 1_orders.sql
create table orders (id bigint primary key, total bigint);
--- 2_totals.sql
create table totals as select id, total from orders;
alter table totals add primary key (id);
",
    "
--- 1_orders.sql
create table orders (id bigint primary key, total bigint);
--- 2_totals.sql
create table totals (id bigint primary key, total bigint);
--- 3_fill_totals.sql
-- upshift: backfill table=orders
insert into totals select id, total from orders where id > :from and id <= :to;
",
);

fn check(at: &At<'_>) -> Vec<Draft> {
    let Statement::CreateTableAs(made) = at.statement else { return Vec::new() };
    let small = made.empty || made.query.limited || made.persistence == Persistence::Temporary;
    let Some(source) = made.query.reads.iter().find(|source| !at.is_unseen(source)) else {
        return Vec::new();
    };
    if small || made.materialized {
        return Vec::new();
    }
    vec![
        at.draft(format!("all of {source} is read in one statement"))
            .effect(at.effect_on(&at.catalog.resolve(source), LockMode::AccessShare, "as long as it reads"))
            .advice(format!(
                "create {} with its key, and fill it with `-- upshift: backfill table={source}`",
                made.name
            )),
    ]
}
