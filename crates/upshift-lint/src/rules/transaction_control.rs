use upshift_files::sql::{StatementKind, TransactionControl};

use super::{Check, Group, Rule};
use crate::engine::{At, Draft, Level};

pub(super) const RULE: Rule = Rule::new(
    Group::Transactions,
    Level::Warning,
    "BEGIN or COMMIT inside a migration: it runs statement by statement",
    Check::UpAndDown(check),
)
.explained(
    "upshift puts a migration into one transaction, together with its row in the history. BEGIN before everything and \
     COMMIT behind it are taken for that. Anywhere else they end it: each statement is then done for good before the \
     next, and a failure leaves the migration half done. Split it into several.",
    "docs/migration-files.md",
)
.examples(
    "
--- 1_orders.sql
create table if not exists orders (id bigint primary key);
commit;
create table if not exists customers (id bigint primary key);
",
    "
--- 1_orders.sql
begin;
create table orders (id bigint primary key);
savepoint one;
create table customers (id bigint primary key);
commit;
",
);

fn check(at: &At<'_>) -> Vec<Draft> {
    let control = |number: usize| match at.all.get(number).map(|(_, cut)| &cut.kind) {
        Some(StatementKind::TransactionControl(control)) => Some(*control),
        _ => None,
    };
    // Most statements are none: those before are looked at for one that is, or a long file takes the square of its length.
    if control(at.number).is_none() {
        return Vec::new();
    }
    let last = at.all.len().saturating_sub(1);
    let around = last > 0
        && control(0) == Some(TransactionControl::Begin)
        && control(last) == Some(TransactionControl::Commit);
    let is_edge = around && (at.number == 0 || at.number == last);
    // One finding a migration: at the first that is inside.
    let first = (0..at.number).find(|number| control(*number).is_some() && !(around && *number == 0));
    if is_edge || first.is_some() {
        return Vec::new();
    }
    vec![
        at.draft("this makes the migration run statement by statement: a failure leaves it half done")
            .advice("leave it out; or split the migration here"),
    ]
}
