use super::{Check, Group, Rule};
use crate::engine::{At, Draft, Level};
use crate::statement::{LockMode, RowSecurity, Statement};

pub(super) const RULE: Rule = Rule::new(
    Group::Objects,
    Level::Warning,
    "a restrictive policy hides rows from the release that runs",
    Check::Up(check),
)
.explained(
    "A permissive policy lets more rows through, a RESTRICTIVE one fewer: from this moment on the release before this \
     one does not see, and cannot write, what it does not allow. It is a change of behaviour like a dropped column.",
    "manual, CREATE POLICY; measured on 10 to 18",
)
.examples(
    "
--- 1_orders.sql
create table orders (id bigint primary key, owner text);
create policy everyone on orders using (true);
alter table orders enable row level security;
--- 2_restrict.sql
create policy own on orders as restrictive using (owner = current_user);
",
    "
--- 1_orders.sql
create table orders (id bigint primary key, owner text);
create policy everyone on orders using (true);
alter table orders enable row level security;
--- 2_restrict.sql
-- upshift: phase contract
create policy own on orders as restrictive using (owner = current_user);
",
);

fn check(at: &At<'_>) -> Vec<Draft> {
    let Statement::CreatePolicy { name, table, restrictive: true, .. } = at.statement else {
        return Vec::new();
    };
    let off = at
        .catalog
        .table(table)
        .is_some_and(|found| !matches!(found.row_security, Some(RowSecurity::Enable | RowSecurity::Force)));
    if off || at.is_unseen(table) || !at.must_not_break_old_code() {
        return Vec::new();
    }
    vec![
        at.draft(format!(
            "the release before this one no longer sees the rows of {table} that {name} does not allow"
        ))
        .effect(at.effect_on(&at.catalog.resolve(table), LockMode::AccessExclusive, "for a moment"))
        .rewrite(at.in_a_contract()),
    ]
}
