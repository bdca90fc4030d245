use super::{Check, Group, Rule};
use crate::engine::{At, Draft, Level};
use crate::statement::Statement;

pub(super) const RULE: Rule = Rule::new(
    Group::Objects,
    Level::Warning,
    "a right is taken away that the release that runs may need",
    Check::Up(check),
)
.explained(
    "REVOKE takes effect at once, in every session: the release before this one gets `permission denied` in the middle of \
     its work. Take rights away in a contract.",
    "manual, REVOKE; measured on 10 to 18: no lock (ACCESS SHARE on 18)",
)
.examples(
    "
--- 1_orders.sql
create table orders (id bigint primary key);
--- 2_revoke.sql
revoke delete on orders from app;
",
    "
--- 1_orders.sql
create table orders (id bigint primary key);
revoke all on orders from public;
--- 2_revoke.sql
-- upshift: phase contract
revoke delete on orders from app;
",
);

fn check(at: &At<'_>) -> Vec<Draft> {
    let Statement::Privileges { granted: false, tables, privileges, roles, .. } = at.statement else {
        return Vec::new();
    };
    let given_again = at.after().any(|one| {
        matches!(one, Statement::Privileges { granted: true, tables: again, roles: to, .. } if again == tables && to == roles)
    });
    let seen = tables.iter().find(|table| !at.is_unseen(table));
    let Some(table) = seen.filter(|_| at.must_not_break_old_code() && !given_again) else {
        return Vec::new();
    };
    vec![
        at.draft(format!(
            "the release before this one may still need {} on {table} as {}",
            privileges.join(", "),
            roles.join(", "),
        ))
        .rewrite(at.in_a_contract()),
    ]
}
