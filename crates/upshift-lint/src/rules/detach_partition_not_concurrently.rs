use super::{Check, Group, Rule, partition};
use crate::engine::{At, Draft, Level, Rewrite};
use crate::statement::{Action, DetachHow, LockMode};

pub(super) const RULE: Rule = Rule::new(
    Group::Tables,
    Level::Error,
    "a partition is detached while nobody can use the partitioned table",
    Check::UpAndDown(check),
)
.explained(
    "DETACH PARTITION takes ACCESS EXCLUSIVE of the partitioned table: it waits for the longest query over any \
     partition, and every query that comes later waits behind it. CONCURRENTLY, since PostgreSQL 14, lets them go on. It \
     cannot be had where there is a DEFAULT partition; then nothing is said. It is proposed where all versions of the \
     project know it (`postgres = \"14-18\"`).",
    "manual, ALTER TABLE, DETACH PARTITION; measured on 10 to 18",
)
.examples(
    "
--- 1_events.sql
create table events (at date not null, id bigint not null, primary key (id, at)) partition by range (at);
create table events_2024 partition of events for values from ('2024-01-01') to ('2025-01-01');
--- 2_detach.sql
alter table events detach partition events_2024;
",
    "
--- 1_events.sql
create table events (at date not null, id bigint not null, primary key (id, at)) partition by range (at);
create table events_2024 partition of events for values from ('2024-01-01') to ('2025-01-01');
--- 2_detach.sql
alter table events detach partition events_2024 concurrently;
",
);

fn check(at: &At<'_>) -> Vec<Draft> {
    let Some((alter, parent)) = at.altered() else { return Vec::new() };
    if at.default_partition_of(&parent).is_some() || at.options.each_major().all(|major| major.0 < 14) {
        return Vec::new();
    }
    let mut drafts = Vec::new();
    for (action, place) in &alter.actions {
        let Action::DetachPartition { partition: name, how: DetachHow::Blocking } = action else { continue };
        let draft = at
            .draft_at(place, format!("detaching this partition locks all of {}", alter.name))
            .effect(at.effect_on(&parent, LockMode::AccessExclusive, "to the end of the transaction"));
        drafts.push(match partition::detached(at, &at.head(alter), name) {
            Ok(text) => draft.rewrite(Rewrite::this(text)),
            Err(advice) => draft.advice(advice),
        });
    }
    drafts
}
