use super::{Check, Group, Rule, columns};
use crate::engine::{At, Draft, Level};
use crate::statement::{ColumnConstraint, ConstraintKind, Key, Statement};

pub(super) const RULE: Rule = Rule::new(
    Group::Style,
    Level::Off,
    "a primary key counts with less than bigint",
    Check::Up(check),
)
.explained(
    "An integer is used up after two thousand million rows, deleted ones included, and making it a bigint then writes \
     the table and every table that refers to it anew. It saves four bytes a row, and mostly none, for alignment. Off \
     unless asked for.",
    "manual, 8.1 Numeric Types",
)
.examples(
    "
--- 1_orders.sql
create table orders (id integer primary key);
",
    "
--- 1_orders.sql
create table orders (id bigint primary key, position integer);
",
);

fn check(at: &At<'_>) -> Vec<Draft> {
    let keys: Vec<&String> = match at.statement {
        Statement::CreateTable(made) => {
            let keys = made.constraints.iter().filter_map(|one| match &one.kind {
                ConstraintKind::PrimaryKey(Key::Columns(columns)) => Some(columns),
                _ => None,
            });
            keys.flatten().collect()
        }
        _ => Vec::new(),
    };
    let small = columns::made(at).into_iter().filter(|column| {
        let own = column.constraints.iter().any(|one| {
            matches!(one, ColumnConstraint::Constraint(one) if matches!(one.kind, ConstraintKind::PrimaryKey(_)))
        });
        let kind = ["integer", "smallint", "serial", "smallserial"].iter().any(|kind| column.type_name.is(kind));
        // Of a key of several columns one that refers elsewhere has that one's type.
        kind && (own || keys.len() == 1 && keys.contains(&&column.name))
    });
    small
        .map(|column| {
            at.draft_at(&column.type_place, format!("{} is used up after 2,147,483,647 rows", column.name))
                .advice(format!("`{} bigint generated always as identity primary key`", column.name))
        })
        .collect()
}
