use super::constraining::constrained;
use super::{Check, Group, Rule};
use crate::engine::{At, Draft, Level};
use crate::statement::{ConstraintKind, Key, LockMode, Name, Quoted};

pub(super) const RULE: Rule = Rule::new(
    Group::Constraints,
    Level::Error,
    "an index becomes the primary key over columns that may be NULL: the table is read while nobody can use it",
    Check::UpAndDown(check),
)
.explained(
    "ADD PRIMARY KEY USING INDEX makes the columns NOT NULL, and where nothing proves that they are, \
     reads the whole table under ACCESS EXCLUSIVE. Prove it first: a CHECK (… IS NOT NULL) that is NOT \
     VALID, VALIDATE in a migration after, then the primary key, then the CHECK can go.",
    "measured on PostgreSQL 10 to 18",
)
.examples(
    "
--- 1_orders.sql
create table orders (id bigint, status text);
--- 2_index.sql
create unique index concurrently orders_pkey on orders (id);
--- 3_key.sql
alter table orders add constraint orders_pkey primary key using index orders_pkey;
",
    "
--- 1_orders.sql
create table orders (id bigint, status text);
--- 2_index.sql
create unique index concurrently orders_pkey on orders (id);
--- 3_check.sql
alter table orders add constraint orders_id_not_null check (id is not null) not valid;
--- 4_validate.sql
alter table orders validate constraint orders_id_not_null;
--- 5_key.sql
alter table orders add constraint orders_pkey primary key using index orders_pkey;
alter table orders drop constraint orders_id_not_null;
",
);

fn check(at: &At<'_>) -> Vec<Draft> {
    let mut drafts = Vec::new();
    for one in constrained(at) {
        let ConstraintKind::PrimaryKey(Key::Index(index)) = &one.constraint.kind else { continue };
        let index = Name { schema: one.table.schema.clone(), name: index.clone() };
        let (Some(index), Some(known)) = (at.catalog.index(&index), at.catalog.table(&one.table)) else {
            continue;
        };
        let nullable = index.leading_columns().into_iter().find(|column| {
            known.column(column).is_some_and(|found| !found.not_null) && !known.proves_not_null(column)
        });
        let Some(column) = nullable.filter(|_| one.looks_at_rows(at)) else { continue };
        let table = at.shown(&one.table);
        let check = at.beside(&one.table, &format!("{column}_not_null")).name;
        let (check, column) = (Quoted(&check), Quoted(column));
        let prove = format!(
            "alter table {table} add constraint {check} check ({column} is not \
            null) not valid;"
        );
        let validate = format!("alter table {table} validate constraint {check};");
        let key = format!(
            "{} {};\nalter table {table} drop constraint {check};",
            at.head(one.alter),
            at.text_of(one.place),
        );
        let rest = at.instead_of(one.alter, one.number, None);
        let first = if rest.is_empty() { prove } else { format!("{rest}\n{prove}") };
        drafts.push(
            at.draft_at(
                one.place,
                format!(
                    "{column} may be NULL: every row is looked at while nobody \
                can use {table}"
                ),
            )
            .effect(at.effect_on(&one.table, LockMode::AccessExclusive, "while the whole table is read"))
            .rewrite(
                crate::engine::Rewrite::this(first)
                    .then(&format!("validate_{}", one.name(at)), validate)
                    .then(&format!("add_{}", one.name(at)), key),
            ),
        );
    }
    drafts
}
