use super::{Check, Group, Rule};
use crate::engine::{At, Draft, Level};
use crate::statement::{Action, LockMode, Persistence};

pub(super) const RULE: Rule = Rule::new(
    Group::Tables,
    Level::Error,
    "SET LOGGED or SET UNLOGGED writes the whole table anew",
    Check::UpAndDown(check),
)
.explained(
    "Every row and every index is written into new files while nobody can even read (and its sequences since 15). A \
     table that is UNLOGGED is empty after a crash, and does not exist on a standby. Decide when the table is made; \
     later, make a new one and move the rows over in batches.",
    "manual, ALTER TABLE; measured on 10 to 18",
)
.examples(
    "
--- 1_cache.sql
create table cache (id bigint primary key);
--- 2_unlogged.sql
alter table cache set unlogged;
",
    "
--- 1_cache.sql
create table cache (id bigint primary key);
alter table cache set unlogged;
",
);

fn check(at: &At<'_>) -> Vec<Draft> {
    let Some((alter, table)) = at.altered() else { return Vec::new() };
    let persistence = at.catalog.table(&table).map(|found| found.persistence);
    let changes = alter.actions.iter().filter(|(action, _)| match action {
        Action::SetLogged => persistence != Some(Persistence::Permanent),
        Action::SetUnlogged => persistence != Some(Persistence::Unlogged),
        _ => false,
    });
    changes
        .map(|(_, place)| {
            at.draft_at(place, format!("all of {} is written anew", alter.name))
                .effect(at.effect_on(
                    &table,
                    LockMode::AccessExclusive,
                    "while every row and index is written anew",
                ))
                .advice(format!(
                    "make a new table beside {} as it should be, and move the rows over in batches",
                    alter.name
                ))
        })
        .collect()
}
