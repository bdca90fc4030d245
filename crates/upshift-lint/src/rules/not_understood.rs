use super::{Check, Group, Rule};
use crate::engine::{At, Draft, Level, not_understood};
use crate::statement::Statement;

pub(super) const RULE: Rule = Rule::new(
    Group::Transactions,
    Level::Warning,
    "lint does not know a statement: nothing is said about it",
    Check::UpAndDown(check),
)
.explained(
    "No rule can look at what lint cannot read, and what such a statement made is not known to those after it: they are \
     taken for changes of tables that nobody made. Often the same can be said in words that lint knows; otherwise look \
     at what it locks (`upshift_test::trace` shows that), and allow it.",
    "docs/trace.md",
)
.examples(
    "
--- 1_shop.sql
create schema shop create table orders (id bigint primary key);
",
    "
--- 1_shop.sql
create schema shop;
create table shop.orders (id bigint primary key);
",
);

fn check(at: &At<'_>) -> Vec<Draft> {
    let Statement::Unknown { words, .. } = at.statement else { return Vec::new() };
    vec![
        at.draft(not_understood(words))
            .advice("look at what it locks, and allow this; or say it in words that lint knows"),
    ]
}
