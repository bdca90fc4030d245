use super::{Check, Group, Rule};
use crate::engine::{At, Draft, Level};
use crate::statement::{Kind, Manner, Statement};

pub(super) const RULE: Rule = Rule::new(
    Group::Indexes,
    Level::Off,
    "CONCURRENTLY waits for every transaction in the database that is older than it",
    Check::Up(check),
)
.explained(
    "Twice it waits until everybody is gone who may not know the new index: a report that runs for an \
     hour, a session that is idle in transaction, a dump, a prepared transaction, in whatever table of \
     the database. Nobody waits for it, but the migration does not end, and what comes after it waits. A \
     guard asks first. Off unless asked for: only the server knows.",
    "manual, CREATE INDEX, Building Indexes Concurrently",
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
--- 2_index.sql
create index concurrently orders_status on orders (status);
-- upshift: guard
select count(*) = 0 from pg_stat_activity
where backend_xmin is not null and xact_start < now() - interval '5 minutes' and datname = current_database();
",
);

fn check(at: &At<'_>) -> Vec<Draft> {
    let concurrently = match at.statement {
        Statement::CreateIndex(index) => index.manner == Manner::Concurrently,
        Statement::Reindex { manner, .. } => *manner == Manner::Concurrently,
        Statement::Drop(dropped) => dropped.kind == Kind::Index && dropped.manner == Manner::Concurrently,
        _ => false,
    };
    match concurrently && at.migration.guard().is_none() {
        true => vec![
            at.draft(
                "this waits for every transaction in the database that \
            is older than it",
            )
            .advice(
                "a guard: `select count(*) = 0 from pg_stat_activity where backend_xmin is not null \
             and xact_start < now() - \
             interval '5 minutes' and datname = current_database();`",
            ),
        ],
        false => Vec::new(),
    }
}
