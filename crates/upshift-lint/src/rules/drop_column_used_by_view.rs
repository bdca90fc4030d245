use super::used::refused_for_view;
use super::{Check, Group, Rule};
use crate::engine::{At, Draft, Level};
use crate::statement::{Action, Dependants, Quoted};

pub(super) const RULE: Rule = Rule::new(
    Group::ChangingColumns,
    Level::Error,
    "a column is dropped that a view uses: PostgreSQL refuses it",
    Check::UpAndDown(check),
)
.explained(
    "\"cannot drop column … because other objects depend on it\". CASCADE would take the view away with \
     the column, and whatever reads the view fails. Create the view anew without the column first: drop \
     and create it in the same migration, so that nobody sees it missing.",
    "measured on PostgreSQL 10 to 18",
)
.examples(
    "
--- 1_orders.sql
create table orders (id bigint primary key, status varchar(10), note text);
--- 2_view.sql
create view open_orders as select id, status from orders where status = 'open';
--- 3_status.sql
-- upshift: phase contract
alter table orders drop column status;
",
    "
--- 1_orders.sql
create table orders (id bigint primary key, status varchar(10), note text);
--- 2_view.sql
create view open_orders as select id, status from orders where status = 'open';
--- 3_note.sql
-- upshift: phase contract
alter table orders drop column note;
",
);

fn check(at: &At<'_>) -> Vec<Draft> {
    let Some((alter, table)) = at.altered() else { return Vec::new() };
    let drafts = alter.actions.iter().filter_map(|(action, place)| match action {
        Action::DropColumn { column, dependants: Dependants::Refuse, .. } => {
            refused_for_view(at, (&table, column), place, || format!("create it without {}", Quoted(column)))
        }
        _ => None,
    });
    drafts.collect()
}
