use super::{Check, Group, Rule};
use crate::engine::{At, Draft, Level};
use crate::statement::Statement;

pub(super) const RULE: Rule = Rule::new(
    Group::Style,
    Level::Off,
    "a table inherits from another one",
    Check::Up(check),
)
.explained(
    "Unique keys and foreign keys do not reach over tables that inherit from one another, and every query of the parent \
     reads them all. Partitions do what it was used for. Off unless asked for.",
    "manual, 5.11 Inheritance, \"Caveats\"",
)
.examples(
    "
--- 1_cities.sql
create table cities (id bigint primary key);
create table capitals (primary key (id)) inherits (cities);
",
    "
--- 1_cities.sql
create table cities (id bigint primary key);
create table capitals (city_id bigint primary key references cities (id));
",
);

fn check(at: &At<'_>) -> Vec<Draft> {
    let Statement::CreateTable(created) = at.statement else { return Vec::new() };
    let Some(parent) = created.inherits.first() else { return Vec::new() };
    vec![
        at.draft(format!("{} inherits from {parent}", created.name))
            .advice(format!("partition {parent}, or refer to it with a foreign key")),
    ]
}
