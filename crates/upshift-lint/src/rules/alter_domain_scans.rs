use super::{Check, Group, Rule};
use crate::engine::{At, Draft, Level};
use crate::statement::{AlterDomain, LockMode, Name, Statement, Validity};

pub(super) const RULE: Rule = Rule::new(
    Group::Constraints,
    Level::Error,
    "a domain demands more: every table with a column of it is read while nobody can write there",
    Check::UpAndDown(check),
)
.explained(
    "ALTER DOMAIN … ADD CHECK and SET NOT NULL look at every row of every table with a column of the \
     domain, one after the other, each under SHARE to the end of the transaction. NOT VALID puts that \
     off, but VALIDATE CONSTRAINT of a domain does the same, and there is no way to do it while tables \
     are written. Put the CHECK on each table: NOT VALID, then VALIDATE.",
    "measured on PostgreSQL 10 to 18",
)
.examples(
    "
--- 1_orders.sql
create domain cents as bigint;
create table orders (id bigint primary key, total cents);
--- 2_positive.sql
alter domain cents add constraint positive check (value > 0);
",
    "
--- 1_orders.sql
create domain cents as bigint;
create domain euros as bigint;
create table orders (id bigint primary key, total cents);
--- 2_positive.sql
alter table orders add constraint total_is_positive check (total > 0) not valid;
alter domain euros set not null;
--- 3_validate.sql
alter table orders validate constraint total_is_positive;
",
);

fn check(at: &At<'_>) -> Vec<Draft> {
    let Statement::AlterDomain(
        AlterDomain::AddConstraint { name, validity: Validity::Valid, .. } | AlterDomain::SetNotNull { name },
    ) = at.statement
    else {
        return Vec::new();
    };
    let mut tables: Vec<&Name> =
        at.catalog.columns_of_type(name).into_iter().map(|(table, _)| table).collect();
    tables.retain(|table| !at.is_unseen(table));
    tables.dedup();
    let Some(first) = tables.first() else { return Vec::new() };
    let all = tables.iter().map(|table| at.shown(table).to_string()).collect::<Vec<_>>().join(", ");
    vec![
        at.draft(format!("every row of {all} is looked at while nobody can write there"))
            .effect(at.effect_on(first, LockMode::Share, "while every table with a column of it is read"))
            .advice(format!(
                "say it on {all} instead: a CHECK that is NOT VALID here, and VALIDATE \
                CONSTRAINT in a migration after"
            )),
    ]
}
