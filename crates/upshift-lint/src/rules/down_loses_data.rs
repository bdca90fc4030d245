use super::{Check, Group, Rule};
use crate::engine::{At, Draft, Level};
use crate::statement::{Action, Kind, Statement};

pub(super) const RULE: Rule = Rule::new(
    Group::Rollback,
    Level::Error,
    "a down takes away what its up did not make",
    Check::Down(check),
)
.explained(
    "A down is run at 3 am, by somebody who trusts it. Dropping what the up of the same migration made is its work; a \
     table or column that was there before, TRUNCATE, and DELETE without WHERE lose rows that have nothing to do with it.",
    "docs/migration-files.md",
)
.examples(
    "
--- 1_orders.sql
create table orders (id bigint primary key, note text);
--- 2_total.sql
alter table orders add column total bigint;
-- upshift: down
alter table orders drop column total;
alter table orders drop column note;
",
    "
--- 1_orders.sql
create table orders (id bigint primary key, note text);
--- 2_total.sql
alter table orders add column total bigint;
create table totals (id bigint primary key);
-- upshift: down
drop table totals;
alter table orders drop column total;
",
);

fn check(at: &At<'_>) -> Vec<Draft> {
    let lost = |place: &std::ops::Range<usize>, what: String| {
        at.draft_at(place, format!("{what} was there before this migration: its rows are lost"))
            .advice("take away only what the up made")
    };
    match at.statement {
        Statement::Drop(_) => {
            let gone = at.dropped(&[Kind::Table, Kind::ForeignTable]).into_iter();
            let known =
                gone.filter(|(_, name, _)| at.catalog.table(name).is_some() && !at.is_made_later(name));
            known.map(|(_, name, place)| lost(place, name.to_string())).collect()
        }
        Statement::AlterRelation(alter) if !at.is_own_relation(&alter.name) => {
            let gone = alter.actions.iter().filter_map(|(action, place)| match action {
                Action::DropColumn { column, .. }
                    if at.catalog.column(&alter.name, column).is_some()
                        && !at.is_new_column(&alter.name, column) =>
                {
                    Some(lost(place, format!("{}.{column}", alter.name)))
                }
                _ => None,
            });
            gone.collect()
        }
        Statement::Truncate { tables, .. } => {
            let seen = tables.iter().filter(|table| !at.is_own_relation(table));
            seen.map(|table| lost(at.place, format!("what is in {table}"))).collect()
        }
        Statement::Delete(delete) if delete.filter.is_none() && !at.is_own_relation(&delete.table) => {
            vec![lost(at.place, format!("what is in {}", delete.table))]
        }
        _ => Vec::new(),
    }
}
