use super::{Check, Group, Rule, timeout};
use crate::engine::{At, Draft, Level, Rewrite};
use crate::statement::Statement;

pub(super) const RULE: Rule = Rule::new(
    Group::Transactions,
    Level::Warning,
    "a migration takes the limit on its statements away by itself",
    Check::UpAndDown(check),
)
.explained(
    "Whoever set `statement_timeout` for migrations wanted to hear of one that runs for hours. A statement that may take \
     long says so in the header, where `plan` shows it: `-- upshift: statement-timeout 2h`.",
    "manual, 19.11.1, statement_timeout; docs/decisions/0005-no-statement-timeout-unless-asked-for.md",
)
.examples(
    "
--- 1_orders.sql
create table orders (id bigint primary key);
--- 2_note.sql
set local statement_timeout = 0;
alter table orders add column note text;
",
    "
--- 1_orders.sql
set statement_timeout = 0;
create table orders (id bigint primary key);
--- 2_note.sql
set local statement_timeout = '30s';
alter table orders add column note text;
",
);

fn check(at: &At<'_>) -> Vec<Draft> {
    let Statement::Set { setting, values, .. } = at.statement else { return Vec::new() };
    let off = values.first().map(|value| timeout::milliseconds(value)) == Some(Some(0));
    if setting != "statement_timeout" || !off || at.is_first() {
        return Vec::new();
    }
    let draft = at.draft("from here on no statement of this migration has a limit");
    vec![match at.all.len() {
        1 => draft.advice("write `-- upshift: statement-timeout 2h` in the header instead"),
        _ => draft.rewrite(Rewrite::this("-- upshift: statement-timeout 2h")),
    }]
}
