use super::{Check, Group, Rule};
use crate::engine::{At, Draft, Level};
use crate::statement::{Action, LockMode, Quoted};

pub(super) const RULE: Rule = Rule::new(
    Group::Constraints,
    Level::Warning,
    "ALTER CONSTRAINT locks everybody out, for a moment",
    Check::UpAndDown(check),
)
.explained(
    "To add a foreign key takes SHARE ROW EXCLUSIVE; to ALTER one takes ACCESS EXCLUSIVE: readers wait, \
     too. Nothing is read (except where PostgreSQL 18 makes it ENFORCED: then every row is looked up), \
     but it waits for every query that runs. And a foreign key that becomes DEFERRABLE gives its error at \
     COMMIT, where code may not expect one.",
    "measured on PostgreSQL 10 to 18",
)
.examples(
    "
--- 1_orders.sql
create table customers (id bigint primary key);
create table orders (id bigint primary key, customer_id bigint references customers);
create index orders_customer on orders (customer_id);
--- 2_alter.sql
alter table orders alter constraint orders_customer_id_fkey deferrable;
",
    "
--- 1_orders.sql
create table customers (id bigint primary key);
create table orders (id bigint primary key, customer_id bigint references customers deferrable);
create index orders_customer on orders (customer_id);
alter table orders alter constraint orders_customer_id_fkey deferrable initially deferred;
",
);

fn check(at: &At<'_>) -> Vec<Draft> {
    let Some((alter, table)) = at.altered() else { return Vec::new() };
    let altered = alter.actions.iter().filter_map(|(action, place)| match action {
        Action::AlterConstraint(name) => Some((name, place)),
        _ => None,
    });
    let drafts = altered.map(|(name, place)| {
        let words = at.text_of(place).to_ascii_lowercase();
        let enforced = words.contains(" enforced") && !words.contains("not enforced");
        let during = if enforced { "while every row is looked up" } else { "to the end of the transaction" };
        at.draft_at(place, format!("{} is altered: readers of {} wait, too", Quoted(name), at.shown(&table)))
            .effect(at.effect_on(&table, LockMode::AccessExclusive, during))
            .advice("keep it alone in its migration, so that the lock is held for a moment; allow it there")
    });
    drafts.collect()
}
