use super::{Check, Group, Rule};
use crate::effect::{Certainty, Major};
use crate::engine::{At, Draft, Level};
use crate::statement::{Action, ConstraintKind, Enforcement, Statement, Validity};

pub(super) const RULE: Rule = Rule::new(
    Group::Transactions,
    Level::Off,
    "a statement is refused by some of the versions the project runs on",
    Check::UpAndDown(check),
)
.explained(
    "Some words came with a later major: MERGE and NULLS NOT DISTINCT with 15, DETACH PARTITION CONCURRENTLY and SET \
     COMPRESSION with 14, NOT NULL as a constraint of the table and virtual columns with 18. On an older server the \
     migration fails with a syntax error. The versions of a project are an option (`postgres` in `embed_migrations!`, \
     13 to 18 unless said): say the ones you run, and ask for this rule.",
    "release notes of PostgreSQL 14 to 18; measured on PostgreSQL 10 to 18",
)
.examples(
    "
--- 1_orders.sql
create table orders (id bigint primary key, code text);
--- 2_code.sql
create unique index concurrently orders_code on orders (code) nulls not distinct;
",
    "
--- 1_orders.sql
create table orders (id bigint primary key, code text);
--- 2_code.sql
create unique index concurrently orders_code on orders (code);
",
);

fn check(at: &At<'_>) -> Vec<Draft> {
    let refusal = |major: &Major| match &at.effects(*major).certainty {
        Certainty::Refused(why) => Some(why.as_str()),
        _ => None,
    };
    let all: Vec<Major> = at.options.each_major().collect();
    let refusing: Vec<Major> = all.iter().copied().filter(|major| refusal(major).is_some()).collect();
    // What every version refuses is refused for what the database looks like, and other rules say it.
    let newest = all.last().is_some_and(|newest| refusal(newest).is_none());
    let why = refusing.last().and_then(refusal);
    let Some(why) = why.filter(|_| newest && !is_said_elsewhere(at)) else { return Vec::new() };
    vec![
        at.draft(format!("{why}: it is refused{}", at.on(&refusing)))
            .advice("say which versions the project runs on, or write it as the oldest of them knows it"),
    ]
}

/// NOT ENFORCED, and NOT VALID foreign keys of partitioned tables, have rules of their own.
fn is_said_elsewhere(at: &At<'_>) -> bool {
    let Statement::AlterRelation(alter) = at.statement else {
        return matches!(at.statement, Statement::CreateTable(created) if
            created.constraints.iter().any(|one| one.enforcement == Enforcement::NotEnforced)
            || created.columns.iter().flat_map(|column| &column.constraints).any(|one| matches!(one,
                crate::statement::ColumnConstraint::Constraint(one) if one.enforcement == Enforcement::NotEnforced)));
    };
    alter.actions.iter().any(|(action, _)| match action {
        Action::AddConstraint(one) => {
            one.enforcement == Enforcement::NotEnforced
                || matches!(one.kind, ConstraintKind::ForeignKey(_)) && one.validity == Validity::NotValid
        }
        _ => false,
    })
}
