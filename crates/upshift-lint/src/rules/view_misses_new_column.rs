use super::{Check, Group, Rule};
use crate::engine::{At, Draft, Level};
use crate::statement::Statement;

pub(super) const RULE: Rule = Rule::new(
    Group::Tables,
    Level::Warning,
    "a column is added to a table, and a view that says `select *` of it does not have it",
    Check::Up(check),
)
.explained(
    "`*` in a view means the columns there were when it was made. Whoever reads the view does not see the new one, and \
     whoever writes through it cannot set it, until CREATE OR REPLACE VIEW makes it anew (a new column comes last, so \
     that it can).",
    "manual, CREATE VIEW",
)
.examples(
    "
--- 1_orders.sql
create table orders (id bigint primary key);
create view all_orders as select * from orders;
--- 2_note.sql
alter table orders add column note text;
",
    "
--- 1_orders.sql
create table orders (id bigint primary key);
create view all_orders as select * from orders;
create view order_ids as select id from orders;
--- 2_note.sql
alter table orders add column note text;
create or replace view all_orders as select * from orders;
",
);

fn check(at: &At<'_>) -> Vec<Draft> {
    let mut drafts = Vec::new();
    for (alter, table, _, column) in at.added_columns() {
        let stale = at.catalog.views_of(&table).filter(|(name, view)| {
            let renewed = |one: &Statement| {
                matches!(one, Statement::CreateView(made) if at.is_same(&made.name, name))
                    || matches!(one, Statement::CreateTableAs(made) if at.is_same(&made.name, name))
            };
            view.columns.iter().any(|column| column == "*") && !at.after().any(renewed)
        });
        for (view, _) in stale {
            let view = at.shown(view);
            drafts.push(
                at.draft_at(
                    &column.place,
                    format!("{view} says `*` of {}, and will not have {}", alter.name, column.name),
                )
                .advice(format!("make it anew behind this: `create or replace view {view} as …`")),
            );
        }
    }
    drafts
}
