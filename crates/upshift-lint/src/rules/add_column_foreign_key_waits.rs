use super::adding::foreign_keys;
use super::{Check, Group, Rule};
use crate::engine::{At, Draft, Level};

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
    // To its own table it has the stronger lock already: there is no second table to wait for.
    let keys = foreign_keys(at).into_iter();
    let keys = keys.filter(|(one, _, to)| *to != one.table && one.scanning(at).is_empty());
    let drafts = keys.map(|(one, constraint, to)| {
        let (table, other) = (at.shown(&one.table), at.shown(&to));
        let message = format!("nobody can use {table} while this waits for the writers of {other}");
        one.key_locks(at, (constraint, &to), message, "to the end of the transaction")
    });
    drafts.collect()
}
