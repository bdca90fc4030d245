use super::{Check, Group, Rule};
use crate::catalog::Table;
use crate::engine::{At, Draft, Level};
use crate::statement::{Action, Name, Replica, Statement};

pub(super) const RULE: Rule = Rule::new(
    Group::Tables,
    Level::Error,
    "a published table is left without a replica identity: UPDATE and DELETE fail",
    Check::UpAndDown(check),
)
.explained(
    "On a table that is in a publication PostgreSQL refuses every UPDATE and DELETE whose row it could not tell to the \
     subscriber: without a primary key, with REPLICA IDENTITY NOTHING. The service sees it at once. Give the table its \
     key first, or REPLICA IDENTITY FULL.",
    "manual, 29.1.1 Replica Identity",
)
.examples(
    "
--- 1_log.sql
create table log (id bigint not null unique, line text);
--- 2_publish.sql
create publication changes for table log;
",
    "
--- 1_log.sql
create table log (id bigint not null unique, line text);
create table orders (id bigint primary key);
--- 2_publish.sql
alter table log replica identity full;
create publication changes for table log, orders;
",
);

fn check(at: &At<'_>) -> Vec<Draft> {
    match at.statement {
        Statement::Publication { tables, .. } if !at.text().to_ascii_lowercase().contains("drop table") => {
            let bare = tables
                .iter()
                .filter(|table| at.catalog.table(table).is_some_and(|found| !has_identity(found)));
            bare.map(|table| advised(at.draft(message(table)), table)).collect()
        }
        Statement::AlterRelation(alter) => {
            if at.catalog.publications_of(&alter.name).next().is_none() {
                return Vec::new();
            }
            let taken = alter.actions.iter().filter(|(action, _)| takes_identity(at, &alter.name, action));
            taken.map(|(_, place)| advised(at.draft_at(place, message(&alter.name)), &alter.name)).collect()
        }
        _ => Vec::new(),
    }
}

fn message(table: &Name) -> String {
    format!("{table} is published and has no replica identity: UPDATE and DELETE of it fail")
}

fn advised(draft: Draft, table: &Name) -> Draft {
    draft.advice(format!("give {table} a primary key first, or `alter table {table} replica identity full`"))
}

fn has_identity(table: &Table) -> bool {
    match table.replica_identity {
        Replica::Default => table.primary_key().is_some(),
        Replica::Full | Replica::Index(_) => true,
        Replica::Nothing => false,
    }
}

fn takes_identity(at: &At<'_>, table: &Name, action: &Action) -> bool {
    let Some(found) = at.catalog.table(table) else { return false };
    match action {
        Action::ReplicaIdentity(Replica::Nothing) => true,
        Action::ReplicaIdentity(Replica::Default) => found.primary_key().is_none(),
        Action::DropConstraint { name, .. } => {
            found.replica_identity == Replica::Default
                && found.primary_key().is_some_and(|key| key.name == *name)
        }
        _ => false,
    }
}
