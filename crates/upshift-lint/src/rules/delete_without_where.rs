use super::{Check, Group, Rule, work_under_lock};
use crate::engine::{At, Draft, Level};
use crate::statement::Statement;

pub(super) const RULE: Rule = Rule::new(
    Group::Data,
    Level::Error,
    "all rows of a table that is in use are deleted",
    Check::Up(check),
)
.explained(
    "DELETE without WHERE empties the table while the release before this one reads it, and the rows do not come back. \
     Say which rows are meant; where it is all of them, delete them by a backfill, once nobody needs them.",
    "docs/rollouts.md",
)
.examples(
    "
--- 1_sessions.sql
create table sessions (id bigint primary key);
--- 2_delete.sql
delete from sessions;
",
    "
--- 1_sessions.sql
create table sessions (id bigint primary key);
--- 2_delete.sql
-- upshift: backfill table=sessions
delete from sessions where id < 1000;
",
);

fn check(at: &At<'_>) -> Vec<Draft> {
    let Statement::Delete(delete) = at.statement else { return Vec::new() };
    let fine = delete.filter.is_some() || at.is_unseen(&delete.table) || at.is_batched();
    if fine
        || !at.must_not_break_old_code()
        || work_under_lock::speaks(at)
        || super::backfill_not_batched::speaks(at)
    {
        return Vec::new();
    }
    vec![
        at.draft(format!("all rows of {} are deleted, and do not come back", delete.table)).advice(
            "say which rows: `where …`; and delete them in batches, with `-- upshift: backfill table=…`",
        ),
    ]
}
