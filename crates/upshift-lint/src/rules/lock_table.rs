use super::{Check, Group, Rule};
use crate::engine::{At, Draft, Level};
use crate::statement::Statement;

pub(super) const RULE: Rule = Rule::new(
    Group::Transactions,
    Level::Warning,
    "LOCK TABLE keeps others out until the migration is done",
    Check::UpAndDown(check),
)
.explained(
    "The lock is held to the end of the transaction, whatever comes in between. What needs it is mostly a copy that must \
     not miss a row: a trigger that keeps both sides in step, and a backfill, need none.",
    "manual, LOCK; docs/recipes.md",
)
.examples(
    "
--- 1_orders.sql
create table orders (id bigint primary key);
--- 2_lock.sql
lock table orders in exclusive mode;
",
    "
--- 1_orders.sql
create table orders (id bigint primary key);
--- 2_lock.sql
lock table orders in row exclusive mode;
",
);

fn check(at: &At<'_>) -> Vec<Draft> {
    let Statement::Lock { tables, mode, .. } = at.statement else { return Vec::new() };
    let Some(table) = tables.iter().find(|table| mode.blocks_writes() && !at.is_unseen(table)) else {
        return Vec::new();
    };
    vec![
        at.draft(format!("{table} is locked until this migration is done"))
            .effect(at.effect_on(&at.catalog.resolve(table), *mode, "to the end of the transaction"))
            .advice("keep both sides in step with a trigger, and fill one from the other with a backfill"),
    ]
}
