use super::{Check, Group, Rule};
use crate::engine::{At, Draft, Level};
use crate::statement::Kind;

pub(super) const RULE: Rule = Rule::new(
    Group::Tables,
    Level::Error,
    "a view is dropped while the release that reads it still runs",
    Check::Up(check),
)
.explained(
    "The instances of the release before this one read the view, and fail from this moment on. Drop it in a contract. A \
     view that is made anew in the same transaction is never missed.",
    "docs/rollouts.md",
)
.examples(
    "
--- 1_orders.sql
create table orders (id bigint primary key, total bigint);
create view open_orders as select id, total from orders;
--- 2_drop.sql
drop view open_orders;
",
    "
--- 1_orders.sql
create table orders (id bigint primary key, total bigint);
create view open_orders as select id, total from orders;
--- 2_anew.sql
drop view open_orders;
create view open_orders as select total, id from orders;
--- 3_drop.sql
-- upshift: phase contract
drop view open_orders;
",
);

fn check(at: &At<'_>) -> Vec<Draft> {
    if !at.must_not_break_old_code() {
        return Vec::new();
    }
    let gone = at.dropped(&[Kind::View, Kind::MaterializedView]).into_iter();
    let gone = gone.filter(|(_, name, _)| !at.runs_in_transaction() || !at.is_made_later(name));
    gone.map(|(_, name, place)| {
        at.draft_at(place, format!("the release before this one still reads {name}"))
            .rewrite(at.in_a_contract())
    })
    .collect()
}
