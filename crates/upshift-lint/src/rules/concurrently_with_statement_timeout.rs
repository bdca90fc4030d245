use super::{Check, Group, Rule};
use crate::engine::{At, Draft, Level};
use crate::statement::{Manner, Statement};

pub(super) const RULE: Rule = Rule::new(
    Group::Indexes,
    Level::Warning,
    "a statement that runs CONCURRENTLY has a statement timeout: it may end half done",
    Check::UpAndDown(check),
)
.explained(
    "CONCURRENTLY waits for every transaction that is older than it, anywhere in the database, and that \
     counts for the timeout as well as the building. When it strikes, an INVALID index is left, which \
     costs writes and serves no query until the next attempt. upshift lifts the lock timeout for these \
     statements; a statement timeout that the migration itself asks for is kept.",
    "manual, CREATE INDEX, Building Indexes Concurrently; measured on PostgreSQL 10 to 18",
)
.examples(
    "
--- 1_orders.sql
create table orders (id bigint primary key, status text, total int, code varchar(20));
--- 2_index.sql
-- upshift: statement-timeout 30s
create index concurrently orders_status on orders (status);
",
    "
--- 1_orders.sql
create table orders (id bigint primary key, status text, total int, code varchar(20));
--- 2_index.sql
create index concurrently orders_status on orders (status);
",
);

fn check(at: &At<'_>) -> Vec<Draft> {
    let concurrently = match at.statement {
        Statement::CreateIndex(index) => index.manner == Manner::Concurrently,
        Statement::Reindex { manner, .. } => *manner == Manner::Concurrently,
        _ => false,
    };
    let set = at.held.settings.get("statement_timeout").and_then(|values| values.first());
    let set = set.is_some_and(|value| {
        value.trim_start_matches('0').chars().next().is_some_and(|c| c.is_ascii_digit())
    });
    let header = at.migration.header().statement_timeout.is_some_and(|limit| !limit.is_zero());
    match concurrently && (set || header) {
        true => vec![at.draft("a statement timeout that strikes here leaves an INVALID index").advice(
            "no statement timeout in the migration of an index: it waits for \
                    others, not others for it",
        )],
        false => Vec::new(),
    }
}
