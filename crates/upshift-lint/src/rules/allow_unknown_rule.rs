use super::{Check, Group, Rule};
use crate::engine::{AllowUse, Draft, Level, unknown_rule};

pub(super) const RULE: Rule = Rule::new(
    Group::Style,
    Level::Error,
    "an `allow` names a rule that does not exist",
    Check::Allow(check),
)
.explained(
    "It allows nothing, and whoever reads it believes that somebody looked. The nearest name is told.",
    "docs/lints.md",
)
.examples(
    "
--- 1_orders.sql
-- upshift: allow drop-tabel because it was never used
create table orders (id bigint primary key);
",
    "
--- 1_carts.sql
create table carts (id bigint primary key);
--- 2_drop.sql
-- upshift: allow drop-table because it was never used by any release
drop table carts;
",
);

fn check(used: &AllowUse<'_>) -> Vec<Draft> {
    match super::rule(&used.allow.rule) {
        Some(_) => Vec::new(),
        None => vec![used.draft(unknown_rule(&used.allow.rule)).advice("correct it, or delete the line")],
    }
}
