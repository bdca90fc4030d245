use super::{Check, Group, Rule};
use crate::engine::{At, Draft, Level, Rewrite};
use crate::statement::{Action, Kind, LockMode, Quoted};

pub(super) const RULE: Rule = Rule::new(
    Group::Indexes,
    Level::Warning,
    "an index or its constraint is renamed in a way that locks readers out",
    Check::UpAndDown(check),
)
.explained(
    "ALTER INDEX … RENAME takes SHARE UPDATE EXCLUSIVE on the index alone (from PostgreSQL 12 on; ACCESS \
     EXCLUSIVE before): nobody waits. Said as ALTER TABLE it first waits for ACCESS EXCLUSIVE, behind \
     every query that uses the index.",
    "PostgreSQL source, RenameRelation; measured on PostgreSQL 10 to 18",
)
.examples(
    "
--- 1_orders.sql
create table orders (id bigint primary key, status text, total int, code varchar(20));
create index orders_status on orders (status);
--- 2_rename.sql
alter table orders_status rename to orders_by_status;
",
    "
--- 1_orders.sql
create table orders (id bigint primary key, status text, total int, code varchar(20));
create index orders_status on orders (status);
--- 2_rename.sql
alter index orders_status rename to orders_by_status;
",
);

fn check(at: &At<'_>) -> Vec<Draft> {
    let Some((alter, index)) = at.altered() else { return Vec::new() };
    if alter.kind != Kind::Index && at.catalog.index(&index).is_none() {
        return Vec::new();
    }
    let exclusive = at.options.each_major().filter(|major| major.0 < 12).collect::<Vec<_>>();
    let mut drafts = Vec::new();
    for (action, place) in &alter.actions {
        let Action::RenameTo(to) = action else { continue };
        let (table, shown) = (alter.kind != Kind::Index, at.shown(&index));
        if !table && exclusive.is_empty() {
            continue;
        }
        let lock = at.effect_on(&index, LockMode::AccessExclusive, "while it waits for its turn");
        let draft = at.draft_at(place, format!("the queries that use {shown} wait for this"));
        drafts.push(match table {
            true => draft
                .effect(lock)
                .rewrite(Rewrite::this(format!("alter index {shown} rename to {};", Quoted(to)))),
            false => {
                draft.effect(format!("{lock}{}", at.on(&exclusive))).advice("keep it alone in its migration")
            }
        });
    }
    drafts
}
