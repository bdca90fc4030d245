use super::{Check, Group, Rule};
use crate::engine::{At, Draft, Level};
use crate::statement::Kind;

pub(super) const RULE: Rule = Rule::new(
    Group::Tables,
    Level::Error,
    "a table is dropped and made anew: its rows are lost",
    Check::Up(check),
)
.explained(
    "DROP TABLE (IF EXISTS) before CREATE TABLE is how scripts for a developer's machine begin. On a database that has \
     the table it throws all rows away, in silence. Create it, and change what is there with ALTER TABLE.",
    "docs/rollouts.md",
)
.examples(
    "
--- 1_orders.sql
drop table if exists orders;
create table orders (id bigint primary key);
",
    "
--- 1_orders.sql
create table orders (id bigint primary key);
--- 2_note.sql
alter table orders add column note text;
",
);

fn check(at: &At<'_>) -> Vec<Draft> {
    let gone = at.dropped(&[Kind::Table, Kind::ForeignTable]).into_iter();
    let again = gone.filter(|(_, name, _)| at.is_made_later(name) && at.partitioned_table_of(name).is_none());
    again
        .map(|(_, name, place)| {
            at.draft_at(place, format!("where there is a table {name}, all its rows are lost here"))
                .advice("leave the DROP out; what is there is changed with ALTER TABLE")
        })
        .collect()
}
