use super::adding::{Cost, added, rewritten};
use super::{Check, Group, Rule};
use crate::engine::{At, Draft, Level, Rewrite};
use crate::statement::Quoted;

pub(super) const RULE: Rule = Rule::new(
    Group::AddingColumns,
    Level::Error,
    "a column is added whose default differs from row to row: the whole table is written anew",
    Check::UpAndDown(check),
)
.explained(
    "A default that is the same for every row (a constant, `now()`) is kept in the catalogue and costs \
     nothing. One that is not (`random()`, `gen_random_uuid()`, `clock_timestamp()`, `nextval()`, a \
     function that is not declared stable) makes PostgreSQL write every row and every index anew while \
     nobody can even read. Add the column without, set the default for new rows, and fill the old ones in \
     batches.",
    "manual, ALTER TABLE, Notes; measured on PostgreSQL 10 to 18",
)
.examples(
    "
--- 1_orders.sql
create table orders (id bigint primary key);
--- 2_token.sql
alter table orders add column token uuid default gen_random_uuid();
",
    "
--- 1_orders.sql
create table orders (id bigint primary key);
--- 2_token.sql
alter table orders add column token uuid, add column seen timestamptz not null default now();
alter table orders alter column token set default gen_random_uuid();
--- 3_fill_token.sql
-- upshift: phase backfill
-- upshift: backfill table=orders
update orders set token = gen_random_uuid() where token is null;
-- upshift: down
update orders set token = null where token is null;
",
);

fn check(at: &At<'_>) -> Vec<Draft> {
    let mut drafts = Vec::new();
    for one in added(at) {
        let Cost::VolatileDefault(default) = one.cost else { continue };
        let (table, column, value) =
            (at.shown(&one.table), Quoted(&one.column.name), at.text_of(&default.range));
        let mut cut = one.required();
        cut.push(at.default_place(default));
        let plain = at.column_without(one.column, &cut);
        let here = format!(
            "{}\nalter table {table} alter column {column} set default {value};",
            at.instead_of(one.alter, one.number, Some(&plain)),
        );
        let (name, text) = one.fill(at, value);
        let filled = Rewrite::this(here).then(&name, text);
        let rewrite = if one.required().is_empty() { filled } else { one.made_not_null(at, filled) };
        drafts.push(
            one.without_its_key(
                at.draft_at(
                    &default.range,
                    format!(
                        "this default differs from row to row: all of {table} \
                is written anew"
                    ),
                )
                .effect(rewritten(at, &one.table))
                .rewrite(rewrite),
            ),
        );
    }
    drafts
}
