use super::{Check, Group, Rule};
use crate::engine::{At, Draft, Level};
use crate::statement::Statement;

pub(super) const RULE: Rule = Rule::new(
    Group::Transactions,
    Level::Warning,
    "SELECT … FOR UPDATE locks rows until the migration is done",
    Check::UpAndDown(check),
)
.explained(
    "Every row it returns stays locked to the end of the transaction: whoever updates one of them waits. A migration has \
     nothing to reserve; where it changes rows, a backfill locks those of one batch only.",
    "manual, SELECT, \"The Locking Clause\"",
)
.examples(
    "
--- 1_orders.sql
create table orders (id bigint primary key);
--- 2_lock.sql
select id from orders for update;
",
    "
--- 1_orders.sql
create table orders (id bigint primary key);
--- 2_look.sql
select id from orders limit 1;
",
);

fn check(at: &At<'_>) -> Vec<Draft> {
    let Statement::Select(query) = at.statement else { return Vec::new() };
    let Some(table) = query.locks_rows_of.iter().find(|table| !query.limited && !at.is_unseen(table)) else {
        return Vec::new();
    };
    vec![
        at.draft(format!("rows of {table} stay locked until this migration is done"))
            .advice("leave FOR UPDATE out"),
    ]
}
