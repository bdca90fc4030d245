use super::adding::foreign_keys;
use super::{Check, Group, Rule};
use crate::engine::{At, Draft, Level};
use crate::statement::{ConstraintKind, LockMode};

pub(super) const RULE: Rule = Rule::new(
    Group::AddingColumns,
    Level::Warning,
    "a column is added with a foreign key: readers wait while it waits for the writers of the other table",
    Check::UpAndDown(check),
)
.explained(
    "Nothing is read, but two tables are locked one after the other: this one with ACCESS EXCLUSIVE, then \
     the other with SHARE ROW EXCLUSIVE, which waits for every transaction that has written there. Until \
     it gets it (or the lock timeout ends it) nobody can read this table. In two migrations each takes \
     one lock for a moment: the column alone, then the foreign key as NOT VALID, which lets readers of \
     both go on.",
    "measured on PostgreSQL 10 to 18",
)
.examples(
    "
--- 1_orders.sql
create table customers (id bigint primary key);
create table orders (id bigint primary key, status text);
--- 2_customer.sql
alter table orders add column customer_id bigint references customers (id);
--- 3_index.sql
create index concurrently orders_customer on orders (customer_id);
",
    "
--- 1_orders.sql
create table customers (id bigint primary key);
create table orders (id bigint primary key, status text);
--- 2_customer.sql
alter table orders add column customer_id bigint;
--- 3_index.sql
create index concurrently orders_customer on orders (customer_id);
--- 4_key.sql
alter table orders add constraint orders_customer_id_fkey foreign key (customer_id) references customers (id) not valid;
--- 5_validate.sql
alter table orders validate constraint orders_customer_id_fkey;
--- 6_shops.sql
create table shops (id bigint primary key);
alter table orders add column shop_id bigint references shops (id);
create index orders_shop on shops (id, (id + 1));
--- 7_index.sql
create index concurrently orders_shop_id on orders (shop_id);
",
);

fn check(at: &At<'_>) -> Vec<Draft> {
    let keys = foreign_keys(at).into_iter().filter(|(one, _)| one.scanning(at).is_empty());
    let drafts = keys.filter_map(|(one, constraint)| {
        let ConstraintKind::ForeignKey(key) = &constraint.kind else { return None };
        let (table, to) = (at.shown(&one.table), at.catalog.resolve(&key.table));
        if to == one.table {
            // It has the stronger lock already: there is no second table to wait for.
            return None;
        }
        Some(
            at.draft_at(
                &constraint.place,
                format!(
                    "nobody can use {table} while this waits for \
                the writers of {}",
                    at.shown(&to)
                ),
            )
            .effect(format!(
                "{}; {}",
                at.effect_on(&one.table, LockMode::AccessExclusive, "to the end of the transaction"),
                at.effect_on(&to, LockMode::ShareRowExclusive, "")
            ))
            .rewrite(one.key_apart(at, constraint)),
        )
    });
    drafts.collect()
}
