use super::used::uses;
use super::{Check, Group, Rule};
use crate::engine::{At, Draft, Level};
use crate::statement::{Action, ColumnChange, Dependants, Kind, Name, Quoted, Statement};

pub(super) const RULE: Rule = Rule::new(
    Group::ChangingColumns,
    Level::Warning,
    "a column is retyped or dropped that the view of a repeatable migration uses",
    Check::Up(check),
)
.explained(
    "Repeatable migrations come last: in an empty database the view is made after this, and all is well. In one where an \
     earlier release made it, it is there already, and PostgreSQL refuses to change what it uses. Drop it before (if \
     exists: a new database does not have it yet), and create it again after, in the same migration, because its file \
     `R__…` is not applied again while its text stays as it is. Where the view came later than the change, allow this: \
     a file without a version does not tell when it came.",
    "docs/migration-files.md; measured on PostgreSQL 10 to 18",
)
.examples(
    "
--- 1_orders.sql
create table orders (id bigint primary key, status varchar(10), note text);
--- 2_status.sql
alter table orders alter column status type varchar(20);
--- R__open_orders.sql
create or replace view open_orders as select id, status from orders where status = 'open';
",
    "
--- 1_orders.sql
create table orders (id bigint primary key, status varchar(10), code varchar(10), note text);
--- 2_status.sql
drop view if exists open_orders;
alter table orders alter column status type varchar(20);
create view open_orders as select id, status from orders where status = 'open';
--- 3_code.sql
alter table orders alter column code type varchar(20);
--- R__open_orders.sql
create or replace view open_orders as select id, status from orders where status = 'open';
--- R__notes.sql
create or replace view notes as select id, note from orders;
",
);

fn check(at: &At<'_>) -> Vec<Draft> {
    let Some((alter, table)) = at.altered() else { return Vec::new() };
    let drafts = alter.actions.iter().filter_map(|(action, place)| {
        let column = match action {
            Action::AlterColumn { column, change: ColumnChange::SetType { .. } }
            | Action::DropColumn { column, dependants: Dependants::Refuse, .. } => column,
            _ => return None,
        };
        let using = |view| uses(view, at.last, (&table, column));
        let mut views = at.repeatable_views_of(&table).filter(|(_, view)| using(view));
        let (view, _) = views.find(|(view, _)| !is_dropped_before(at, view))?;
        let (view, used) = (at.shown(view), format!("{}.{}", at.shown(&table), Quoted(column)));
        let message = format!(
            "the view {view} of a repeatable migration uses {used}: where it is made already, PostgreSQL refuses this"
        );
        Some(at.draft_at(place, message).advice(format!(
            "`drop view if exists {view}` before this statement, and create it again after it, in this migration; the \
             repeatable migration stays as it is"
        )))
    });
    drafts.collect()
}

fn is_dropped_before(at: &At<'_>, view: &Name) -> bool {
    at.before().any(|one| {
        matches!(one, Statement::Drop(dropped) if dropped.kind == Kind::View
            && dropped.names.iter().any(|(name, _)| at.last.resolve(name) == *view))
    })
}
