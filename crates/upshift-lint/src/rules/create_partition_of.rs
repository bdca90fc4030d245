use super::{Check, Group, Rule, partition};
use crate::engine::{At, Draft, Level, Rewrite};
use crate::statement::{LockMode, Statement};

pub(super) const RULE: Rule = Rule::new(
    Group::Tables,
    Level::Warning,
    "a partition is made in its place, which locks the whole partitioned table",
    Check::UpAndDown(check),
)
.explained(
    "CREATE TABLE … PARTITION OF takes ACCESS EXCLUSIVE of the partitioned table: it waits for the longest query over \
     any partition, and every query that comes later waits behind it. A table made apart and attached takes SHARE UPDATE \
     EXCLUSIVE (12 and later), which nobody notices.",
    "manual, 5.12.2 Partition Maintenance; measured on 10 to 18",
)
.examples(
    "
--- 1_events.sql
create table events (at date not null, id bigint not null, primary key (id, at)) partition by range (at);
--- 2_next.sql
create table events_2027 partition of events for values from ('2027-01-01') to ('2028-01-01');
",
    "
--- 1_events.sql
create table events (at date not null, id bigint not null, primary key (id, at)) partition by range (at);
create table events_2026 partition of events for values from ('2026-01-01') to ('2027-01-01');
--- 2_next.sql
create table events_2027 (like events including defaults including constraints);
alter table events attach partition events_2027 for values from ('2027-01-01') to ('2028-01-01');
",
);

fn check(at: &At<'_>) -> Vec<Draft> {
    let Statement::CreateTable(created) = at.statement else { return Vec::new() };
    let Some((parent, _)) = &created.partition_of else { return Vec::new() };
    if at.is_unseen(parent) || partition::default_to_read(at, &at.catalog.resolve(parent)).is_some() {
        return Vec::new();
    }
    let draft = at.draft(format!("making this partition locks all of {parent}")).effect(at.effect_on(
        &at.catalog.resolve(parent),
        LockMode::AccessExclusive,
        "to the end of the transaction",
    ));
    vec![match attached(at) {
        Some(text) => draft.rewrite(Rewrite::this(text)),
        None => draft.advice(format!(
            "create it apart (like {parent} including defaults including constraints), then attach it"
        )),
    }]
}

/// The same partition, made apart and attached; `None` where more is said than its bound.
pub(super) fn attached(at: &At<'_>) -> Option<String> {
    let Statement::CreateTable(created) = at.statement else { return None };
    let (parent, _) = created.partition_of.as_ref()?;
    let begin = at.text().to_ascii_lowercase().find("for values")?;
    let bound = at.text().get(begin..)?.trim();
    let plain =
        created.columns.is_empty() && created.constraints.is_empty() && created.partition_by.is_none();
    (plain && bound.ends_with(')')).then(|| {
        format!(
            "create table {} (like {parent} including defaults including constraints);\n\
             alter table {parent} attach partition {} {bound};",
            created.name, created.name,
        )
    })
}
