use super::{Check, Group, Rule};
use crate::engine::{At, Draft, Level};
use crate::statement::{CreateType, Statement, TypeShape};

pub(super) const RULE: Rule = Rule::new(
    Group::Style,
    Level::Off,
    "an enum is made",
    Check::Up(check),
)
.explained(
    "A value of an enum cannot be taken away, nor moved to another place without a rename; a CHECK or a table of values \
     can change both ways. Off unless asked for.",
    "manual, 8.7 Enumerated Types",
)
.examples(
    "
--- 1_mood.sql
create type mood as enum ('good', 'bad');
",
    "
--- 1_mood.sql
create table days (id bigint primary key, mood text check (mood in ('good', 'bad')));
",
);

fn check(at: &At<'_>) -> Vec<Draft> {
    let Statement::CreateType(CreateType { name, shape: TypeShape::Enum(_) }) = at.statement else {
        return Vec::new();
    };
    vec![at.draft(format!("{name} is an enum")).advice("use text with a CHECK, or a table of values")]
}
