use super::{Check, Group, Rule, rows, work_under_lock};
use crate::engine::{At, Draft, Level};
use crate::statement::Statement;

pub(super) const RULE: Rule = Rule::new(
    Group::Data,
    Level::Error,
    "rows of a table that is in use are updated in one go",
    Check::Up(check),
)
.explained(
    "One UPDATE over many rows locks each of them until all are done, so that the service waits for its own rows; it \
     writes every row a second time, keeps VACUUM from cleaning up anywhere, and begins from zero when it is stopped. A \
     backfill does the same in batches, in the background, and goes on where it was stopped. An UPDATE that names its \
     rows by a key is fine.",
    "docs/backfills.md",
)
.examples(
    "
--- 1_orders.sql
create table orders (id bigint primary key, status text);
--- 2_open.sql
update orders set status = 'open' where status is null;
",
    "
--- 1_orders.sql
create table orders (id bigint primary key, status text);
--- 2_open.sql
-- upshift: backfill table=orders
update orders set status = 'open' where status is null;
--- 3_mend.sql
update orders set status = 'open' where id in (17, 18);
",
);

fn check(at: &At<'_>) -> Vec<Draft> {
    let many = matches!(at.statement, Statement::Update(_) | Statement::Merge { .. } | Statement::Select(_));
    let Some(change) = rows::changed(at).filter(|_| many && !work_under_lock::speaks(at)) else {
        return Vec::new();
    };
    if super::backfill_not_batched::speaks(at) {
        return Vec::new();
    }
    let message = match at.statement {
        Statement::Update(update) if update.filter.is_none() => {
            format!("all rows of {} are updated in one go", change.table)
        }
        _ => format!("rows of {} are {} in one go", change.table, change.done),
    };
    let draft =
        at.draft(message).effect("the rows stay locked until the last is done: whoever writes them waits");
    vec![match change.can_be_batched {
        true => draft.rewrite(rows::batched(at, change.table)),
        false => draft.advice("write it as one UPDATE over one table, with `-- upshift: backfill table=…`"),
    }]
}
