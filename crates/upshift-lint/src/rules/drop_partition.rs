use upshift_files::SectionKind;

use super::{Check, Group, Rule, partition};
use crate::engine::{At, Draft, Level, Rewrite};
use crate::statement::{Kind, LockMode, Name, Statement};

pub(super) const RULE: Rule = Rule::new(
    Group::Tables,
    Level::Error,
    "a partition is dropped, which locks the whole partitioned table",
    Check::UpAndDown(check),
)
.explained(
    "DROP TABLE of a partition takes ACCESS EXCLUSIVE of the table it belongs to: every query over any partition waits, \
     and the DROP itself waits for the longest of them. DETACH PARTITION … CONCURRENTLY (14 and later; not where there \
     is a DEFAULT partition) lets them all go on; what is left is a table that nobody reads, and can be dropped. A down \
     that drops what its up made in its place is not told: the up is.",
    "manual, ALTER TABLE, DETACH PARTITION; measured on 10 to 18",
)
.examples(
    "
--- 1_events.sql
create table events (at date not null, id bigint not null, primary key (id, at)) partition by range (at);
create table events_2024 partition of events for values from ('2024-01-01') to ('2025-01-01');
--- 2_drop.sql
-- upshift: phase contract
drop table events_2024;
",
    "
--- 1_events.sql
create table events (at date not null, id bigint not null, primary key (id, at)) partition by range (at);
create table events_2024 partition of events for values from ('2024-01-01') to ('2025-01-01');
--- 2_detach.sql
alter table events detach partition events_2024 concurrently;
--- 3_drop.sql
-- upshift: phase contract
drop table events_2024;
",
);

fn check(at: &At<'_>) -> Vec<Draft> {
    let Statement::Drop(dropped) = at.statement else { return Vec::new() };
    let named = dropped.names.iter().filter(|_| matches!(dropped.kind, Kind::Table | Kind::ForeignTable));
    let partitions = named.filter_map(|(name, place)| Some((name, place, at.partitioned_table_of(name)?)));
    let seen = partitions.filter(|(name, _, parent)| {
        let goes =
            dropped.names.iter().any(|(one, _)| at.is_same(one, parent)) || at.is_dropped_later(parent);
        !at.is_unseen(name) && !at.is_unseen(parent) && !goes && !is_mirrored(at, name)
    });
    seen.map(|(name, place, parent)| {
        let shown = at.shown(&parent);
        let draft = at
            .draft_at(place, format!("dropping this partition locks all of {shown}"))
            .effect(at.effect_on(&parent, LockMode::AccessExclusive, "to the end of the transaction"));
        match at.default_partition_of(&parent) {
            Some((default, _)) => draft.advice(format!(
                "{shown} has a DEFAULT partition ({}), so it can only be detached under the same lock: do it alone in \
                 its migration",
                at.shown(default),
            )),
            None => match partition::detached(at, &format!("alter table {shown}"), name) {
                Ok(detach) => draft.rewrite(apart(at, detach, name)),
                Err(advice) => draft.advice(advice),
            },
        }
    })
    .collect()
}

/// Whether a down drops what its up made in its place, which locks as much and is told there.
fn is_mirrored(at: &At<'_>, partition: &Name) -> bool {
    at.reverted().any(|one| {
        matches!(one, Statement::CreateTable(made)
            if made.partition_of.is_some() && at.is_same(&made.name, partition))
    })
}

/// Detached first, dropped then: in a migration after, but nothing comes after a down.
fn apart(at: &At<'_>, detach: String, partition: &Name) -> Rewrite {
    match at.section.kind() {
        SectionKind::Down => Rewrite::this(format!("{detach}\ndrop table if exists {partition};")),
        _ => Rewrite::this(detach).then(
            &format!("drop_{}", partition.name),
            format!("-- upshift: phase contract\ndrop table {partition};"),
        ),
    }
}
