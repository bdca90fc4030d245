use super::adding::inline;
use super::{Check, Group, Rule};
use crate::engine::{At, Draft, Level, Rewrite};
use crate::statement::{ConstraintKind, LockMode, Quoted};

pub(super) const RULE: Rule = Rule::new(
    Group::AddingColumns,
    Level::Error,
    "a column is added with a CHECK: the whole table is read while nobody can use it",
    Check::UpAndDown(check),
)
.explained(
    "PostgreSQL looks at every row, although it is clear what all of them will answer, and holds ACCESS \
     EXCLUSIVE the while. Add the column alone, the CHECK as NOT VALID (it holds for new rows at once), \
     and validate it in a migration after: VALIDATE CONSTRAINT reads the table while everybody goes on.",
    "manual, ALTER TABLE, ADD table_constraint; measured on PostgreSQL 10 to 18",
)
.examples(
    "
--- 1_orders.sql
create table orders (id bigint primary key, status text);
--- 2_total.sql
alter table orders add column total bigint check (total >= 0);
",
    "
--- 1_orders.sql
create table orders (id bigint primary key, status text);
--- 2_total.sql
alter table orders add column total bigint;
alter table orders add constraint orders_total_check check (total >= 0) not valid;
--- 3_validate.sql
alter table orders validate constraint orders_total_check;
--- 4_lines.sql
create table lines (id bigint primary key);
alter table lines add column total bigint check (total >= 0);
",
);

fn check(at: &At<'_>) -> Vec<Draft> {
    let checks = inline(at, |kind| matches!(kind, ConstraintKind::Check(_)));
    let scanning = checks.into_iter().filter(|(one, _)| !one.scanning(at).is_empty());
    let drafts = scanning.map(|(one, constraint)| {
        let ConstraintKind::Check(demanded) = &constraint.kind else { return at.draft("") };
        let table = at.shown(&one.table);
        let name = at.name_of(&one.table, constraint.name.as_ref(), &constraint.kind);
        let quoted = Quoted(&name);
        let here = format!(
            "{}\nalter table {table} add constraint {quoted} check ({}) not valid;",
            one.without(at, std::slice::from_ref(&constraint.place)),
            at.text_of(&demanded.range),
        );
        at.draft_at(
            &constraint.place,
            format!(
                "this CHECK is tried on every row while nobody \
            can use {table}"
            ),
        )
        .effect(at.effect_on(&one.table, LockMode::AccessExclusive, "while the whole table is read"))
        .rewrite(Rewrite::this(here).then(
            &format!("validate_{name}"),
            format!(
                "alter table {table} validate \
                        constraint {quoted};"
            ),
        ))
    });
    drafts.collect()
}
