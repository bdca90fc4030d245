use super::{Check, Group, Rule};
use crate::engine::{At, Draft, Level};
use crate::statement::{Action, Statement};

pub(super) const RULE: Rule = Rule::new(
    Group::Style,
    Level::Off,
    "one table is altered by two statements where one would do",
    Check::Up(check),
)
.explained(
    "Each ALTER TABLE is planned, locked and logged by itself; the changes of one table can stand in one. Not so where \
     one of them reads the table: that keeps a migration of its own. Off unless asked for.",
    "manual, ALTER TABLE, Notes",
)
.examples(
    "
--- 1_orders.sql
create table orders (id bigint primary key);
--- 2_two.sql
alter table orders add column note text;
alter table orders add column total bigint;
",
    "
--- 1_orders.sql
create table orders (id bigint primary key);
--- 2_two.sql
alter table orders add column note text, add column total bigint;
",
);

fn check(at: &At<'_>) -> Vec<Draft> {
    let Some((alter, table)) = at.altered() else { return Vec::new() };
    let Some(Statement::AlterRelation(before)) = at.before().next_back() else { return Vec::new() };
    let plain = |action: &Action| {
        matches!(action, Action::AddColumn { .. } | Action::DropColumn { .. } | Action::AlterColumn { .. })
    };
    let all = before.actions.iter().chain(&alter.actions);
    if !at.is_same(&before.name, &table) || !all.into_iter().all(|(action, _)| plain(action)) {
        return Vec::new();
    }
    let changes: Vec<&str> =
        before.actions.iter().chain(&alter.actions).map(|(_, place)| at.text_of(place)).collect();
    vec![at.draft(format!("{} is altered right before this", alter.name)).advice(format!(
        "one statement: `{} {}`",
        at.head(alter),
        changes.join(", ")
    ))]
}
