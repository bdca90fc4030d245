use super::{Check, Group, Rule};
use crate::engine::{At, Draft, Level};
use crate::statement::{AlterType, Kind, Name, Statement};

pub(super) const RULE: Rule = Rule::new(
    Group::Objects,
    Level::Error,
    "a type is dropped while the release that knows it still runs",
    Check::Up(check),
)
.explained(
    "Drivers look the type up by name, and casts name it: the release before this one fails from this moment on. Drop it \
     in a contract, once no column is of it.",
    "docs/rollouts.md; manual, DROP TYPE",
)
.examples(
    "
--- 1_mood.sql
create type mood as enum ('good', 'bad');
--- 2_drop.sql
drop type mood;
",
    "
--- 1_mood.sql
create type mood as enum ('good', 'bad');
--- 2_drop.sql
-- upshift: phase contract
drop type mood;
",
);

fn check(at: &At<'_>) -> Vec<Draft> {
    if !at.must_not_break_old_code() {
        return Vec::new();
    }
    let gone = at.dropped(&[Kind::Type, Kind::Domain]).into_iter();
    let gone = gone
        .filter(|(_, name, _)| !was_renamed(at, name) && !super::rename_type::is_type_made_later(at, name));
    gone.map(|(_, name, place)| {
        at.draft_at(place, format!("the release before this one still knows the type {name}"))
            .rewrite(at.in_a_contract())
    })
    .collect()
}

/// Whether this section gave it its name: then old code does not know it by that.
fn was_renamed(at: &At<'_>, name: &Name) -> bool {
    at.before()
        .any(|one| matches!(one, Statement::AlterType(AlterType::RenameTo { to, .. }) if *to == name.name))
}
