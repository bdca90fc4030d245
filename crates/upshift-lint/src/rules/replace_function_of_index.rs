use super::{Check, Group, Rule};
use crate::engine::{At, Draft, Level};
use crate::statement::{ConstraintKind, Expression, ExpressionKind, Replace, Statement};

pub(super) const RULE: Rule = Rule::new(
    Group::Objects,
    Level::Warning,
    "a function is replaced whose results an index or a CHECK has kept",
    Check::UpAndDown(check),
)
.explained(
    "An index over `f(x)` holds what f gave when each row was written, and a CHECK was proved with the f of then; neither \
     is computed again. If the new body gives other results, queries by the index miss rows. Make a function of another \
     name and build an index over it; or REINDEX CONCURRENTLY right after.",
    "manual, 38.7 Function Volatility Categories",
)
.examples(
    "
--- 1_people.sql
create function folded(text) returns text language sql immutable as 'select lower($1)';
create table people (id bigint primary key, name text);
create index people_folded on people (folded(name));
--- 2_replace.sql
create or replace function folded(text) returns text language sql immutable as 'select upper($1)';
",
    "
--- 1_people.sql
create function folded(text) returns text language sql immutable as 'select lower($1)';
create table people (id bigint primary key, name text);
create index people_name on people (lower(name));
--- 2_replace.sql
create or replace function folded(text) returns text language sql immutable as 'select upper($1)';
",
);

fn check(at: &At<'_>) -> Vec<Draft> {
    let Statement::CreateFunction(made) = at.statement else { return Vec::new() };
    let known = at.catalog.function(&made.name).filter(|known| known.origin != at.catalog.origin());
    if known.is_none() || made.replace == Replace::No {
        return Vec::new();
    }
    let calls = |expression: &Expression| {
        expression.walk().into_iter().any(|one| {
            matches!(&one.kind, ExpressionKind::Call { function, .. } if function.name == made.name.name)
        })
    };
    let keeper = at.catalog.relations().find_map(|(name, relation)| {
        if let Some(index) = relation.as_index() {
            return index
                .parts
                .iter()
                .chain(&index.predicate)
                .any(calls)
                .then(|| format!("index {}", at.shown(name)));
        }
        let checks = relation.as_table()?.constraints.iter();
        checks
            .filter(|one| matches!(&one.kind, ConstraintKind::Check(check) if calls(check)))
            .map(|one| format!("CHECK {} of {}", one.name, at.shown(name)))
            .next()
    });
    let Some(keeper) = keeper else { return Vec::new() };
    vec![
        at.draft(format!("the {keeper} keeps what the old {} gave", made.name)).advice(
            "give the new one another name; or, where results differ, REINDEX CONCURRENTLY after this",
        ),
    ]
}
