use super::{Check, Group, Rule, timeout};
use crate::engine::{At, Draft, Level, Rewrite};
use crate::statement::Statement;

pub(super) const RULE: Rule = Rule::new(
    Group::Transactions,
    Level::Error,
    "a migration waits for locks without end, or for more than a minute",
    Check::UpAndDown(check),
)
.explained(
    "A statement that waits for ACCESS EXCLUSIVE makes everybody wait who comes after it, readers too: a lock timeout is \
     how long your service stands still at most. upshift sets one for every migration (2 seconds, and tries again); this \
     takes it away. Where one migration needs another limit, say `-- upshift: lock-timeout 5s`. CONCURRENTLY runs without \
     one by itself.",
    "manual, 19.11.1, lock_timeout; docs/decisions/0012-lock-waits-grow.md",
)
.examples(
    "
--- 1_orders.sql
create table orders (id bigint primary key);
--- 2_note.sql
set local lock_timeout = 0;
alter table orders add column note text;
",
    "
--- 1_orders.sql
set lock_timeout = 0;
create table orders (id bigint primary key);
--- 2_note.sql
-- upshift: lock-timeout 5s
alter table orders add column note text;
--- 3_total.sql
set local lock_timeout = '3s';
alter table orders add column total bigint;
",
);

fn check(at: &At<'_>) -> Vec<Draft> {
    let Statement::Set { setting, values, .. } = at.statement else { return Vec::new() };
    // A dump begins with it, where nobody else is there yet; and CONCURRENTLY must not be timed out.
    if setting != "lock_timeout" || at.is_first() || !at.runs_in_transaction() {
        return Vec::new();
    }
    let limit = values.first().map_or(Some(0), |value| timeout::milliseconds(value));
    let message = match limit {
        Some(0) => "from here on this migration waits for locks without end",
        Some(limit) if limit > timeout::LONGEST_WAIT => {
            "from here on this migration waits for locks for minutes"
        }
        _ => return Vec::new(),
    };
    vec![
        at.draft(message)
            .effect(
                "whoever comes after a statement that waits for ACCESS EXCLUSIVE waits as long as it does",
            )
            .rewrite(match at.all.len() {
                1 => Rewrite::this("-- upshift: lock-timeout 5s\nselect 1;"),
                _ => Rewrite::this("-- upshift: lock-timeout 5s"),
            }),
    ]
}
