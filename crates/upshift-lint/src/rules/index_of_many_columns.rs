use super::{Check, Group, Rule};
use crate::engine::{At, Draft, Level};
use crate::statement::Statement;

pub(super) const RULE: Rule = Rule::new(
    Group::Indexes,
    Level::Off,
    "an index has more than three columns",
    Check::Up(check),
)
.explained(
    "Each column makes it larger and every write slower, and a query that does not name the first ones \
     cannot use the last ones. Mostly two or three decide; what is only read can stand in INCLUDE. Unique \
     indexes say what is unique, and are left alone.",
    "strong_migrations; manual, Multicolumn Indexes",
)
.examples(
    "
--- 1_orders.sql
create table orders (id bigint primary key, status text, total int, code varchar(20));
create index orders_all on orders (status, total, code, id);
",
    "
--- 1_orders.sql
create table orders (id bigint primary key, status text, total int, code varchar(20));
create index orders_some on orders (status, total) include (code);
create unique index orders_once on orders (status, total, code, id);
",
);

fn check(at: &At<'_>) -> Vec<Draft> {
    let Statement::CreateIndex(index) = at.statement else { return Vec::new() };
    match index.parts.len() > 3 && !index.unique && index.method == "btree" {
        true => vec![at.draft(format!("{} columns: mostly two or three decide", index.parts.len()))],
        false => Vec::new(),
    }
}
