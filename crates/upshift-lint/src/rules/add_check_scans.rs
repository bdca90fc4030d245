use super::constraining::constrained;
use super::{Check, Group, Rule};
use crate::engine::{At, Draft, Level};
use crate::statement::{ConstraintKind, LockMode};

pub(super) const RULE: Rule = Rule::new(
    Group::Constraints,
    Level::Error,
    "a CHECK is added that is tried on every row while nobody can use the table",
    Check::UpAndDown(check),
)
.explained(
    "ADD CONSTRAINT … CHECK holds ACCESS EXCLUSIVE while it reads the whole table. As NOT VALID it is a \
     matter of a moment, and new rows must meet it at once; VALIDATE CONSTRAINT, in a migration after, \
     tries the old rows while everybody goes on (SHARE UPDATE EXCLUSIVE). In one transaction with ADD the \
     lock of ADD would stay.",
    "manual, ALTER TABLE, ADD table_constraint and Notes; measured on PostgreSQL 10 to 18",
)
.examples(
    "
--- 1_orders.sql
create table orders (id bigint primary key, status text, total bigint, customer_id bigint);
--- 2_check.sql
alter table orders add constraint total_is_positive check (total >= 0);
",
    "
--- 1_orders.sql
create table orders (id bigint primary key, status text, total bigint, customer_id bigint);
--- 2_check.sql
alter table orders add constraint total_is_positive check (total >= 0) not valid;
--- 3_validate.sql
alter table orders validate constraint total_is_positive;
--- 4_lines.sql
create table lines (id bigint primary key, total int check (total >= 0));
alter table lines add check (total < 1000);
",
);

fn check(at: &At<'_>) -> Vec<Draft> {
    let checks = constrained(at)
        .into_iter()
        .filter(|one| matches!(one.constraint.kind, ConstraintKind::Check(_)) && one.looks_at_rows(at));
    let drafts = checks.map(|one| {
        at.draft_at(
            one.place,
            format!(
                "this CHECK is tried on every row while \
            nobody can use {}",
                at.shown(&one.table)
            ),
        )
        .effect(at.effect_on(&one.table, LockMode::AccessExclusive, "while the whole table is read"))
        .rewrite(one.validated_later(at))
    });
    drafts.collect()
}
