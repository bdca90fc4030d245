use super::constraining::constrained;
use super::referring::in_statement;
use super::{Check, Group, Rule};
use crate::engine::{At, Draft, Level};
use crate::statement::{LockMode, Name, Statement};
use std::collections::BTreeSet;

pub(super) const RULE: Rule = Rule::new(
    Group::Constraints,
    Level::Warning,
    "one transaction adds foreign keys between several tables: each is locked until the last is there",
    Check::Up(check),
)
.explained(
    "ADD FOREIGN KEY takes SHARE ROW EXCLUSIVE on both tables and keeps it to the end of the transaction. \
     Whoever writes to the same tables in another order waits for us while we wait for him: a deadlock, \
     and PostgreSQL ends one of the two. One foreign key a migration locks two tables for a moment.",
    "manual, Explicit Locking, Deadlocks; measured on PostgreSQL 10 to 18",
)
.examples(
    "
--- 1_orders.sql
create table customers (id bigint primary key);
create table shops (id bigint primary key);
create table orders (id bigint primary key, customer_id bigint, shop_id bigint, total bigint);
create index orders_customer on orders (customer_id);
create index orders_shop on orders (shop_id);
--- 2_keys.sql
alter table orders add constraint orders_customer_fkey foreign key (customer_id) references customers not valid;
alter table orders add constraint orders_shop_fkey foreign key (shop_id) references shops not valid;
",
    "
--- 1_orders.sql
create table customers (id bigint primary key);
create table shops (id bigint primary key);
create table orders (id bigint primary key, customer_id bigint, shop_id bigint, total bigint);
create index orders_customer on orders (customer_id);
create index orders_shop on orders (shop_id);
--- 2_key.sql
alter table orders add constraint orders_customer_fkey foreign key (customer_id) references customers not valid;
--- 3_key.sql
alter table orders add constraint orders_shop_fkey foreign key (shop_id) references shops not valid;
--- 4_lines.sql
create table lines (id bigint primary key, order_id bigint references orders, shop_id bigint references shops);
create index lines_order on lines (order_id);
create index lines_shop on lines (shop_id);
",
);

fn check(at: &At<'_>) -> Vec<Draft> {
    let own: Vec<_> = constrained(at).into_iter().filter(|one| one.foreign_key().is_some()).collect();
    // A statement without one is no second pair, and what stands before it need not be looked at.
    if own.is_empty() || !at.runs_in_transaction() {
        return Vec::new();
    }
    // Said once, where the second pair of tables comes in.
    let mut locked: BTreeSet<Name> = BTreeSet::new();
    for tables in at.before().flat_map(|statement| locked_by(at, statement)) {
        let before = locked.len();
        locked.extend(tables);
        if before > 0 && locked.len() > before {
            return Vec::new();
        }
    }
    let mut drafts = Vec::new();
    for one in own {
        let Some(key) = one.foreign_key() else { continue };
        let before = locked.len();
        locked.extend(
            [&one.table, &at.catalog.resolve(&key.table)]
                .into_iter()
                .filter(|table| !at.is_unseen(table))
                .cloned(),
        );
        if before == 0 || locked.len() <= before {
            continue;
        }
        let names = locked.iter().map(|name| at.shown(name).to_string()).collect::<Vec<_>>().join(", ");
        drafts.push(
            at.draft_at(
                one.place,
                format!(
                    "from here on nobody can write to {names} until the \
                transaction ends"
                ),
            )
            .effect(at.effect_on(&one.table, LockMode::ShareRowExclusive, "to the end of the transaction"))
            .rewrite(one.on_its_own(at)),
        );
    }
    drafts.truncate(1);
    drafts
}

/// The tables that others use and that a statement locks to add foreign keys to a table that others use,
/// key by key.
fn locked_by(at: &At<'_>, statement: &Statement) -> Vec<Vec<Name>> {
    if !matches!(statement, Statement::AlterRelation(_)) {
        return Vec::new();
    }
    let keys =
        in_statement(statement).into_iter().filter(|one| !at.is_unseen(&at.catalog.resolve(one.table)));
    let both = keys.map(|one| [at.catalog.resolve(one.table), at.catalog.resolve(&one.key.table)]);
    both.map(|tables| tables.into_iter().filter(|table| !at.is_unseen(table)).collect()).collect()
}
