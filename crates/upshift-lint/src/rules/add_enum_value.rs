use super::{Check, Group, Rule};
use crate::catalog::Type;
use crate::engine::{At, Draft, Level};
use crate::statement::{AlterType, Statement};

pub(super) const RULE: Rule = Rule::new(
    Group::Objects,
    Level::Off,
    "an enum gets a value that the release before this one does not know",
    Check::Up(check),
)
.explained(
    "It blocks nobody. But the first row with the new value is read by the old release, too, and an enum of Rust that \
     lists its variants fails to decode it. Deploy code that can read it first, and write it only then. Off unless asked \
     for: where values are read as text, nothing happens.",
    "manual, ALTER TYPE; measured on 10 to 18: no lock of any table",
)
.examples(
    "
--- 1_mood.sql
create type mood as enum ('good', 'bad');
--- 2_sad.sql
alter type mood add value 'sad';
",
    "
--- 1_mood.sql
create type mood as enum ('good', 'bad');
--- 2_sad.sql
-- upshift: allow add-enum-value because every release since 1.4 reads it
alter type mood add value 'sad';
",
);

fn check(at: &At<'_>) -> Vec<Draft> {
    let Statement::AlterType(AlterType::AddValue { name, value, .. }) = at.statement else {
        return Vec::new();
    };
    if at.catalog.type_named(name).map(Type::origin) == Some(at.catalog.origin()) {
        return Vec::new();
    }
    vec![
        at.draft(format!("the release before this one does not know '{value}' of {name}"))
            .advice("deploy code that reads it first, and write it only then"),
    ]
}
