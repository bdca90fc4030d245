use super::{Check, Group, Rule, rows};
use crate::engine::{At, Draft, Level, Rewrite};

pub(super) const RULE: Rule = Rule::new(
    Group::Data,
    Level::Error,
    "a migration of phase backfill changes its rows in one go",
    Check::Up(check),
)
.explained(
    "`phase backfill` says when it runs, not how: without the directive `backfill table=…` its statement is sent whole, \
     and every row it changes stays locked until the last is done.",
    "docs/backfills.md",
)
.examples(
    "
--- 1_orders.sql
create table orders (id bigint primary key, status text);
--- 2_fill.sql
-- upshift: phase backfill
update orders set status = 'open' where status is null;
",
    "
--- 1_orders.sql
create table orders (id bigint primary key, status text);
--- 2_fill.sql
-- upshift: backfill table=orders
update orders set status = 'open' where status is null;
",
);

fn check(at: &At<'_>) -> Vec<Draft> {
    let Some(change) = rows::changed(at).filter(|_| speaks(at)) else { return Vec::new() };
    let draft = at
        .draft(format!("this backfill changes the rows of {} in one go", change.table))
        .effect("the rows stay locked until the last is done: whoever writes them waits");
    vec![match change.can_be_batched && at.all.len() == 1 {
        true => draft.rewrite(Rewrite::this(format!(
            "-- upshift: backfill table={}\n{};",
            change.table,
            at.text()
        ))),
        false => draft
            .advice(format!("one statement a migration, with `-- upshift: backfill table={}`", change.table)),
    }]
}

/// Whether the migration is a backfill that is not cut into batches.
pub(super) fn speaks(at: &At<'_>) -> bool {
    let header = at.migration.header();
    header.phase == upshift_files::Phase::Backfill && header.backfill.is_none()
}
