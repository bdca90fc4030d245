use super::used::refused_for_view;
use super::{Check, Group, Rule};
use crate::engine::{At, Draft, Level};
use crate::statement::{Action, ColumnChange};

pub(super) const RULE: Rule = Rule::new(
    Group::ChangingColumns,
    Level::Error,
    "the type of a column is changed that a view uses: PostgreSQL refuses it",
    Check::UpAndDown(check),
)
.explained(
    "\"cannot alter type of a column used by a view or rule\": views are not adapted, and there is no \
     CASCADE. Drop the view before and create it again after, in the same migration, so that nobody sees \
     it missing; what was granted on it must be granted again.",
    "measured on PostgreSQL 10 to 18",
)
.examples(
    "
--- 1_orders.sql
create table orders (id bigint primary key, status varchar(10), note text);
--- 2_view.sql
create view open_orders as select id, status from orders where status = 'open';
--- 3_status.sql
alter table orders alter column status type varchar(20);
",
    "
--- 1_orders.sql
create table orders (id bigint primary key, status varchar(10), note text);
--- 2_view.sql
create view open_orders as select id, status from orders where status = 'open';
--- 3_note.sql
alter table orders alter column note type text;
",
);

fn check(at: &At<'_>) -> Vec<Draft> {
    let Some((alter, table)) = at.altered() else { return Vec::new() };
    let drafts = alter.actions.iter().filter_map(|(action, place)| match action {
        Action::AlterColumn { column, change: ColumnChange::SetType { .. } } => {
            refused_for_view(at, (&table, column), place, || "create it again".to_owned())
        }
        _ => None,
    });
    drafts.collect()
}
