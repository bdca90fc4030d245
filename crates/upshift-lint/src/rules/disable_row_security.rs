use super::{Check, Group, Rule};
use crate::engine::{At, Draft, Level};
use crate::statement::{Action, RowSecurity};

pub(super) const RULE: Rule = Rule::new(
    Group::Objects,
    Level::Warning,
    "row level security is switched off: everybody sees every row",
    Check::Up(check),
)
.explained(
    "Policies are kept, and ask nobody any more: whoever may read the table reads all of it, the rows of other tenants \
     as well. A policy that allows more says what is meant.",
    "manual, 5.9 Row Security Policies",
)
.examples(
    "
--- 1_orders.sql
create table orders (id bigint primary key, owner text);
create policy own on orders using (owner = current_user);
alter table orders enable row level security;
--- 2_off.sql
alter table orders disable row level security;
",
    "
--- 1_orders.sql
create table orders (id bigint primary key, owner text);
create policy own on orders using (owner = current_user);
alter table orders enable row level security;
--- 2_more.sql
create policy support on orders for select to pg_monitor using (true);
",
);

fn check(at: &At<'_>) -> Vec<Draft> {
    let Some((alter, table)) = at.altered() else { return Vec::new() };
    let enabled = at.catalog.table(&table).is_none_or(|found| found.row_security.is_some());
    let off = alter.actions.iter().filter(|(action, _)| {
        matches!(action, Action::RowSecurity(RowSecurity::Disable | RowSecurity::NoForce)) && enabled
    });
    off.map(|(_, place)| {
        at.draft_at(place, format!("whoever may read {} reads every row of it", alter.name))
            .advice("make a policy that allows what is meant")
    })
    .collect()
}
