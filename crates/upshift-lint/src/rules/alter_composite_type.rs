use super::{Check, Group, Rule};
use crate::catalog::Type;
use crate::engine::{At, Draft, Level};
use crate::statement::{AlterType, AttributeChange, Statement};

pub(super) const RULE: Rule = Rule::new(
    Group::Objects,
    Level::Error,
    "an attribute of a composite type is dropped, renamed or retyped while old code reads it",
    Check::Up(check),
)
.explained(
    "Every value of the type changes its shape at once, in rows, arguments and results: the release before this one reads \
     something else than it expects. Make a type of another name, or change it in a contract.",
    "manual, ALTER TYPE",
)
.examples(
    "
--- 1_address.sql
create type address as (street text, town text);
--- 2_drop.sql
alter type address drop attribute town;
",
    "
--- 1_address.sql
create type address as (street text, town text);
--- 2_drop.sql
-- upshift: phase contract
alter type address drop attribute town;
",
);

fn check(at: &At<'_>) -> Vec<Draft> {
    let (name, attribute) = match at.statement {
        Statement::AlterType(AlterType::RenameAttribute { name, from, .. }) => (name, from),
        Statement::AlterType(AlterType::Attributes { name, changes, .. }) => {
            let broken = changes.iter().find_map(|change| match change {
                AttributeChange::Drop(attribute) | AttributeChange::SetType(attribute, _) => Some(attribute),
                AttributeChange::Add(..) => None,
            });
            let Some(attribute) = broken else { return Vec::new() };
            (name, attribute)
        }
        _ => return Vec::new(),
    };
    let own = at.catalog.type_named(name).map(Type::origin) == Some(at.catalog.origin());
    if own || !at.must_not_break_old_code() {
        return Vec::new();
    }
    vec![
        at.draft(format!("the release before this one still reads {attribute} of {name}"))
            .rewrite(at.in_a_contract()),
    ]
}
