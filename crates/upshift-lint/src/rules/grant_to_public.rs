use super::{Check, Group, Rule};
use crate::engine::{At, Draft, Level};
use crate::statement::Statement;

pub(super) const RULE: Rule = Rule::new(
    Group::Objects,
    Level::Warning,
    "a right on a table is given to every role there is and will be",
    Check::Up(check),
)
.explained(
    "PUBLIC is not a role but all of them: the reporting user, the one of the other service, the one that is made next \
     year. Name the roles.",
    "manual, 5.8 Privileges",
)
.examples(
    "
--- 1_orders.sql
create table orders (id bigint primary key);
grant select, update on orders to public;
",
    "
--- 1_orders.sql
create table orders (id bigint primary key);
grant select, update on orders to app;
",
);

fn check(at: &At<'_>) -> Vec<Draft> {
    let Statement::Privileges { granted: true, tables, privileges, roles, .. } = at.statement else {
        return Vec::new();
    };
    let Some(table) = tables.first().filter(|_| roles.iter().any(|role| role == "public")) else {
        return Vec::new();
    };
    vec![
        at.draft(format!("every role gets {} on {table}", privileges.join(", ")))
            .advice("name the roles that need it"),
    ]
}
