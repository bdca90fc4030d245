use super::{Check, Group, Rule};
use crate::engine::{At, Draft, Level};
use crate::statement::{Kind, Quoted};

pub(super) const RULE: Rule = Rule::new(
    Group::Indexes,
    Level::Off,
    "an index is dropped, and nothing looks first whether queries use it",
    Check::Up(check),
)
.explained(
    "An index that one report a month needs looks useless on every other day, and one that only a replica \
     uses looks useless on the primary. `pg_stat_user_indexes.idx_scan` tells, on each server for itself, \
     since its statistics were last reset. A guard asks the primary. Off unless asked for.",
    "manual, The Cumulative Statistics System",
)
.examples(
    "
--- 1_orders.sql
create table orders (id bigint primary key, status text, total int, code varchar(20));
create index orders_status on orders (status);
--- 2_drop.sql
drop index concurrently orders_status;
",
    "
--- 1_orders.sql
create table orders (id bigint primary key, status text, total int, code varchar(20));
create index orders_status on orders (status);
--- 2_drop.sql
drop index concurrently orders_status;
-- upshift: guard
select idx_scan = 0 from pg_stat_user_indexes where indexrelname = 'orders_status';
",
);

fn check(at: &At<'_>) -> Vec<Draft> {
    let dropped = at.dropped(&[Kind::Index]).into_iter().filter(|_| at.migration.guard().is_none());
    let drafts = dropped.map(|(_, name, place)| {
        at.draft_at(place, format!("does any query use {}?", Quoted(&name.name))).advice(format!(
            "a guard: `select idx_scan = 0 from pg_stat_user_indexes where \
                indexrelname = {};`; look at the replicas as well",
            super::adding::literal(&name.name)
        ))
    });
    drafts.collect()
}
