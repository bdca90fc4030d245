use super::adding::foreign_keys;
use super::{Check, Group, Rule};
use crate::engine::{At, Draft, Level};

pub(super) const RULE: Rule = Rule::new(
    Group::AddingColumns,
    Level::Error,
    "a column is added with a foreign key and a default: both tables are read while nobody can use the one",
    Check::UpAndDown(check),
)
.explained(
    "Every row gets the default, so PostgreSQL looks every one of them up in the other table, under \
     ACCESS EXCLUSIVE on the one and SHARE ROW EXCLUSIVE on the other. Add the column alone, the foreign \
     key as NOT VALID in a migration of its own (a moment), and validate it in another (nobody waits).",
    "measured on PostgreSQL 10 to 18",
)
.examples(
    "
--- 1_orders.sql
create table customers (id bigint primary key);
create table orders (id bigint primary key, status text);
--- 2_customer.sql
alter table orders add column customer_id bigint not null default 1 references customers (id);
--- 3_index.sql
create index concurrently orders_customer on orders (customer_id);
",
    "
--- 1_orders.sql
create table customers (id bigint primary key);
create table orders (id bigint primary key, status text);
--- 2_customer.sql
alter table orders add column customer_id bigint not null default 1;
--- 3_index.sql
create index concurrently orders_customer on orders (customer_id);
--- 4_key.sql
alter table orders add constraint orders_customer_id_fkey foreign key (customer_id) references customers (id) not valid;
--- 5_validate.sql
alter table orders validate constraint orders_customer_id_fkey;
",
);

fn check(at: &At<'_>) -> Vec<Draft> {
    let keys = foreign_keys(at).into_iter().filter(|(one, ..)| !one.scanning(at).is_empty());
    let drafts = keys.map(|(one, constraint, to)| {
        let (table, other) = (at.shown(&one.table), at.shown(&to));
        let message = format!("every row of {table} is looked up in {other} while nobody can use {table}");
        one.key_locks(at, (constraint, &to), message, "while both tables are read")
    });
    drafts.collect()
}
