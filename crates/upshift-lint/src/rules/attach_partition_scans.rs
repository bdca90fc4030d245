use super::{Check, Group, Rule, partition};
use crate::engine::{At, Draft, Level, Rewrite};
use crate::statement::{Action, Bound, LockMode};

pub(super) const RULE: Rule = Rule::new(
    Group::Tables,
    Level::Error,
    "a table is attached as a partition, and read whole while nobody can use it",
    Check::UpAndDown(check),
)
.explained(
    "ATTACH PARTITION must know that every row of the table belongs into the partition, and reads them all under ACCESS \
     EXCLUSIVE, unless a CHECK of the table that is valid already says so. Add it NOT VALID, validate it in a migration \
     of its own, then attach: that takes a moment.",
    "manual, ALTER TABLE, ATTACH PARTITION; measured on 10 to 18",
)
.examples(
    "
--- 1_events.sql
create table events (at date not null, id bigint not null, primary key (id, at)) partition by range (at);
create table old_events (at date not null, id bigint not null, primary key (id, at));
--- 2_attach.sql
alter table events attach partition old_events for values from ('2020-01-01') to ('2026-01-01');
",
    "
--- 1_events.sql
create table events (at date not null, id bigint not null, primary key (id, at)) partition by range (at);
create table old_events (at date not null, id bigint not null, primary key (id, at));
--- 2_check.sql
alter table old_events add constraint old check (at >= '2020-01-01' and at < '2026-01-01') not valid;
--- 3_validate.sql
alter table old_events validate constraint old;
--- 4_attach.sql
alter table events attach partition old_events for values from ('2020-01-01') to ('2026-01-01');
",
);

fn check(at: &At<'_>) -> Vec<Draft> {
    let Some((alter, parent)) = at.altered() else { return Vec::new() };
    let mut drafts = Vec::new();
    for (action, place) in &alter.actions {
        let Action::AttachPartition { partition: name, bound } = action else { continue };
        let spared = at.is_unseen(name) || partition::has_proof(at, &parent, name);
        // Beside a DEFAULT partition the other rule asks for the steps of both.
        if spared || *bound == Bound::Default || partition::default_to_read(at, &parent).is_some() {
            continue;
        }
        let draft = at
            .draft_at(place, format!("all of {name} is read while nobody can use it"))
            .effect(at.effect_on(&at.catalog.resolve(name), LockMode::AccessExclusive, "while it is read"));
        let check = format!("{}_bound", name.name);
        drafts.push(match partition::condition(at, &parent, bound) {
            Some(condition) => draft.rewrite(
                Rewrite::this(format!("alter table {name} add constraint {check} check ({condition}) not valid;"))
                    .then(&format!("validate_{check}"), format!("alter table {name} validate constraint {check};"))
                    .then(&format!("attach_{}", name.name), format!("{};", at.text())),
            ),
            None => draft.advice(format!(
                "give {name} a CHECK that says what the bound says (NOT VALID, then VALIDATE in a migration of its own), \
                 and attach it then"
            )),
        });
    }
    drafts
}
