use super::{Check, Group, Rule};
use crate::engine::{At, Draft, Level, Rewrite};
use crate::statement::{Action, Quoted};

pub(super) const RULE: Rule = Rule::new(
    Group::ChangingColumns,
    Level::Error,
    "a column is dropped while the release that reads it still runs",
    Check::Up(check),
)
.explained(
    "The instances of the release before this one still name the column: their queries fail from this moment on. Deploy \
     code that does not use it first, and drop it in a contract, which waits until nobody is left who does.",
    "docs/rollouts.md",
)
.examples(
    "
--- 1_orders.sql
create table orders (id bigint primary key, note text);
--- 2_drop.sql
alter table orders drop column note;
",
    "
--- 1_orders.sql
create table orders (id bigint primary key, note text);
--- 2_drop.sql
-- upshift: phase contract
alter table orders drop column note;
",
);

fn check(at: &At<'_>) -> Vec<Draft> {
    if !at.must_not_break_old_code() {
        return Vec::new();
    }
    let Some((alter, table)) = at.altered() else { return Vec::new() };
    let dropped = alter.actions.iter().filter_map(|(action, place)| match action {
        Action::DropColumn { column, .. } if !at.is_new_column(&table, column) => Some((column, place)),
        _ => None,
    });
    let drafts = dropped.map(|(column, place)| {
        let (table, column) = (at.shown(&table), Quoted(column));
        at.draft_at(place, format!("the release before this one still uses {table}.{column}"))
            .rewrite(Rewrite::this(format!("-- upshift: phase contract\n{};", at.text())))
    });
    drafts.collect()
}
