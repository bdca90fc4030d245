use super::adding::{Cost, added};
use super::{Check, Group, Rule};
use crate::engine::{At, Draft, Level, Rewrite};
use crate::statement::Quoted;

pub(super) const RULE: Rule = Rule::new(
    Group::AddingColumns,
    Level::Error,
    "a column is added that is NOT NULL and has no default: it fails as soon as the table has a row",
    Check::UpAndDown(check),
)
.explained(
    "The rows there are have no value for it, and PostgreSQL refuses the statement. And if the table were \
     empty, the release before this one, which does not know the column, could not insert any more. Add \
     it nullable (or with a default that is the same for every row), fill it in batches, and make it NOT \
     NULL in steps, as set-not-null- scans shows.",
    "manual, ALTER TABLE, Notes",
)
.examples(
    "
--- 1_orders.sql
create table orders (id bigint primary key, status text);
--- 2_total.sql
alter table orders add column total bigint not null;
",
    "
--- 1_orders.sql
create table orders (id bigint primary key, status text);
--- 2_total.sql
alter table orders add column total bigint not null default 0, add column note text;
--- 3_lines.sql
create table lines (id bigint primary key);
alter table lines add column total bigint not null;
",
);

fn check(at: &At<'_>) -> Vec<Draft> {
    let mut drafts = Vec::new();
    for one in added(at) {
        let Cost::Required(place) = one.cost else { continue };
        let (table, column) = (at.shown(&one.table), Quoted(&one.column.name));
        let plain = at.column_without(one.column, &one.required());
        drafts.push(
            at.draft_at(
                place,
                format!(
                    "the rows of {table} have no value for {column}: \
                PostgreSQL refuses this"
                ),
            )
            .advice(format!(
                "fill {column} by a backfill in the migration after this one, then make it \
                     NOT NULL in steps; or give \
                     it a DEFAULT here that is the same for every row"
            ))
            .rewrite(Rewrite::this(at.instead_of(one.alter, one.number, Some(&plain)))),
        );
    }
    drafts
}
