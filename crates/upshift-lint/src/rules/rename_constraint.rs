use super::{Check, Group, Rule};
use crate::engine::{At, Draft, Level};
use crate::statement::Action;

pub(super) const RULE: Rule = Rule::new(
    Group::Tables,
    Level::Warning,
    "a constraint is renamed that old code may know by its name",
    Check::Up(check),
)
.explained(
    "Code tells one violated constraint from another by its name (`error.constraint()`), and ON CONFLICT ON CONSTRAINT \
     names it: the release before this one would meet a name that it does not know. Where no code does, say so.",
    "manual, INSERT, ON CONFLICT; manual, 34.8 (PG_DIAG_CONSTRAINT_NAME)",
)
.examples(
    "
--- 1_orders.sql
create table orders (id bigint primary key, number text constraint orders_number unique);
--- 2_rename.sql
alter table orders rename constraint orders_number to orders_number_key;
",
    "
--- 1_orders.sql
create table orders (id bigint primary key, number text constraint orders_number unique);
--- 2_rename.sql
-- upshift: phase contract
alter table orders rename constraint orders_number to orders_number_key;
",
);

fn check(at: &At<'_>) -> Vec<Draft> {
    let Some((alter, table)) = at.altered().filter(|_| at.must_not_break_old_code()) else {
        return Vec::new();
    };
    let is_new = |name: &str| {
        let constraint = at.catalog.table(&table).and_then(|found| found.constraint(name));
        constraint.is_some_and(|found| found.origin == at.catalog.origin())
    };
    let renamed = alter.actions.iter().filter_map(|(action, place)| match action {
        Action::RenameConstraint { from, .. } if !is_new(from) => Some((from, place)),
        _ => None,
    });
    renamed
        .map(|(from, place)| {
            at.draft_at(
                place,
                format!("the release before this one may know the constraint {from} by its name"),
            )
            .rewrite(at.in_a_contract())
        })
        .collect()
}
