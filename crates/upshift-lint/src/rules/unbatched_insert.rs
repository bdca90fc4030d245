use super::{Check, Group, Rule, rows, work_under_lock};
use crate::engine::{At, Draft, Level};
use crate::statement::Statement;

pub(super) const RULE: Rule = Rule::new(
    Group::Data,
    Level::Warning,
    "rows are copied out of a table that is in use in one go",
    Check::Up(check),
)
.explained(
    "INSERT … SELECT reads its source in one statement: what is written there meanwhile is not in the copy, VACUUM \
     cannot clean up, and a stop begins from zero. A backfill over the source copies batch by batch. For a handful of \
     rows of a small table say so in an `allow`.",
    "docs/backfills.md",
)
.examples(
    "
--- 1_orders.sql
create table orders (id bigint primary key, total bigint);
create table totals (id bigint primary key, total bigint);
--- 2_copy.sql
insert into totals select id, total from orders;
",
    "
--- 1_orders.sql
create table orders (id bigint primary key, total bigint);
create table totals (id bigint primary key, total bigint);
--- 2_copy.sql
-- upshift: backfill table=orders
insert into totals select id, total from orders where id > :from and id <= :to on conflict do nothing;
--- 3_one.sql
insert into totals select 1, 2 where not exists (select from totals where id = 1);
",
);

fn check(at: &At<'_>) -> Vec<Draft> {
    let elsewhere = work_under_lock::speaks(at) || super::backfill_not_batched::speaks(at);
    let Statement::Insert(insert) = at.statement else { return Vec::new() };
    let Some(change) = rows::changed(at).filter(|_| !elsewhere) else { return Vec::new() };
    vec![
        at.draft(format!("rows of {} are {} in one go", change.table, change.done)).advice(format!(
            "copy in batches: `-- upshift: backfill table={}`, `where key > :from and key <= :to`, and `on conflict do \
             nothing`, into {}",
            change.table, insert.table,
        )),
    ]
}
