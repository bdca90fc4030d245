use super::{Check, Group, Rule};
use crate::engine::{At, Draft, Level, Rewrite};
use crate::statement::{Kind, LockMode, Manner, Name, Statement, WhenMissing};

pub(super) const RULE: Rule = Rule::new(
    Group::Indexes,
    Level::Warning,
    "an index is dropped while nobody can use its table",
    Check::UpAndDown(check),
)
.explained(
    "DROP INDEX takes ACCESS EXCLUSIVE on the table: it waits for every query that runs there, and \
     everybody waits behind it. CONCURRENTLY waits without having others wait. It takes one index a \
     statement and no CASCADE, and PostgreSQL refuses it for an index of a partitioned table: there only \
     the lock timeout helps. A down that drops what its up built in the same manner is not told: the up is.",
    "manual, DROP INDEX; measured on PostgreSQL 10 to 18",
)
.examples(
    "
--- 1_orders.sql
create table orders (id bigint primary key, status text, total int, code varchar(20));
create index orders_status on orders (status);
--- 2_drop.sql
drop index orders_status;
",
    "
--- 1_orders.sql
create table orders (id bigint primary key, status text, total int, code varchar(20));
create index orders_status on orders (status);
--- 2_drop.sql
drop index concurrently orders_status;
--- 3_lines.sql
create table lines (id bigint primary key, code text);
create index lines_code on lines (code);
drop index lines_code;
",
);

fn check(at: &At<'_>) -> Vec<Draft> {
    let Statement::Drop(dropped) = at.statement else { return Vec::new() };
    if dropped.kind != Kind::Index || dropped.manner == Manner::Concurrently {
        return Vec::new();
    }
    let seen: Vec<&(Name, _)> = dropped.names.iter().filter(|(name, _)| !is_spared(at, name)).collect();
    let Some((first, place)) = seen.first() else { return Vec::new() };
    let table = at.catalog.index(first).map(|index| index.table.clone());
    let of =
        table.as_ref().map_or_else(|| format!("the table of {first}"), |table| at.shown(table).to_string());
    let draft = at.draft_at(place, format!("nobody can use {of} while this waits for its turn"));
    let draft = match &table {
        Some(table)
            if at
                .majors_where(|effects| effects.strongest(table) == Some(LockMode::AccessExclusive))
                .is_empty() =>
        {
            return Vec::new();
        }
        Some(table) => {
            draft.effect(at.effect_on(table, LockMode::AccessExclusive, "to the end of the transaction"))
        }
        None => draft,
    };
    let partitioned = |name: &Name| {
        let of = at.catalog.index(name).and_then(|index| at.catalog.table(&index.table));
        of.is_some_and(|table| table.partition_by.is_some())
    };
    if dropped.names.iter().any(|(name, _)| partitioned(name)) {
        return vec![draft.advice(
            "an index of a partitioned table goes no other way: keep it alone in \
            its migration, and allow it there",
        )];
    }
    let missing = if dropped.missing == WhenMissing::Skip { " if exists" } else { "" };
    let each = dropped.names.iter().map(|(name, _)| format!("drop index concurrently{missing} {name};"));
    vec![draft.rewrite(Rewrite::this(each.collect::<Vec<_>>().join("\n")))]
}

/// Whether nobody is kept waiting by it alone: its table is new, or goes as well; or a down only mirrors its up.
fn is_spared(at: &At<'_>, index: &Name) -> bool {
    let table = at.catalog.index(index).map(|known| &known.table);
    let mirrored = at.reverted().any(|one| match one {
        Statement::CreateIndex(made) if made.manner == Manner::Blocking => match &made.name {
            Some(name) => *name == index.name,
            None => table.is_some_and(|table| at.is_same(&made.table, table)),
        },
        _ => false,
    });
    mirrored || table.is_some_and(|table| at.is_unseen(table) || at.is_dropped_later(table))
}
