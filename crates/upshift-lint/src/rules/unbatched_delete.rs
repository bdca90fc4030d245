use super::{Check, Group, Rule, rows, work_under_lock};
use crate::engine::{At, Draft, Level};
use crate::statement::Statement;

pub(super) const RULE: Rule = Rule::new(
    Group::Data,
    Level::Error,
    "rows of a table that is in use are deleted in one go",
    Check::Up(check),
)
.explained(
    "One DELETE over many rows locks them all, and with them the rows that refer to them, until it is done; it keeps \
     VACUUM from cleaning up anywhere, and begins from zero when it is stopped. A backfill deletes in batches.",
    "docs/backfills.md",
)
.examples(
    "
--- 1_sessions.sql
create table sessions (id bigint primary key, ended boolean);
--- 2_delete.sql
delete from sessions where ended;
",
    "
--- 1_sessions.sql
create table sessions (id bigint primary key, ended boolean);
--- 2_delete.sql
-- upshift: backfill table=sessions
delete from sessions where ended;
--- 3_mend.sql
delete from sessions where id = 17;
",
);

fn check(at: &At<'_>) -> Vec<Draft> {
    let Statement::Delete(delete) = at.statement else { return Vec::new() };
    let elsewhere = work_under_lock::speaks(at)
        || super::backfill_not_batched::speaks(at)
        || delete.filter.is_none() && at.must_not_break_old_code();
    let Some(change) = rows::changed(at).filter(|_| !elsewhere) else { return Vec::new() };
    let draft = at
        .draft(format!("rows of {} are deleted in one go", change.table))
        .effect("the rows stay locked until the last is done: whoever writes them waits");
    vec![match change.can_be_batched {
        true => draft.rewrite(rows::batched(at, change.table)),
        false => draft.advice("write it as one DELETE without WITH, with `-- upshift: backfill table=…`"),
    }]
}
