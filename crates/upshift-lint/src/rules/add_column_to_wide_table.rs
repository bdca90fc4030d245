use super::adding::added;
use super::{Check, Group, Rule};
use crate::engine::{At, Draft, Level};

pub(super) const RULE: Rule = Rule::new(
    Group::AddingColumns,
    Level::Off,
    "a column is added to a table of fifty or more",
    Check::Up(check),
)
.explained(
    "Every row of a wide table is read and written whole: an UPDATE of one column copies all the others, \
     and a table that everybody writes becomes the one place where everybody waits. Often what is added \
     belongs into a table beside it. PostgreSQL's own limit is 1,600 columns; dropped ones count.",
    "GitLab, Large tables limitations; manual, Limits",
)
.examples(
    "
--- 1_orders.sql
create table orders (id bigint primary key, c1 int, c2 int, c3 int, c4 int, c5 int, c6 int, c7 int, c8 int, c9 int, c10 int, c11 int, c12 int, c13 int, c14 int, c15 int, c16 int, c17 int, c18 int, c19 int, c20 int, c21 int, c22 int, c23 int, c24 int, c25 int, c26 int, c27 int, c28 int, c29 int, c30 int, c31 int, c32 int, c33 int, c34 int, c35 int, c36 int, c37 int, c38 int, c39 int, c40 int, c41 int, c42 int, c43 int, c44 int, c45 int, c46 int, c47 int, c48 int, c49 int);
--- 2_more.sql
alter table orders add column c50 int;
",
    "
--- 1_orders.sql
create table orders (id bigint primary key, status text);
--- 2_more.sql
alter table orders add column c50 int;
",
);

/// From where on a table is wide: GitLab's limit.
const WIDE: usize = 50;

fn check(at: &At<'_>) -> Vec<Draft> {
    let wide = added(at).into_iter().filter_map(|one| {
        let there = at.catalog.table(&one.table)?.columns.len();
        let draft =
            at.draft_at(&one.column.place, format!("{} has {there} columns already", at.shown(&one.table)));
        (there >= WIDE).then(|| {
            draft.advice(
                "a table beside it, with the same primary key, takes no \
            room in every row",
            )
        })
    });
    wide.collect()
}
