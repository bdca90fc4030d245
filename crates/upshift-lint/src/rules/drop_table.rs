use super::{Check, Group, Rule};
use crate::engine::{At, Draft, Level};
use crate::statement::{Kind, LockMode};

pub(super) const RULE: Rule = Rule::new(
    Group::Tables,
    Level::Error,
    "a table is dropped while the release that uses it still runs",
    Check::Up(check),
)
.explained(
    "The instances of the release before this one still read and write the table, and its rows do not come back. Deploy \
     code that does not use it first, and drop it in a contract, which waits until nobody is left who does.",
    "docs/rollouts.md; manual, DROP TABLE",
)
.examples(
    "
--- 1_carts.sql
create table carts (id bigint primary key);
--- 2_drop.sql
drop table carts;
",
    "
--- 1_carts.sql
create table carts (id bigint primary key);
--- 2_scratch.sql
create table scratch (id bigint primary key);
drop table scratch;
--- 3_drop.sql
-- upshift: phase contract
drop table carts;
",
);

fn check(at: &At<'_>) -> Vec<Draft> {
    if !at.must_not_break_old_code() {
        return Vec::new();
    }
    let gone = at.dropped(&[Kind::Table, Kind::ForeignTable]).into_iter();
    let gone = gone.filter(|(_, name, _)| at.partitioned_table_of(name).is_none() && !at.is_made_later(name));
    gone.map(|(_, name, place)| {
        let message = format!("the release before this one still uses {name}, and its rows do not come back");
        at.draft_at(place, message)
            .effect(at.effect_on(
                &at.catalog.resolve(name),
                LockMode::AccessExclusive,
                "to the end of the transaction",
            ))
            .rewrite(at.in_a_contract())
    })
    .collect()
}
