use super::constraining::constrained;
use super::{Check, Group, Rule};
use crate::engine::{At, Draft, Level};
use crate::statement::{ConstraintKind, LockMode};

pub(super) const RULE: Rule = Rule::new(
    Group::Constraints,
    Level::Error,
    "an EXCLUDE constraint is added: its index is built while nobody can use the table",
    Check::UpAndDown(check),
)
.explained(
    "ADD … EXCLUDE builds its index and tries every row under ACCESS EXCLUSIVE, and unlike UNIQUE it has \
     no way around: no CONCURRENTLY, no USING INDEX, no NOT VALID. Make a new table with the constraint, \
     keep it in step by a trigger, fill it by a backfill and switch over; or guard new rows by a trigger.",
    "manual, ALTER TABLE, ADD table_constraint_using_index; measured on PostgreSQL 10 to 18",
)
.examples(
    "
--- 1_stays.sql
create table stays (id bigint primary key, room int, during tsrange);
--- 2_exclude.sql
alter table stays add constraint no_overlap exclude using gist (during with &&);
",
    "
--- 1_stays.sql
create table stays (id bigint primary key, room int, during tsrange);
alter table stays add constraint no_overlap exclude using gist (during with &&);
",
);

fn check(at: &At<'_>) -> Vec<Draft> {
    let added = constrained(at)
        .into_iter()
        .filter(|one| matches!(one.constraint.kind, ConstraintKind::Exclude { .. }) && one.looks_at_rows(at));
    let drafts = added.map(|one| {
        let table = at.shown(&one.table);
        at.draft_at(one.place, format!("the index of this is built while nobody can use {table}"))
            .effect(at.effect_on(&one.table, LockMode::AccessExclusive, "while the index is built"))
            .advice(format!(
                "there is no way to add it while {table} is used: make a new table that has it, \
                 keep both in step by a trigger, \
                 fill it by a backfill and switch over"
            ))
    });
    drafts.collect()
}
