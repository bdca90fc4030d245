use super::{Check, Group, Rule, create_partition_of, partition};
use crate::engine::{At, Draft, Level, Rewrite};
use crate::statement::{Action, Bound, LockMode, Name, Statement};

pub(super) const RULE: Rule = Rule::new(
    Group::Tables,
    Level::Error,
    "a partition is added beside a DEFAULT partition, which is read whole while nobody can use it",
    Check::UpAndDown(check),
)
.explained(
    "The DEFAULT partition could hold rows that belong into the new one, so PostgreSQL reads all of it, under ACCESS \
     EXCLUSIVE, to see that it does not. A CHECK on it that excludes the new range, validated before, spares it that. \
     Rows that are there must be moved out first.",
    "manual, 5.12.2 Partition Maintenance; measured on 11 to 18",
)
.examples(
    "
--- 1_events.sql
create table events (at date not null, id bigint not null, primary key (id, at)) partition by range (at);
create table events_rest partition of events default;
--- 2_next.sql
create table events_2027 partition of events for values from ('2027-01-01') to ('2028-01-01');
",
    "
--- 1_events.sql
create table events (at date not null, id bigint not null, primary key (id, at)) partition by range (at);
create table events_rest partition of events default;
--- 2_exclude.sql
alter table events_rest add constraint not_2027 check (not (at >= '2027-01-01' and at < '2028-01-01')) not valid;
--- 3_validate.sql
alter table events_rest validate constraint not_2027;
--- 4_next.sql
create table events_2027 (like events including defaults including constraints);
alter table events attach partition events_2027 for values from ('2027-01-01') to ('2028-01-01');
",
);

fn check(at: &At<'_>) -> Vec<Draft> {
    let added: Vec<(&Name, &Bound, Name, Option<String>)> = match at.statement {
        Statement::CreateTable(created) => created
            .partition_of
            .iter()
            .map(|(parent, bound)| (&created.name, bound, parent.clone(), create_partition_of::attached(at)))
            .collect(),
        Statement::AlterRelation(alter) => {
            let attached = alter.actions.iter().filter_map(|(action, _)| match action {
                Action::AttachPartition { partition, bound } => Some((partition, bound)),
                _ => None,
            });
            let text = || Some(format!("{};", at.text()));
            attached.map(|(name, bound)| (name, bound, alter.name.clone(), text())).collect()
        }
        _ => Vec::new(),
    };
    let mut drafts = Vec::new();
    for (name, bound, parent, then) in added {
        let parent = at.catalog.resolve(&parent);
        let Some(default) = partition::default_to_read(at, &parent) else { continue };
        let shown = at.shown(&default);
        let draft = at.draft(format!("all of {shown} is read while nobody can use it")).effect(at.effect_on(
            &default,
            LockMode::AccessExclusive,
            "while it is read",
        ));
        drafts.push(match (partition::condition(at, &parent, bound), then) {
            (Some(condition), Some(then)) => {
                let check = format!("not_{}", name.name);
                draft.rewrite(
                    Rewrite::this(format!(
                        "alter table {shown} add constraint {check} check (not ({condition})) not valid;"
                    ))
                    .then(&format!("validate_{check}"), format!("alter table {shown} validate constraint {check};"))
                    .then(&format!("attach_{}", name.name), then),
                )
            }
            _ => draft.advice(format!(
                "add a CHECK to {shown} that excludes the new partition's rows (NOT VALID, then VALIDATE in a migration \
                 of its own), and attach then"
            )),
        });
    }
    drafts
}
