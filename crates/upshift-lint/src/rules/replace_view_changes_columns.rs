use super::{Check, Group, Rule};
use crate::engine::{At, Draft, Level};
use crate::statement::{Replace, Statement};

pub(super) const RULE: Rule = Rule::new(
    Group::Tables,
    Level::Error,
    "CREATE OR REPLACE VIEW cannot drop, rename or reorder columns",
    Check::UpAndDown(check),
)
.explained(
    "PostgreSQL replaces a view only where the new one has all the old columns, under their names and in their order; \
     more may come behind them. Anything else fails when it is applied. Make a view of another name, move the code over, \
     and drop the old one in a contract.",
    "manual, CREATE VIEW; measured on 10 to 18",
)
.examples(
    "
--- 1_orders.sql
create table orders (id bigint primary key, total bigint, note text);
create view open_orders as select id, total, note from orders;
--- 2_replace.sql
create or replace view open_orders as select id, note from orders;
",
    "
--- 1_orders.sql
create table orders (id bigint primary key, total bigint, note text);
create view open_orders as select id, total from orders;
--- 2_replace.sql
create or replace view open_orders as select id, total, note from orders;
",
);

fn check(at: &At<'_>) -> Vec<Draft> {
    let Statement::CreateView(view) = at.statement else { return Vec::new() };
    let Some(old) = at.catalog.relation(&view.name).and_then(|found| found.as_view()) else {
        return Vec::new();
    };
    let new = if view.columns.is_empty() { &view.query.output } else { &view.columns };
    let known = |columns: &[String]| !columns.is_empty() && columns.iter().all(|column| column != "*");
    if view.replace != Replace::Yes || old.materialized || !known(&old.columns) || !known(new) {
        return Vec::new();
    }
    let differs = old.columns.iter().enumerate().find(|(at, column)| new.get(*at) != Some(column));
    let Some((place, column)) = differs else { return Vec::new() };
    let now = new.get(place).map_or_else(|| "gone".to_owned(), |new| format!("{new} now"));
    vec![
        at.draft(format!("column {} of {} was {column} and is {now}: this fails", place + 1, view.name))
            .advice("keep the old columns first, in their order; or make a view of another name"),
    ]
}
