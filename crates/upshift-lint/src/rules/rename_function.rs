use super::{Check, Group, Rule};
use crate::engine::{At, Draft, Level};
use crate::statement::{Kind, Statement};

pub(super) const RULE: Rule = Rule::new(
    Group::Objects,
    Level::Error,
    "a function is renamed while the release that calls it still runs",
    Check::Up(check),
)
.explained(
    "Queries of the release before this one that call it by its old name fail from this moment on. Make a second \
     function of the new name, and drop the old one in a contract.",
    "manual, ALTER FUNCTION",
)
.examples(
    "
--- 1_total.sql
create function total(bigint) returns bigint language sql immutable as 'select $1';
--- 2_rename.sql
alter function total(bigint) rename to sum_of;
",
    "
--- 1_total.sql
create function total(bigint) returns bigint language sql immutable as 'select $1';
--- 2_second.sql
create function sum_of(bigint) returns bigint language sql immutable as 'select $1';
",
);

fn check(at: &At<'_>) -> Vec<Draft> {
    let Statement::RenameObject { kind, name, to, .. } = at.statement else { return Vec::new() };
    let function = at.catalog.function(name);
    let own = function.is_some_and(|function| function.origin == at.catalog.origin());
    let of_triggers = function.is_some_and(|one| one.returns.as_ref().is_some_and(|of| of.is("trigger")));
    let is_function = matches!(kind, Kind::Function | Kind::Procedure | Kind::Aggregate);
    if !is_function || own || of_triggers || !at.must_not_break_old_code() {
        return Vec::new();
    }
    if super::drop_function::is_function_made_later(at, name) {
        return Vec::new();
    }
    vec![
        at.draft(format!("the release before this one still calls the {} {name}", kind.word()))
            .advice(format!("make {to} beside it, and drop {name} in a contract")),
    ]
}
