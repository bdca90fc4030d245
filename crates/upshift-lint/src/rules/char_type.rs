use super::{Check, Group, Rule, columns};
use crate::engine::{At, Draft, Level};

pub(super) const RULE: Rule = Rule::new(
    Group::Style,
    Level::Off,
    "a column is a char, which is filled up with spaces",
    Check::Up(check),
)
.explained(
    "`char(n)` is filled with spaces to its length, and they count in some comparisons and not in others; it is no \
     faster than text. Off unless asked for.",
    "manual, 8.3 Character Types, tip",
)
.examples(
    "
--- 1_orders.sql
create table orders (id bigint primary key, code char(8));
",
    "
--- 1_orders.sql
create table orders (id bigint primary key, code text check (length(code) = 8));
",
);

fn check(at: &At<'_>) -> Vec<Draft> {
    let chars = columns::made(at).into_iter().filter(|column| column.type_name.is("character"));
    chars
        .map(|column| {
            at.draft_at(&column.type_place, format!("{} is filled up with spaces", column.name))
                .advice(format!("`{} text`, with a CHECK of its length", column.name))
        })
        .collect()
}
