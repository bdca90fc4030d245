use super::indexing::on_table;
use super::{Check, Group, Rule};
use crate::engine::{At, Draft, Level};
use crate::statement::{CreateIndex, LockMode, Manner, Name, Quoted, WhenExisting};

pub(super) const RULE: Rule = Rule::new(
    Group::Indexes,
    Level::Warning,
    "CREATE INDEX IF NOT EXISTS of an index that is there already: it does nothing but lock",
    Check::Up(check),
)
.explained(
    "An earlier migration of the set has made an index of this name. The statement builds nothing (not \
     even where what it says is another index), but takes SHARE on the table all the same: it waits for \
     every transaction that has written there, and writers wait behind it.",
    "measured on PostgreSQL 10 to 18",
)
.examples(
    "
--- 1_orders.sql
create table orders (id bigint primary key, status text, total int, code varchar(20));
create index orders_status on orders (status);
--- 2_again.sql
create index if not exists orders_status on orders (status);
",
    "
--- 1_orders.sql
create table orders (id bigint primary key, status text, total int, code varchar(20));
create index orders_status on orders (status);
--- 2_code.sql
create index concurrently orders_code on orders (code);
",
);

fn check(at: &At<'_>) -> Vec<Draft> {
    let Some((index, table)) = on_table(at).filter(|(index, table)| is_there(at, index, table)) else {
        return Vec::new();
    };
    let mode =
        if index.manner == Manner::Concurrently { LockMode::ShareUpdateExclusive } else { LockMode::Share };
    let name = index.name.as_deref().unwrap_or("");
    vec![
        at.draft(format!("the index {} of {} is there already", Quoted(name), at.shown(&table)))
            .effect(at.effect_on(&table, mode, "for nothing"))
            .advice("leave the statement out"),
    ]
}

/// Whether it is skipped, as far as the migrations tell.
pub(super) fn is_there(at: &At<'_>, index: &CreateIndex, table: &Name) -> bool {
    let name = index.name.as_ref().map(|name| Name { schema: table.schema.clone(), name: name.clone() });
    index.existing == WhenExisting::Skip && name.is_some_and(|name| at.catalog.relation(&name).is_some())
}
