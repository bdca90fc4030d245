use super::referring::in_statement;
use super::{Check, Group, Rule};
use crate::engine::{At, Draft, Level};
use crate::statement::{LockMode, Statement};

pub(super) const RULE: Rule = Rule::new(
    Group::Constraints,
    Level::Off,
    "a new table refers to one that others write to",
    Check::Up(check),
)
.explained(
    "CREATE TABLE … REFERENCES takes SHARE ROW EXCLUSIVE on the other table: it waits for every \
     transaction that has written there, and writers wait behind it. Nothing is read, and upshift gives \
     up after the lock timeout and tries again, so this is off: ask for it where a table is written all \
     the time and even two seconds matter. Then make the table without, and add the foreign key in a \
     migration of its own.",
    "measured on PostgreSQL 10 to 18",
)
.examples(
    "
--- 1_customers.sql
create table customers (id bigint primary key);
--- 2_orders.sql
create table orders (id bigint primary key, customer_id bigint references customers);
create index orders_customer on orders (customer_id);
",
    "
--- 1_customers.sql
create table customers (id bigint primary key);
create table shops (id bigint primary key, customer_id bigint references customers);
create index shops_customer on shops (customer_id);
",
);

fn check(at: &At<'_>) -> Vec<Draft> {
    if !matches!(at.statement, Statement::CreateTable(_)) {
        return Vec::new();
    }
    let old = in_statement(at.statement).into_iter().filter(|one| {
        at.catalog.resolve(one.table) != at.catalog.resolve(&one.key.table)
            && !at.is_unseen(&at.catalog.resolve(&one.key.table))
    });
    let drafts = old.map(|one| {
        let to = at.catalog.resolve(&one.key.table);
        at.draft_at(one.place, format!("this waits for everybody who has written to {}", at.shown(&to)))
            .effect(at.effect_on(&to, LockMode::ShareRowExclusive, "to the end of the transaction"))
            .advice("make the table without it, and add the foreign key in a migration of its own")
    });
    drafts.collect()
}
