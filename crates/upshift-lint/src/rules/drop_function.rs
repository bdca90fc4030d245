use super::{Check, Group, Rule};
use crate::engine::{At, Draft, Level};
use crate::statement::{Kind, Name, Statement};

pub(super) const RULE: Rule = Rule::new(
    Group::Objects,
    Level::Error,
    "a function is dropped while the release that calls it still runs",
    Check::Up(check),
)
.explained(
    "Queries of the release before this one that call it fail from this moment on. Drop it in a contract. A trigger's \
     function is called by its trigger alone, and one that is made anew in the same transaction is never missed.",
    "docs/rollouts.md",
)
.examples(
    "
--- 1_total.sql
create function total(bigint) returns bigint language sql immutable as 'select $1';
--- 2_drop.sql
drop function total(bigint);
",
    "
--- 1_total.sql
create function total(bigint) returns bigint language sql immutable as 'select $1';
create function touch() returns trigger language plpgsql as 'begin return new; end';
--- 2_anew.sql
drop function total(bigint);
create function total(bigint) returns numeric language sql immutable as 'select $1::numeric';
drop function touch();
--- 3_drop.sql
-- upshift: phase contract
drop function total(bigint);
",
);

fn check(at: &At<'_>) -> Vec<Draft> {
    if !at.must_not_break_old_code() {
        return Vec::new();
    }
    let gone = at.dropped(&[Kind::Function, Kind::Procedure, Kind::Aggregate]).into_iter();
    let gone = gone.filter(|(_, name, _)| !is_of_triggers(at, name) && !is_function_made_later(at, name));
    gone.map(|(dropped, name, place)| {
        at.draft_at(
            place,
            format!("the release before this one still calls the {} {name}", dropped.kind.word()),
        )
        .rewrite(at.in_a_contract())
    })
    .collect()
}

/// Whether only triggers can call it; of one that is not known, whether a trigger goes in the same breath.
fn is_of_triggers(at: &At<'_>, name: &Name) -> bool {
    let of_trigger =
        |one: &Statement| matches!(one, Statement::Drop(dropped) if dropped.kind == Kind::Trigger);
    match at.catalog.function(name) {
        Some(function) => {
            function.returns.as_ref().is_some_and(|of| of.is("trigger") || of.is("event_trigger"))
        }
        None => at.before().any(of_trigger),
    }
}

/// Whether the section makes a function of this name after the statement.
pub(super) fn is_function_made_later(at: &At<'_>, name: &Name) -> bool {
    at.after().any(|statement| match statement {
        Statement::CreateFunction(made) => made.name.name == name.name,
        Statement::RenameObject { kind: Kind::Function | Kind::Procedure, to, .. } => *to == name.name,
        _ => false,
    })
}
