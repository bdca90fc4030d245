use super::{Check, Group, Rule};
use crate::engine::{At, Draft, Level};
use crate::statement::{LockMode, Statement};

pub(super) const RULE: Rule = Rule::new(
    Group::Objects,
    Level::Warning,
    "a rule rewrites what others write to a table",
    Check::Up(check),
)
.explained(
    "A rule does not see rows but rewrites queries: functions in them are called twice, RETURNING and COPY go past it, \
     and old code gets other counts. It takes ACCESS EXCLUSIVE, where CREATE TRIGGER lets readers go on. On views \
     nothing is said.",
    "manual, 39.7 Rules Versus Triggers; measured on 10 to 18",
)
.examples(
    "
--- 1_orders.sql
create table orders (id bigint primary key);
--- 2_rule.sql
create rule keep as on delete to orders do instead nothing;
",
    "
--- 1_orders.sql
create table orders (id bigint primary key);
create view open_orders as select id from orders;
--- 2_rule.sql
create rule keep as on delete to open_orders do instead nothing;
",
);

fn check(at: &At<'_>) -> Vec<Draft> {
    let Statement::CreateRule { name, table } = at.statement else { return Vec::new() };
    let view = at.catalog.relation(table).is_some_and(|found| found.as_view().is_some());
    if view || at.is_unseen(table) {
        return Vec::new();
    }
    vec![
        at.draft(format!("{name} rewrites what the release before this one sends to {table}"))
            .effect(at.effect_on(
                &at.catalog.resolve(table),
                LockMode::AccessExclusive,
                "to the end of the transaction",
            ))
            .advice("use a trigger"),
    ]
}
