use super::{Check, Group, Rule};
use crate::engine::{At, Draft, Level, Rewrite};
use crate::statement::{SetScope, Statement};

pub(super) const RULE: Rule = Rule::new(
    Group::Transactions,
    Level::Warning,
    "SET without LOCAL changes who the session is, or where it looks, beyond the transaction",
    Check::UpAndDown(check),
)
.explained(
    "SET ROLE and SET search_path last as long as the session: whatever comes next on it runs as somebody else, or \
     finds other tables. upshift sets them back before each migration and closes the connection; psql, other tools and a \
     pooled connection do not. SET LOCAL ends with the transaction. Where statements run one by one it would do nothing: \
     there nothing is said.",
    "manual, SET; docs/decisions/0001-the-connection-that-migrated-is-closed.md",
)
.examples(
    "
--- 1_orders.sql
create schema shop;
create table shop.orders (id bigint primary key);
--- 2_note.sql
set search_path = shop;
alter table orders add column note text;
",
    "
--- 1_orders.sql
create schema shop;
create table shop.orders (id bigint primary key);
--- 2_note.sql
set local search_path = shop;
alter table orders add column note text;
--- 3_total.sql
set client_min_messages = warning;
alter table shop.orders add column total bigint;
",
);

fn check(at: &At<'_>) -> Vec<Draft> {
    let Statement::Set { setting, values, scope: SetScope::Session } = at.statement else {
        return Vec::new();
    };
    let matters = ["role", "search_path", "session authorization"].contains(&setting.as_str());
    if !matters || values.is_empty() || !at.runs_in_transaction() || at.is_first() {
        return Vec::new();
    }
    let mut words = at.text().splitn(2, char::is_whitespace);
    let (Some(set), Some(rest)) = (words.next(), words.next()) else { return Vec::new() };
    let rest = rest.trim_start();
    let lower = rest.to_ascii_lowercase();
    let rest = match lower.starts_with("session ") && !lower.starts_with("session authorization") {
        true => rest.get("session ".len()..).unwrap_or(rest).trim_start(),
        false => rest,
    };
    let local = if set == "SET" { "LOCAL" } else { "local" };
    vec![
        at.draft(format!("{setting} stays so after this migration, for whoever uses the connection next"))
            .rewrite(Rewrite::this(format!("{set} {local} {rest};"))),
    ]
}
