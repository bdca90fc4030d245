use super::constraining::constrained;
use super::{Check, Group, Rule};
use crate::engine::{At, Draft, Level};
use crate::statement::LockMode;

pub(super) const RULE: Rule = Rule::new(
    Group::Constraints,
    Level::Error,
    "a foreign key is added that looks up every row while nobody can write to either table",
    Check::UpAndDown(check),
)
.explained(
    "ADD FOREIGN KEY holds SHARE ROW EXCLUSIVE on both tables while it reads both: no INSERT, UPDATE or \
     DELETE in either. As NOT VALID it is a matter of a moment, and new rows must meet it at once; \
     VALIDATE CONSTRAINT, in a migration after, looks up the old rows while everybody goes on. On a \
     partitioned table PostgreSQL 13 to 17 refuse NOT VALID: there the key goes on each partition that \
     way, and then on the table, which takes those over.",
    "manual, ALTER TABLE, ADD table_constraint and Notes; measured on PostgreSQL 10 to 18",
)
.examples(
    "
--- 1_orders.sql
create table customers (id bigint primary key);
create table orders (id bigint primary key, customer_id bigint, total bigint);
create index orders_customer on orders (customer_id);
--- 2_key.sql
alter table orders add foreign key (customer_id) references customers (id);
",
    "
--- 1_orders.sql
create table customers (id bigint primary key);
create table orders (id bigint primary key, customer_id bigint, total bigint);
create index orders_customer on orders (customer_id);
--- 2_key.sql
alter table orders add constraint orders_customer_id_fkey foreign key (customer_id) references customers not valid;
--- 3_validate.sql
alter table orders validate constraint orders_customer_id_fkey;
--- 4_lines.sql
create table lines (id bigint primary key, order_id bigint);
create index lines_order on lines (order_id);
alter table lines add foreign key (order_id) references orders;
",
);

fn check(at: &At<'_>) -> Vec<Draft> {
    let mut drafts = Vec::new();
    for one in constrained(at).into_iter().filter(|one| one.looks_at_rows(at)) {
        let Some(key) = one.foreign_key() else { continue };
        let (table, to) = (at.shown(&one.table), at.catalog.resolve(&key.table));
        let other = at.shown(&to);
        let lock = at.effect_on(&one.table, LockMode::ShareRowExclusive, "while both tables are read");
        let draft = at
            .draft_at(
                one.place,
                format!(
                    "every row of {table} is looked up in {other} while nobody can \
                write to either"
                ),
            )
            .effect(format!("{lock}; the same on {other}"));
        let can_wait = !one.is_partitioned(at) || at.options.each_major().all(|major| major.0 >= 18);
        drafts.push(match can_wait {
            true => draft.rewrite(one.validated_later(at)),
            false => draft.advice(format!(
                "{table} is partitioned: add the foreign key to each partition as NOT VALID, \
                 validate it there in a migration \
                 after, then add it to {table}, which takes theirs over"
            )),
        });
    }
    drafts
}
