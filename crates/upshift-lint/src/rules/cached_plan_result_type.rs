use super::{Check, Group, Rule};
use crate::engine::{At, Draft, Level};
use crate::statement::{Action, ColumnChange};

pub(super) const RULE: Rule = Rule::new(
    Group::ChangingColumns,
    Level::Off,
    "prepared statements with `select *` or `returning *` fail after this",
    Check::Up(check),
)
.explained(
    "A statement that was prepared keeps the types of its columns. After a column came, went, or got another name or \
     type, every prepared `select *` over the table fails with `cached plan must not change result type`, until it is \
     prepared again, in each connection of the pool. Code that names its columns does not notice a new one. Off unless \
     asked for: only the code can tell.",
    "measured on 13, 15, 17 and 18",
)
.examples(
    "
--- 1_orders.sql
create table orders (id bigint primary key);
--- 2_note.sql
alter table orders add column note text;
",
    "
--- 1_orders.sql
create table orders (id bigint primary key);
--- 2_default.sql
alter table orders alter column id set default 1;
",
);

fn check(at: &At<'_>) -> Vec<Draft> {
    let Some((alter, _)) = at.altered() else { return Vec::new() };
    let changes = alter.actions.iter().find(|(action, _)| {
        matches!(
            action,
            Action::AddColumn { .. }
                | Action::DropColumn { .. }
                | Action::RenameColumn { .. }
                | Action::AlterColumn { change: ColumnChange::SetType { .. }, .. }
        )
    });
    let found = changes.map(|(_, place)| {
        at.draft_at(place, format!("a prepared `select * from {}` fails after this", alter.name))
            .advice("name the columns in queries that are prepared, or let the pool drop its statements")
    });
    found.into_iter().collect()
}
