use super::adding::inline;
use super::{Check, Group, Rule};
use crate::engine::{At, Draft, Level, Rewrite};
use crate::statement::{ConstraintKind, LockMode, Quoted};

pub(super) const RULE: Rule = Rule::new(
    Group::AddingColumns,
    Level::Error,
    "a column is added as UNIQUE or PRIMARY KEY: its index is built while nobody can use the table",
    Check::UpAndDown(check),
)
.explained(
    "The index behind the constraint is built under ACCESS EXCLUSIVE: nobody reads, nobody writes. Add \
     the column alone, build the index CONCURRENTLY in a migration of its own, and make it the constraint \
     with ADD CONSTRAINT … USING INDEX, which is a matter of a moment.",
    "manual, ALTER TABLE, ADD table_constraint_using_index; measured on PostgreSQL 10 to 18",
)
.examples(
    "
--- 1_orders.sql
create table orders (id bigint primary key, status text);
--- 2_code.sql
alter table orders add column code text unique;
",
    "
--- 1_orders.sql
create table orders (id bigint primary key, status text);
--- 2_code.sql
alter table orders add column code text;
--- 3_code_index.sql
create unique index concurrently orders_code_key on orders (code);
--- 4_code_unique.sql
alter table orders add constraint orders_code_key unique using index orders_code_key;
--- 5_lines.sql
create table lines (id bigint primary key);
alter table lines add column code text unique;
",
);

fn check(at: &At<'_>) -> Vec<Draft> {
    let unique = inline(at, |kind| matches!(kind, ConstraintKind::Unique(_) | ConstraintKind::PrimaryKey(_)));
    let scanning = unique.into_iter().filter(|(one, _)| !one.scanning(at).is_empty());
    let drafts = scanning.map(|(one, constraint)| {
        let table = at.shown(&one.table);
        let name = at.name_of(&one.table, constraint.name.as_ref(), &constraint.kind);
        let index = Quoted(&name);
        let key = if matches!(constraint.kind, ConstraintKind::Unique(_)) { "unique" } else { "primary key" };
        let build = format!(
            "create unique index concurrently {index} \
            on {table} ({});",
            Quoted(&one.column.name)
        );
        let attach = format!("alter table {table} add constraint {index} {key} using index {index};");
        at.draft_at(&constraint.place, format!("the index of this is built while nobody can use {table}"))
            .effect(at.effect_on(&one.table, LockMode::AccessExclusive, "while the index is built"))
            .rewrite(
                Rewrite::this(one.without(at, std::slice::from_ref(&constraint.place)))
                    .then(&format!("build_{name}"), build)
                    .then(&format!("add_{name}"), attach),
            )
    });
    drafts.collect()
}
