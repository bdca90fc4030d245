use super::adding::{Cost, added, rewritten};
use super::{Check, Group, Rule};
use crate::catalog::Type;
use crate::engine::{At, Draft, Level};

pub(super) const RULE: Rule = Rule::new(
    Group::AddingColumns,
    Level::Error,
    "a column is added whose domain has constraints: the whole table is written anew",
    Check::UpAndDown(check),
)
.explained(
    "For a domain with a CHECK or NOT NULL PostgreSQL cannot keep the value for the rows there are in the \
     catalogue, not even NULL: it writes every row and every index anew while nobody can even read. A \
     domain without constraints costs nothing. Give the column the type below the domain, and the table \
     the CHECK: NOT VALID first, then VALIDATE.",
    "measured on PostgreSQL 10 to 18",
)
.examples(
    "
--- 1_orders.sql
create table orders (id bigint primary key, status text);
--- 2_positive.sql
create domain positive as int check (value > 0);
--- 3_amount.sql
alter table orders add column amount positive;
",
    "
--- 1_orders.sql
create table orders (id bigint primary key, status text);
--- 2_amount.sql
create domain cents as bigint;
alter table orders add column amount cents;
alter table orders add constraint orders_amount_check check (amount > 0) not valid;
--- 3_validate.sql
alter table orders validate constraint orders_amount_check;
",
);

fn check(at: &At<'_>) -> Vec<Draft> {
    let mut drafts = Vec::new();
    for one in added(at).into_iter().filter(|one| matches!(one.cost, Cost::ConstrainedDomain)) {
        let of = &one.column.type_name;
        let Some(Type::Domain(domain)) = at.catalog.type_of(of) else { continue };
        let table = at.shown(&one.table);
        drafts.push(
            at.draft_at(
                &one.column.type_place,
                format!("the domain {of} has constraints: all of {table} is written anew"),
            )
            .effect(rewritten(at, &one.table))
            .advice(format!(
                "make the column {}, and say on {table} what {of} demands: a CHECK that is NOT \
                 VALID here, and a \
                 VALIDATE CONSTRAINT in a migration after this one",
                domain.base
            )),
        );
    }
    drafts
}
