use std::collections::BTreeSet;

use super::{Check, Group, Rule};
use crate::effect::Major;
use crate::engine::{At, Draft, Level};
use crate::statement::{LockMode, Name};

pub(super) const RULE: Rule = Rule::new(
    Group::Transactions,
    Level::Warning,
    "several tables that are in use are locked in one transaction",
    Check::Up(check),
)
.explained(
    "The first table stays locked while the migration waits for the second: the waits add up, and a service that uses \
     the two in the other order is a deadlock. One table a migration; each then waits for one lock only, and gives it \
     back at once.",
    "manual, 13.3.4 Deadlocks",
)
.examples(
    "
--- 1_tables.sql
create table orders (id bigint primary key);
create table customers (id bigint primary key);
--- 2_notes.sql
alter table orders add column note text;
alter table customers add column note text;
",
    "
--- 1_tables.sql
create table orders (id bigint primary key);
create table customers (id bigint primary key);
--- 2_orders.sql
alter table orders add column note text;
alter table orders add column total bigint;
--- 3_customers.sql
alter table customers add column note text;
",
);

fn check(at: &At<'_>) -> Vec<Draft> {
    if !at.runs_in_transaction() {
        return Vec::new();
    }
    let held = at.held.locks.iter().filter(|(name, (mode, _))| mode.blocks_reads() && is_whole(at, name));
    let held: BTreeSet<&Name> = held.map(|(name, _)| name).collect();
    let statements: BTreeSet<usize> =
        at.held.locks.values().filter(|(mode, _)| mode.blocks_reads()).map(|(_, by)| *by).collect();
    // Said once, at the second table; what one statement locks (a foreign key's two ends) is another rule's.
    if held.is_empty() || (held.len() > 1 && statements.len() > 1) {
        return Vec::new();
    }
    let newest = at.options.each_major().last().unwrap_or(Major(18));
    let taken = at.effects(newest).locks.iter().find(|(name, modes)| {
        modes.contains(&LockMode::AccessExclusive) && is_whole(at, name) && !held.contains(name)
    });
    let (Some((second, _)), Some(first)) = (taken, held.first()) else { return Vec::new() };
    vec![
        at.draft(format!("{} stays locked while this waits for {}", at.shown(first), at.shown(second)))
            .effect(at.effect_on(first, LockMode::AccessExclusive, "to the end of the transaction"))
            .rewrite(at.in_its_own(&format!("change_{}", second.name))),
    ]
}

/// Whether it is a table others use, and no partition of one.
fn is_whole(at: &At<'_>, name: &Name) -> bool {
    let table = at.catalog.table(name);
    table.is_some_and(|found| found.partition_of.is_none()) && !at.is_unseen(name)
}
