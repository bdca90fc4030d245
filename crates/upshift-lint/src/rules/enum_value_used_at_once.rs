use super::{Check, Group, Rule};
use crate::catalog::Type;
use crate::engine::{At, Draft, Level};
use crate::statement::Statement;

pub(super) const RULE: Rule = Rule::new(
    Group::Objects,
    Level::Error,
    "a new value of an enum is used in the transaction that adds it",
    Check::UpAndDown(check),
)
.explained(
    "PostgreSQL refuses it (`unsafe use of new value`), unless the type itself was made in the same transaction: were it \
     rolled back, indexes could hold a value that does not exist. Use it in a migration after this one.",
    "manual, ALTER TYPE, Notes",
)
.examples(
    "
--- 1_mood.sql
create type mood as enum ('good', 'bad');
create table days (id bigint primary key, mood mood);
--- 2_sad.sql
alter type mood add value 'sad';
alter table days alter column mood set default 'sad';
",
    "
--- 1_mood.sql
create type mood as enum ('good', 'bad');
create table days (id bigint primary key, mood mood);
--- 2_sad.sql
alter type mood add value 'sad';
--- 3_default.sql
alter table days alter column mood set default 'sad';
",
);

fn check(at: &At<'_>) -> Vec<Draft> {
    if !at.runs_in_transaction()
        || matches!(at.statement, Statement::AlterType(_) | Statement::CreateFunction(_))
    {
        return Vec::new();
    }
    let added = at.held.values.iter().find(|(name, value)| {
        let own = at.catalog.type_named(name).map(Type::origin) == Some(at.catalog.origin());
        !own && at.text().contains(&upshift_files::sql::literal(value))
    });
    let Some((name, value)) = added.filter(|_| !matches!(at.statement, Statement::Comment { .. })) else {
        return Vec::new();
    };
    vec![
        at.draft(format!(
            "'{value}' was added to {name} in this transaction, and cannot be used before it ends"
        ))
        .rewrite(at.in_its_own(&format!("use_{}", value.to_ascii_lowercase().replace(' ', "_")))),
    ]
}
