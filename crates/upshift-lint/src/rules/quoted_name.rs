use super::{Check, Group, Rule};
use crate::engine::{At, Draft, Level};
use crate::statement::{Quoted, Statement};

pub(super) const RULE: Rule = Rule::new(
    Group::Style,
    Level::Off,
    "a table or column is named so that it must be quoted for ever",
    Check::Up(check),
)
.explained(
    "A reserved word, a capital letter or a space in a name asks for quotes in every query, and the one that forgets them \
     finds nothing, or something else. Off unless asked for: some frameworks name things so.",
    "manual, 4.1.1 Identifiers and Key Words",
)
.examples(
    "
--- 1_orders.sql
create table \"Orders\" (id bigint primary key);
",
    "
--- 1_orders.sql
create table orders (id bigint primary key);
",
);

fn check(at: &At<'_>) -> Vec<Draft> {
    let mut names: Vec<&str> = Vec::new();
    if let Statement::CreateTable(made) = at.statement {
        names.push(&made.name.name);
        names.extend(made.columns.iter().map(|column| column.name.as_str()));
    }
    names.extend(at.added_columns().iter().map(|(_, _, _, column)| column.name.as_str()));
    let quoted = names.into_iter().filter(|name| Quoted(name).to_string().starts_with('"'));
    quoted
        .map(|name| {
            at.draft(format!("{} must be quoted in every query", Quoted(name))).advice("choose another name")
        })
        .collect()
}
