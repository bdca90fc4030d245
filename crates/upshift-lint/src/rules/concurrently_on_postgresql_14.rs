use super::{Check, Group, Rule};
use crate::engine::{At, Draft, Level};
use crate::statement::{Manner, Statement};

pub(super) const RULE: Rule = Rule::new(
    Group::Indexes,
    Level::Off,
    "CONCURRENTLY on PostgreSQL 14.0 to 14.3 makes indexes that miss rows",
    Check::UpAndDown(check),
)
.explained(
    "CREATE INDEX CONCURRENTLY and REINDEX CONCURRENTLY of 14.0 to 14.3 could leave rows out that were \
     updated meanwhile (mended in 14.4). What was built there must be built again. Off unless asked for: \
     the project only says that it runs on 14.",
    "release notes of PostgreSQL 14.4",
)
.examples(
    "
--- 1_orders.sql
create table orders (id bigint primary key, status text, total int, code varchar(20));
--- 2_index.sql
create index concurrently orders_status on orders (status);
",
    "
--- 1_orders.sql
create table orders (id bigint primary key, status text, total int, code varchar(20));
",
);

fn check(at: &At<'_>) -> Vec<Draft> {
    let concurrently = match at.statement {
        Statement::CreateIndex(index) => index.manner == Manner::Concurrently,
        Statement::Reindex { manner, .. } => *manner == Manner::Concurrently,
        _ => false,
    };
    match concurrently && at.options.each_major().any(|major| major.0 == 14) {
        true => vec![
            at.draft(
                "on PostgreSQL 14.0 to 14.3 this \
            index may miss rows",
            )
            .advice("14.4 or later, or another major"),
        ],
        false => Vec::new(),
    }
}
