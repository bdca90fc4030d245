use super::{Check, Group, Rule};
use crate::engine::{At, Draft, Level};
use crate::statement::Kind;

pub(super) const RULE: Rule = Rule::new(
    Group::Tables,
    Level::Error,
    "a schema is dropped while the release that uses what is in it still runs",
    Check::Up(check),
)
.explained(
    "Whatever is in it goes with it (CASCADE), or it had better be empty. Drop its tables one by one, each in a contract, \
     and the schema last.",
    "docs/rollouts.md; manual, DROP SCHEMA",
)
.examples(
    "
--- 1_shop.sql
create schema shop;
--- 2_drop.sql
drop schema shop;
",
    "
--- 1_shop.sql
create schema shop;
--- 2_drop.sql
-- upshift: phase contract
drop schema shop;
",
);

fn check(at: &At<'_>) -> Vec<Draft> {
    if !at.must_not_break_old_code() {
        return Vec::new();
    }
    let gone = at.dropped(&[Kind::Schema]).into_iter();
    gone.map(|(_, name, place)| {
        at.draft_at(place, format!("the release before this one may still use what is in {name}"))
            .rewrite(at.in_a_contract())
    })
    .collect()
}
