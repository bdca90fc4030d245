use super::columns::made;
use super::{Check, Group, Rule};
use crate::engine::{At, Draft, Level};
use crate::statement::ColumnConstraint;

pub(super) const RULE: Rule = Rule::new(
    Group::AddingColumns,
    Level::Off,
    "a boolean may be NULL: it has three values",
    Check::Up(check),
)
.explained(
    "`where not done` does not find the rows in which `done` is NULL, and every reader has to know what \
     NULL means. A boolean with `not null default false` costs nothing to add: a constant default is kept \
     in the catalogue.",
    "GitLab, Migration style guide; manual, Comparison Functions and Operators",
)
.examples(
    "
--- 1_orders.sql
create table orders (id bigint primary key, status text);
--- 2_done.sql
alter table orders add column done boolean;
",
    "
--- 1_orders.sql
create table orders (id bigint primary key, done boolean not null default false, paid boolean not null);
--- 2_sent.sql
alter table orders add column sent boolean not null default false;
",
);

fn check(at: &At<'_>) -> Vec<Draft> {
    let nullable = made(at).into_iter().filter(|column| {
        let not_null = column.constraints.iter().any(|one| matches!(one, ColumnConstraint::NotNull(_)));
        column.type_name.is("boolean") && !not_null
    });
    let drafts = nullable.map(|column| {
        at.draft_at(&column.place, format!("{} has three values: true, false and NULL", column.name))
            .advice(format!("`{} boolean not null default false`", column.name))
    });
    drafts.collect()
}
