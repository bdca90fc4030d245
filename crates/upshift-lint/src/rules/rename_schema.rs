use super::{Check, Group, Rule};
use crate::engine::{At, Draft, Level};
use crate::statement::{Kind, Statement};

pub(super) const RULE: Rule = Rule::new(
    Group::Tables,
    Level::Error,
    "a schema is renamed while the release that knows its old name still runs",
    Check::Up(check),
)
.explained(
    "Everything in it has another name from this moment on, for queries, for functions written as text, and for every \
     search_path. There is no view of a schema. Make the new one beside it and move table by table.",
    "manual, ALTER SCHEMA",
)
.examples(
    "
--- 1_shop.sql
create schema shop;
--- 2_rename.sql
alter schema shop rename to store;
",
    "
--- 1_shop.sql
create schema shop;
--- 2_rename.sql
-- upshift: phase contract
alter schema shop rename to store;
",
);

fn check(at: &At<'_>) -> Vec<Draft> {
    let Statement::RenameObject { kind: Kind::Schema, name, to, .. } = at.statement else {
        return Vec::new();
    };
    let own = at
        .before()
        .any(|one| matches!(one, Statement::CreateSchema { name: made, .. } if *made == name.name));
    if own || !at.must_not_break_old_code() {
        return Vec::new();
    }
    vec![at.draft(format!("the release before this one still names the schema {name}")).advice(format!(
        "make {to} beside it and move the tables one by one, each with a view in the old place"
    ))]
}
