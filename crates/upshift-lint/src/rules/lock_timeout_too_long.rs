use super::{Check, Group, Rule, timeout};
use crate::engine::{Draft, InMigration, Level};

pub(super) const RULE: Rule = Rule::new(
    Group::Transactions,
    Level::Error,
    "the header lets the service stand still for more than a minute: `lock-timeout`",
    Check::Migration(check),
)
.explained(
    "While a statement waits for ACCESS EXCLUSIVE everybody waits who comes after it. upshift tries again when the limit \
     is reached, so that a short one costs nothing but another try. Raise the number of tries, not the wait.",
    "docs/decisions/0012-lock-waits-grow.md",
)
.examples(
    "
--- 1_orders.sql
-- upshift: lock-timeout 10m
create table orders (id bigint primary key);
",
    "
--- 1_orders.sql
-- upshift: lock-timeout 10s
create table orders (id bigint primary key);
",
);

fn check(migration: &InMigration<'_>) -> Vec<Draft> {
    let limit = migration.migration.header().lock_timeout;
    match limit.is_some_and(|limit| limit.as_millis() > u128::from(timeout::LONGEST_WAIT)) {
        true => vec![
            migration
                .draft("`lock-timeout` of this migration is more than a minute: so long the service may stand still")
                .advice("write a few seconds: what did not get its lock is tried again"),
        ],
        false => Vec::new(),
    }
}
