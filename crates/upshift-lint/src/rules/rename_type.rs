use super::{Check, Group, Rule};
use crate::catalog::Type;
use crate::engine::{At, Draft, Level};
use crate::statement::{AlterDomain, AlterType, Name, Statement};

pub(super) const RULE: Rule = Rule::new(
    Group::Objects,
    Level::Error,
    "a type is renamed or moved while the release that knows its old name still runs",
    Check::Up(check),
)
.explained(
    "Drivers look types up by their names, and so does every cast in a query: the release before this one fails from \
     this moment on. Make the new type beside it, move the columns over, and drop the old one in a contract.",
    "manual, ALTER TYPE",
)
.examples(
    "
--- 1_mood.sql
create type mood as enum ('good', 'bad');
--- 2_rename.sql
alter type mood rename to feeling;
",
    "
--- 1_mood.sql
create type mood as enum ('good', 'bad');
--- 2_rename.sql
-- upshift: phase contract
alter type mood rename to feeling;
",
);

fn check(at: &At<'_>) -> Vec<Draft> {
    let renamed = match at.statement {
        Statement::AlterType(AlterType::RenameTo { name, .. } | AlterType::SetSchema { name, .. })
        | Statement::AlterDomain(AlterDomain::RenameTo { name, .. } | AlterDomain::SetSchema { name, .. }) => {
            name
        }
        _ => return Vec::new(),
    };
    let own = at.catalog.type_named(renamed).map(Type::origin) == Some(at.catalog.origin());
    if own || !at.must_not_break_old_code() || is_type_made_later(at, renamed) {
        return Vec::new();
    }
    vec![
        at.draft(format!("the release before this one still names the type {renamed}"))
            .rewrite(at.in_a_contract()),
    ]
}

/// Whether the section makes a type of this name after the statement.
pub(super) fn is_type_made_later(at: &At<'_>, name: &Name) -> bool {
    at.after().any(|statement| match statement {
        Statement::CreateType(made) => made.name.name == name.name,
        Statement::CreateDomain { name: made, .. } => made.name == name.name,
        Statement::AlterType(AlterType::RenameTo { to, .. })
        | Statement::AlterDomain(AlterDomain::RenameTo { to, .. }) => *to == name.name,
        _ => false,
    })
}
