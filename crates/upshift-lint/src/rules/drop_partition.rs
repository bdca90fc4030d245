use super::{Check, Group, Rule};
use crate::engine::{At, Draft, Level, Rewrite};
use crate::statement::{Kind, LockMode};

pub(super) const RULE: Rule = Rule::new(
    Group::Tables,
    Level::Error,
    "a partition is dropped, which locks the whole partitioned table",
    Check::Up(check),
)
.explained(
    "DROP TABLE of a partition takes ACCESS EXCLUSIVE of the table it belongs to: every query over any partition waits, \
     and the DROP itself waits for the longest of them. DETACH PARTITION … CONCURRENTLY (14 and later; not where there \
     is a DEFAULT partition) lets them all go on; what is left is a table that nobody reads, and can be dropped.",
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
    let gone = at.dropped(&[Kind::Table, Kind::ForeignTable]).into_iter();
    let partitions = gone.filter_map(|(_, name, place)| Some((name, place, at.partitioned_table_of(name)?)));
    let seen = partitions.filter(|(_, _, parent)| !at.is_unseen(parent));
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
            None => draft.rewrite(
                Rewrite::this(format!("alter table {shown} detach partition {name} concurrently;"))
                    .then(&format!("drop_{}", name.name), format!("-- upshift: phase contract\ndrop table {name};")),
            ),
        }
    })
    .collect()
}
