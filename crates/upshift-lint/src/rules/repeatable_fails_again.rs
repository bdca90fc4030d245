use super::{Check, Group, Rule, not_idempotent};
use crate::engine::{At, Draft, Level, Rewrite};
use crate::statement::{Action, Name, Replace, Statement, WhenMissing};

pub(super) const RULE: Rule = Rule::new(
    Group::Transactions,
    Level::Error,
    "a repeatable migration cannot be applied a second time",
    Check::Up(check),
)
.explained(
    "A file `R__…` is applied again whenever its text changes. A CREATE that fails when there is one already works the \
     first time, on every developer's machine, and fails with the first edit, in production. Write CREATE OR REPLACE, IF \
     NOT EXISTS, or DROP … IF EXISTS before it.",
    "docs/migration-files.md",
)
.examples(
    "
--- 1_orders.sql
create table orders (id bigint primary key);
--- R__open_orders.sql
create view open_orders as select id from orders;
",
    "
--- 1_orders.sql
create table orders (id bigint primary key);
--- R__open_orders.sql
create or replace view open_orders as select id from orders;
--- R__sales.sql
drop view if exists sales;
create view sales as select id from orders;
",
);

fn check(at: &At<'_>) -> Vec<Draft> {
    if at.migration.version().is_some() {
        return Vec::new();
    }
    let (guard, name) = match at.statement {
        Statement::CreateTrigger(made) if made.replace == Replace::No => (None, Some(Name::bare(&made.name))),
        Statement::CreatePolicy { name, .. } => (None, Some(Name::bare(name))),
        Statement::CreateType(made) => (None, Some(made.name.clone())),
        Statement::AlterRelation(alter) => {
            let adds = alter.actions.iter().find_map(|(action, _)| match action {
                Action::AddConstraint(new) => Some(new.name.clone()),
                _ => None,
            });
            let dropped = |name: &String| {
                at.before().chain([at.statement]).any(|one| {
                    matches!(one, Statement::AlterRelation(other) if other.actions.iter().any(|(action, _)| {
                        matches!(action, Action::DropConstraint { name: gone, missing: WhenMissing::Skip, .. } if gone == name)
                    }))
                })
            };
            match adds {
                Some(Some(name)) if dropped(&name) => return Vec::new(),
                Some(_) => (None, None),
                None => match not_idempotent::missing_guard(at.statement) {
                    Some(guard) => (Some(guard), None),
                    None => return Vec::new(),
                },
            }
        }
        _ => match not_idempotent::missing_guard(at.statement) {
            Some(guard) => (Some(guard), made_name(at.statement)),
            None => return Vec::new(),
        },
    };
    if name.is_some_and(|name| is_dropped_before(at, &name)) {
        return Vec::new();
    }
    let draft = at.draft("applied again after the next edit, this fails");
    let rewrite = guard.and_then(|(behind, guard)| {
        let place = at.text().to_ascii_lowercase().find(behind)? + behind.len();
        let (before, after) = at.text().split_at_checked(place)?;
        Some(Rewrite::this(format!("{before} {guard}{after};")))
    });
    vec![match rewrite {
        Some(rewrite) => draft.rewrite(rewrite),
        None => draft.advice("drop it before, with IF EXISTS"),
    }]
}

fn made_name(statement: &Statement) -> Option<Name> {
    match statement {
        Statement::CreateTable(made) => Some(made.name.clone()),
        Statement::CreateTableAs(made) => Some(made.name.clone()),
        Statement::CreateIndex(made) => made.name.clone().map(Name::bare),
        Statement::CreateView(made) => Some(made.name.clone()),
        Statement::CreateSequence { name, .. } => Some(name.clone()),
        Statement::CreateFunction(made) => Some(made.name.clone()),
        _ => None,
    }
}

/// Whether DROP … IF EXISTS stands before it. An index goes with its materialized view.
fn is_dropped_before(at: &At<'_>, name: &Name) -> bool {
    let with_its_table = matches!(at.statement, Statement::CreateIndex(made)
        if at.before().any(|one| made_name(one).is_some_and(|other| other.name == made.table.name)));
    with_its_table
        || at.before().any(|one| {
            matches!(one, Statement::Drop(dropped) if dropped.missing == WhenMissing::Skip
                && dropped.names.iter().any(|(gone, _)| gone.name == name.name))
        })
}
