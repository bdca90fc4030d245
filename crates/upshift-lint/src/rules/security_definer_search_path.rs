use super::{Check, Group, Rule};
use crate::engine::{At, Draft, Level, Rewrite};
use crate::statement::{Security, Statement};

pub(super) const RULE: Rule = Rule::new(
    Group::Objects,
    Level::Warning,
    "a function with its owner's rights looks up names in the caller's search_path",
    Check::UpAndDown(check),
)
.explained(
    "A SECURITY DEFINER function runs as its owner, but finds tables, functions and operators where its caller says: a \
     caller with a table of the same name in an own schema makes it do something else. Set the search_path of the \
     function, pg_temp last.",
    "manual, CREATE FUNCTION, \"Writing SECURITY DEFINER Functions Safely\"",
)
.examples(
    "
--- 1_total.sql
create function total() returns bigint language sql security definer as 'select count(*) from orders';
",
    "
--- 1_total.sql
create function total() returns bigint language sql security definer set search_path = pg_catalog, public, pg_temp
as 'select count(*) from orders';
",
);

fn check(at: &At<'_>) -> Vec<Draft> {
    let Statement::CreateFunction(made) = at.statement else { return Vec::new() };
    if made.security == Security::Invoker || made.settings.iter().any(|setting| setting == "search_path") {
        return Vec::new();
    }
    let set_later = at.after().any(|one| {
        matches!(one, Statement::Harmless { words } | Statement::Unknown { words, .. } if words.starts_with("alter function"))
    });
    if set_later {
        return Vec::new();
    }
    let draft = at.draft(format!("{} has its owner's rights and its caller's search_path", made.name));
    let path = at.catalog.search_path().join(", ");
    vec![match &made.body {
        Some(_) => draft
            .rewrite(Rewrite::this(
                format!("{}\nset search_path = pg_catalog, {path}, pg_temp;", at.text(),),
            )),
        None => draft.advice(format!("say `set search_path = pg_catalog, {path}, pg_temp` before its body")),
    }]
}
