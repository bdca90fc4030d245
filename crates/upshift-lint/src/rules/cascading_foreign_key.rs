use super::referring::in_statement;
use super::{Check, Group, Rule};
use crate::engine::{At, Draft, Level};

pub(super) const RULE: Rule = Rule::new(
    Group::Constraints,
    Level::Off,
    "a foreign key deletes or changes rows of other tables by itself",
    Check::Up(check),
)
.explained(
    "One DELETE of a row with a million children is one transaction that deletes a million rows, holds \
     their locks, and cannot be batched. Who deletes should delete the children first, in batches.",
    "manual, Constraints, Foreign Keys",
)
.examples(
    "
--- 1_orders.sql
create table customers (id bigint primary key);
create table orders (id bigint primary key, customer_id bigint references customers on delete cascade);
create index orders_customer on orders (customer_id);
",
    "
--- 1_orders.sql
create table customers (id bigint primary key);
create table orders (id bigint primary key, customer_id bigint references customers on delete restrict);
create index orders_customer on orders (customer_id);
",
);

fn check(at: &At<'_>) -> Vec<Draft> {
    let keys = in_statement(at.statement).into_iter();
    let cascading = keys.filter_map(|one| {
        let action = one
            .key
            .actions
            .iter()
            .find(|action| !action.ends_with("restrict") && !action.ends_with("no action"))?;
        Some(
            at.draft_at(
                one.place,
                format!(
                    "`on {action}`: one statement on {} may write any \
                number of rows here",
                    one.key.table
                ),
            )
            .advice("`on delete restrict`, and delete the children first, in batches"),
        )
    });
    cascading.collect()
}
