use super::{Check, Group, Rule};
use crate::engine::{Draft, InMigration, Level};
use crate::statement::{ConstraintKind, Persistence, Statement};

pub(super) const RULE: Rule = Rule::new(
    Group::Tables,
    Level::Warning,
    "a table is made without a key",
    Check::Migration(check),
)
.explained(
    "Without a primary key (or at least a unique constraint) rows cannot be told apart: logical replication refuses to \
     replicate UPDATE and DELETE, a backfill has nothing to go along, and doubles cannot be removed one by one. Adding \
     one later to a large table takes four migrations.",
    "manual, 29.1.1 Replica Identity; docs/backfills.md",
)
.examples(
    "
--- 1_log.sql
create table log (at timestamptz not null, line text not null);
",
    "
--- 1_log.sql
create table log (id bigint generated always as identity primary key, at timestamptz not null, line text not null);
create temporary table scratch (line text);
create table lines (log_id bigint not null, line integer not null, unique (log_id, line));
create table later (id bigint not null);
alter table later add primary key (id);
",
);

fn check(migration: &InMigration<'_>) -> Vec<Draft> {
    let mut drafts = Vec::new();
    for (statement, cut) in migration.up {
        let Statement::CreateTable(created) = statement else { continue };
        let apart =
            created.foreign || created.persistence == Persistence::Temporary || !created.inherits.is_empty();
        let Some(table) = migration.after.table(&created.name).filter(|_| !apart) else { continue };
        // A key may come later in the set: built CONCURRENTLY, and made the key after.
        let last = migration.last.table(&created.name).unwrap_or(table);
        let keyed = table.constraints.iter().chain(&last.constraints).any(|one| {
            matches!(
                one.kind,
                ConstraintKind::PrimaryKey(_) | ConstraintKind::Unique(_) | ConstraintKind::Exclude { .. }
            )
        }) || migration.last.indexes_of(&created.name).any(|(_, index)| index.unique);
        let all = created
            .like
            .iter()
            .any(|(_, including)| including.iter().any(|word| word == "all" || word == "indexes"));
        if keyed || all || table.partition_of.is_some() || migration.before.table(&created.name).is_some() {
            continue;
        }
        drafts.push(
            migration
                .draft_at(&cut.range, format!("{} has no key: its rows cannot be told apart", created.name))
                .advice("add one: `id bigint generated always as identity primary key`"),
        );
    }
    drafts
}
