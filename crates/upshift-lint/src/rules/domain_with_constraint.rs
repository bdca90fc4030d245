use super::{Check, Group, Rule};
use crate::engine::{At, Draft, Level};
use crate::statement::{ColumnConstraint, Statement};

pub(super) const RULE: Rule = Rule::new(
    Group::Constraints,
    Level::Off,
    "a domain has constraints",
    Check::Up(check),
)
.explained(
    "What a domain demands cannot be changed while tables are used: to add a CHECK to it, or to validate \
     one, reads every table that has a column of it under SHARE, and NOT VALID does not help; a new \
     column of it writes the table anew. A CHECK on the table can be added and validated while everybody \
     goes on.",
    "measured on PostgreSQL 10 to 18",
)
.examples(
    "
--- 1_domain.sql
create domain positive as int check (value > 0);
",
    "
--- 1_domain.sql
create domain cents as bigint;
create table orders (id bigint primary key, total cents check (total > 0));
",
);

fn check(at: &At<'_>) -> Vec<Draft> {
    let Statement::CreateDomain { name, constraints, .. } = at.statement else { return Vec::new() };
    let demands = constraints
        .iter()
        .any(|one| matches!(one, ColumnConstraint::Constraint(_) | ColumnConstraint::NotNull(_)));
    match demands {
        true => vec![
            at.draft(format!(
                "what {name} demands cannot be changed while \
            tables are used"
            ))
            .advice("a CHECK on each table"),
        ],
        false => Vec::new(),
    }
}
