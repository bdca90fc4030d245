use super::{Check, Group, Rule};
use crate::engine::{At, Draft, Level};
use crate::statement::{Action, Kind, Name, RowSecurity, Statement};

pub(super) const RULE: Rule = Rule::new(
    Group::Objects,
    Level::Error,
    "row level security without a policy: everybody but the owner sees an empty table",
    Check::Up(check),
)
.explained(
    "With ENABLE ROW LEVEL SECURITY and no policy no row is visible, and none can be written; the same when the last \
     policy goes. Nothing fails: the service just finds nothing. Make the policies first, in the same migration.",
    "manual, 5.9 Row Security Policies",
)
.examples(
    "
--- 1_orders.sql
create table orders (id bigint primary key, owner text);
--- 2_security.sql
alter table orders enable row level security;
",
    "
--- 1_orders.sql
create table orders (id bigint primary key, owner text);
--- 2_security.sql
create policy own on orders using (owner = current_user);
alter table orders enable row level security;
",
);

fn check(at: &At<'_>) -> Vec<Draft> {
    let policies = |table: &Name| at.catalog.table(table).map(|found| found.policies.len());
    let made_later = |table: &Name| {
        at.runs_in_transaction()
            && at.after().any(|one| {
                matches!(one, Statement::CreatePolicy { table: on, restrictive: false, .. } if at.is_same(on, table))
            })
    };
    match at.statement {
        Statement::AlterRelation(alter) if at.altered().is_some() => {
            let enabled = alter.actions.iter().filter(|(action, _)| {
                matches!(action, Action::RowSecurity(RowSecurity::Enable))
                    && policies(&alter.name).unwrap_or(0) == 0
                    && !made_later(&alter.name)
            });
            let message = format!("{} has no policy: nobody but its owner will see a row", alter.name);
            enabled
                .map(|(_, place)| {
                    at.draft_at(place, &message)
                        .advice(format!("make its policies first: `create policy … on {} …`", alter.name))
                })
                .collect()
        }
        Statement::Drop(dropped) if dropped.kind == Kind::Policy => {
            let Some(table) = dropped.on.as_ref().filter(|table| !at.is_unseen(table)) else {
                return Vec::new();
            };
            let secured = at.catalog.table(table).is_some_and(|found| {
                matches!(found.row_security, Some(RowSecurity::Enable | RowSecurity::Force))
                    && found
                        .policies
                        .iter()
                        .all(|policy| dropped.names.iter().any(|(name, _)| name.name == *policy))
            });
            let off = at.after().any(|one| {
                matches!(one, Statement::AlterRelation(alter) if at.is_same(&alter.name, table)
                    && alter.actions.iter().any(|(a, _)| matches!(a, Action::RowSecurity(RowSecurity::Disable))))
            });
            match secured && !made_later(table) && !off {
                true => vec![
                    at.draft(format!(
                        "this is the last policy of {table}: nobody but its owner will see a row"
                    ))
                    .advice("make the new policy in the same migration, or disable row level security"),
                ],
                false => Vec::new(),
            }
        }
        _ => Vec::new(),
    }
}
