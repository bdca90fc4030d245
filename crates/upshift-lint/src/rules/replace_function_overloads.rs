use super::{Check, Group, Rule};
use crate::engine::{At, Draft, Level};
use crate::statement::{Kind, Replace, Statement};

pub(super) const RULE: Rule = Rule::new(
    Group::Objects,
    Level::Warning,
    "CREATE OR REPLACE FUNCTION with other arguments replaces nothing: there are two then",
    Check::Up(check),
)
.explained(
    "PostgreSQL knows a function by its name and the types of its arguments. With one argument more the old function \
     stays as it was, and a call that fits both is refused as ambiguous. Drop the old one (in a contract, when old code \
     calls it), or give the new one another name.",
    "manual, CREATE FUNCTION, \"Overloading\"",
)
.examples(
    "
--- 1_total.sql
create function total(amount bigint) returns bigint language sql immutable as 'select $1';
--- 2_replace.sql
create or replace function total(amount bigint, tax bigint default 0) returns bigint language sql immutable
as 'select $1 + $2';
",
    "
--- 1_total.sql
create function total(amount bigint) returns bigint language sql immutable as 'select $1';
--- 2_replace.sql
create or replace function total(amount bigint) returns bigint language sql immutable as 'select $1 + 1';
--- 3_second.sql
create function total_with_tax(amount bigint, tax bigint) returns bigint language sql immutable
as 'select $1 + $2';
",
);

fn check(at: &At<'_>) -> Vec<Draft> {
    let Statement::CreateFunction(made) = at.statement else { return Vec::new() };
    let Some(known) = at.catalog.function(&made.name) else { return Vec::new() };
    let goes = at.after().any(|one| {
        matches!(one, Statement::Drop(dropped)
            if matches!(dropped.kind, Kind::Function | Kind::Procedure)
                && dropped.names.iter().any(|(name, _)| name.name == made.name.name))
    });
    let [old] = known.arguments.as_slice() else { return Vec::new() };
    // What stands in parentheses behind an argument's type, and its schema, do not tell functions apart here.
    let same = old.len() == made.arguments.len()
        && old
            .iter()
            .zip(&made.arguments)
            .all(|(one, other)| one.name.name == other.name.name && one.dimensions == other.dimensions);
    if made.replace == Replace::No || same || goes || known.origin == at.catalog.origin() {
        return Vec::new();
    }
    let types: Vec<String> = old.iter().map(ToString::to_string).collect();
    vec![
        at.draft(format!("{}({}) stays as it was: this is a second function", made.name, types.join(", ")))
            .advice("drop the old one by its arguments, or give this one another name"),
    ]
}
