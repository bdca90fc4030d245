use super::{Check, Group, Rule, columns};
use crate::engine::{At, Draft, Level};

pub(super) const RULE: Rule = Rule::new(
    Group::Style,
    Level::Off,
    "a text has its limit in its type",
    Check::Up(check),
)
.explained(
    "`varchar(n)` is not faster than `text`, and a smaller n later writes the table anew. A CHECK of the length can be \
     added and changed without (NOT VALID, then VALIDATE). Off unless asked for.",
    "manual, 8.3 Character Types, tip",
)
.examples(
    "
--- 1_orders.sql
create table orders (id bigint primary key, note varchar(200));
",
    "
--- 1_orders.sql
create table orders (id bigint primary key, note text check (length(note) <= 200), tag varchar);
",
);

fn check(at: &At<'_>) -> Vec<Draft> {
    let limited = columns::made(at)
        .into_iter()
        .filter(|column| column.type_name.is("character varying") && !column.type_name.modifiers.is_empty());
    limited
        .map(|column| {
            let limit = column.type_name.modifiers.join(",");
            at.draft_at(&column.type_place, format!("the limit of {} is in its type", column.name))
                .advice(format!("`{} text check (length({}) <= {limit})`", column.name, column.name,))
        })
        .collect()
}
