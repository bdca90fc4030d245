use super::{Check, Group, Rule};
use crate::engine::{At, Draft, Level};
use crate::statement::{LockMode, Statement};

pub(super) const RULE: Rule = Rule::new(
    Group::Objects,
    Level::Warning,
    "a row trigger of a partitioned table is made on every partition, and locks them all",
    Check::UpAndDown(check),
)
.explained(
    "SHARE ROW EXCLUSIVE is taken of the table and of each partition, one after the other, and held to the end: all \
     writers wait. Before 13 a BEFORE trigger is refused there, and since 13 it must not move a row into another \
     partition. Make it on the partitions one by one, each in a migration of its own, and on the whole at last.",
    "manual, CREATE TRIGGER, Notes; measured on 13 to 18",
)
.examples(
    "
--- 1_events.sql
create table events (at date not null, id bigint not null, primary key (id, at)) partition by range (at);
create table events_2026 partition of events for values from ('2026-01-01') to ('2027-01-01');
create function touch() returns trigger language plpgsql as 'begin return new; end';
--- 2_trigger.sql
create trigger touched before update on events for each row execute function touch();
",
    "
--- 1_events.sql
create table events (at date not null, id bigint not null, primary key (id, at)) partition by range (at);
create table events_2026 partition of events for values from ('2026-01-01') to ('2027-01-01');
create function touch() returns trigger language plpgsql as 'begin return new; end';
--- 2_trigger.sql
create trigger touched before update on events_2026 for each row execute function touch();
",
);

fn check(at: &At<'_>) -> Vec<Draft> {
    let Statement::CreateTrigger(made) = at.statement else { return Vec::new() };
    let partitioned = at.catalog.table(&made.table).is_some_and(|table| table.partition_by.is_some());
    if !partitioned || !made.each_row || at.is_unseen(&made.table) {
        return Vec::new();
    }
    let partitions = at.catalog.family_of(&made.table).len() - 1;
    let old: Vec<_> =
        at.options.each_major().filter(|major| major.0 < 13 && made.timing == "before").collect();
    let refused = if old.is_empty() { String::new() } else { format!("; it is refused{}", at.on(&old)) };
    vec![
        at.draft(format!(
            "this trigger is made on all partitions of {} ({partitions} known){refused}",
            made.table
        ))
        .effect(at.effect_on(
            &at.catalog.resolve(&made.table),
            LockMode::ShareRowExclusive,
            "and of every partition, to the end of the transaction",
        ))
        .advice("make it on the partitions one by one, each in a migration of its own"),
    ]
}
