use super::{Check, Group, Rule, columns};
use crate::engine::{At, Draft, Level};

pub(super) const RULE: Rule = Rule::new(
    Group::Style,
    Level::Off,
    "a time is kept without its zone",
    Check::Up(check),
)
.explained(
    "`timestamp` is what a clock on some wall showed: which wall, only the code knows, and `now()` puts the session's \
     there. `timestamptz` is a moment. It is no larger. Off unless asked for.",
    "manual, 8.5 Date/Time Types",
)
.examples(
    "
--- 1_orders.sql
create table orders (id bigint primary key, placed timestamp);
",
    "
--- 1_orders.sql
create table orders (id bigint primary key, placed timestamptz, day date);
",
);

fn check(at: &At<'_>) -> Vec<Draft> {
    let without = columns::made(at).into_iter().filter(|column| {
        ["timestamp without time zone", "time with time zone"].iter().any(|kind| column.type_name.is(kind))
    });
    without
        .map(|column| {
            at.draft_at(&column.type_place, format!("{} does not say which zone it is of", column.name))
                .advice(format!("`{} timestamptz`", column.name))
        })
        .collect()
}
