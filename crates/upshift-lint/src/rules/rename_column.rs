use super::{Check, Group, Rule};
use crate::engine::{At, Draft, Level};
use crate::statement::{Action, Quoted};

pub(super) const RULE: Rule = Rule::new(
    Group::ChangingColumns,
    Level::Error,
    "a column is renamed while the release that uses the old name still runs",
    Check::Up(check),
)
.explained(
    "From the commit on every query of the release before this one that names the column fails, and every \
     query of the new release failed before it. There is no moment at which both are right. Add the new \
     column beside the old one, keep both in step by a trigger, fill it, and take the old one away in a \
     contract: `upshift-recipes` writes these migrations.",
    "docs/recipes.md; docs/rollouts.md",
)
.examples(
    "
--- 1_orders.sql
create table orders (id bigint primary key, status text, note text not null default '');
--- 2_rename.sql
alter table orders rename column status to state;
",
    "
--- 1_orders.sql
create table orders (id bigint primary key, status text, note text not null default '');
--- 2_rename.sql
-- upshift: phase contract
alter table orders rename column status to state;
--- 3_total.sql
alter table orders add column sum bigint;
alter table orders rename column sum to total;
",
);

fn check(at: &At<'_>) -> Vec<Draft> {
    let Some((alter, table)) = at.altered().filter(|_| at.must_not_break_old_code()) else {
        return Vec::new();
    };
    let renamed = alter.actions.iter().filter_map(|(action, place)| match action {
        Action::RenameColumn { from, to } if !at.is_new_column(&table, from) => Some((from, to, place)),
        _ => None,
    });
    let drafts = renamed.map(|(from, to, place)| {
        let (table, from, to) = (at.shown(&table), Quoted(from), Quoted(to));
        at.draft_at(place, format!("the release before this one still uses {table}.{from}")).advice(format!(
            "add {to} beside {from}, keep both in step by a trigger, fill it by a backfill, and \
             drop {from} in a contract: \
             upshift-recipes writes these migrations (RenameColumn)"
        ))
    });
    drafts.collect()
}
