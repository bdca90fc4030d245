use super::{Check, Group, Rule};
use crate::engine::{At, Draft, Level};
use crate::statement::Kind;

pub(super) const RULE: Rule = Rule::new(
    Group::Tables,
    Level::Error,
    "a database is dropped",
    Check::UpAndDown(check),
)
.explained(
    "A migration belongs to one database, and cannot drop that; another one is not its business, and nothing brings its \
     rows back. Drop databases by hand.",
    "manual, DROP DATABASE",
)
.examples(
    "
--- 1_drop.sql
drop database if exists reports;
",
    "
--- 1_orders.sql
create table orders (id bigint primary key);
",
);

fn check(at: &At<'_>) -> Vec<Draft> {
    let gone = at.dropped(&[Kind::Database]).into_iter();
    gone.map(|(_, name, place)| {
        at.draft_at(place, format!("this drops the database {name} with all that is in it"))
            .advice("leave it out: databases are dropped by hand")
    })
    .collect()
}
