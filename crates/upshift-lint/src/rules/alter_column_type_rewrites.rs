use super::retyping::retyped;
use super::{Check, Group, Rule};
use crate::engine::{At, Draft, Level};
use crate::statement::{LockMode, Quoted};

pub(super) const RULE: Rule = Rule::new(
    Group::ChangingColumns,
    Level::Error,
    "a type is changed that is kept otherwise: the whole table is written anew",
    Check::UpAndDown(check),
)
.explained(
    "int to bigint, varchar to a shorter one, text to varchar(n), timestamp to timestamp(3) or (unless \
     TimeZone is UTC) to timestamptz, enum to text, anything of char(n), any USING that is more than the \
     column: PostgreSQL writes every row and every index anew while nobody can even read. Free are: \
     varchar to a longer one or to text, numeric to more digits before the point, cidr to inet, a domain \
     without constraints. Otherwise: a new column beside the old one, a trigger that keeps both in step, \
     a backfill, and a contract. `upshift-recipes` writes these migrations.",
    "manual, ALTER TABLE, Notes; measured on PostgreSQL 10 to 18",
)
.examples(
    "
--- 1_orders.sql
create table orders (id bigint primary key, status text, total int, code varchar(20));
--- 2_total.sql
alter table orders alter column total type bigint;
",
    "
--- 1_orders.sql
create table orders (id bigint primary key, status text, total int, code varchar(20));
--- 2_code.sql
alter table orders alter column code type varchar(40);
alter table orders alter column code type text;
--- 3_lines.sql
create table lines (id bigint primary key, total int);
alter table lines alter column total type bigint;
",
);

fn check(at: &At<'_>) -> Vec<Draft> {
    let Some((_, table)) = at.altered() else { return Vec::new() };
    let mut drafts = Vec::new();
    for one in retyped(at) {
        let majors = one.rewriting(at);
        if majors.is_empty() {
            continue;
        }
        let (shown, column) = (at.shown(&table), Quoted(one.column));
        let how = match &one.from {
            Some(from) => format!("from {from} to {} all of {shown} is written anew", one.to),
            None => format!("lint does not know the type of {column}: all of {shown} may be written anew"),
        };
        let lock =
            at.effect_on(&table, LockMode::AccessExclusive, "while every row and index is written anew");
        drafts.push(at.draft_at(one.place, how).effect(format!("{lock}{}", at.on(&majors))).advice(format!(
            "add a column beside {column}, keep both in step by a trigger, fill it by a \
             backfill, and switch over in a \
             contract: upshift-recipes writes these migrations (ChangeType)"
        )));
    }
    drafts
}
