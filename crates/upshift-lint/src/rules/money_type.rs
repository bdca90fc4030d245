use super::{Check, Group, Rule, columns};
use crate::engine::{At, Draft, Level};

pub(super) const RULE: Rule = Rule::new(
    Group::Style,
    Level::Off,
    "a column is of type money",
    Check::Up(check),
)
.explained(
    "What `money` means, and how many digits it keeps, depends on `lc_monetary` of the server: a dump read under another \
     one is other money. `numeric(12, 2)`, or whole cents in a bigint, and the currency beside it. Off unless asked for.",
    "manual, 8.2 Monetary Types",
)
.examples(
    "
--- 1_orders.sql
create table orders (id bigint primary key, total money);
",
    "
--- 1_orders.sql
create table orders (id bigint primary key, total numeric(12, 2));
",
);

fn check(at: &At<'_>) -> Vec<Draft> {
    let money = columns::made(at).into_iter().filter(|column| column.type_name.is("money"));
    money
        .map(|column| {
            at.draft_at(
                &column.type_place,
                format!("how much {} is depends on a setting of the server", column.name),
            )
            .advice(format!("`{} numeric(12, 2)`", column.name))
        })
        .collect()
}
