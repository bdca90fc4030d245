use super::{Check, Group, Rule};
use crate::engine::{At, Draft, Level};
use crate::statement::{Dependants, LockMode, Statement};

pub(super) const RULE: Rule = Rule::new(
    Group::Data,
    Level::Error,
    "a table that is in use is emptied",
    Check::Up(check),
)
.explained(
    "TRUNCATE takes ACCESS EXCLUSIVE, so that not even readers go on; its rows do not come back, and a transaction that \
     began before sees the table empty. CASCADE empties every table that refers to it as well. What must go can be \
     deleted in batches, by a backfill; a table that nobody uses any more is emptied in a contract.",
    "manual, TRUNCATE; measured on 10 to 18",
)
.examples(
    "
--- 1_sessions.sql
create table sessions (id bigint primary key);
--- 2_empty.sql
truncate sessions;
",
    "
--- 1_sessions.sql
create table sessions (id bigint primary key);
--- 2_empty.sql
-- upshift: backfill table=sessions
delete from sessions where id < 1000;
",
);

fn check(at: &At<'_>) -> Vec<Draft> {
    let Statement::Truncate { tables, dependants, .. } = at.statement else { return Vec::new() };
    let seen: Vec<_> = tables.iter().filter(|table| !at.is_unseen(table)).collect();
    let Some(first) = seen.first().filter(|_| at.must_not_break_old_code()) else { return Vec::new() };
    let names: Vec<String> = seen.iter().map(ToString::to_string).collect();
    let also = match dependants {
        Dependants::Drop => " and every table that refers to it",
        Dependants::Refuse => "",
    };
    let draft = at.draft(format!("this empties {}{also}, in use or not", names.join(", "))).effect(
        at.effect_on(&at.catalog.resolve(first), LockMode::AccessExclusive, "to the end of the transaction"),
    );
    vec![match (seen.as_slice(), dependants) {
        ([only], Dependants::Refuse) => draft.rewrite(at.elsewhere(
            &format!("empty_{}", only.name),
            format!("-- upshift: backfill table={only}\ndelete from {only};"),
        )),
        _ => draft.advice(
            "delete the rows in batches: `-- upshift: backfill table=…` and a DELETE, one migration a table",
        ),
    }]
}
