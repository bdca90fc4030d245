use super::constraining::constrained;
use super::{Check, Group, Rule};
use crate::effect::Major;
use crate::engine::{At, Draft, Level, Rewrite};
use crate::statement::{Quoted, Validity};

pub(super) const RULE: Rule = Rule::new(
    Group::Constraints,
    Level::Error,
    "a foreign key of a partitioned table is NOT VALID: PostgreSQL 17 and older refuse it",
    Check::UpAndDown(check),
)
.explained(
    "\"cannot add NOT VALID foreign key on partitioned table\". From PostgreSQL 18 on it works, and takes \
     SHARE ROW EXCLUSIVE on the table, all its partitions and the other table for a moment. Before, add \
     it to each partition as NOT VALID, validate it there in a migration after, then add it to the table, \
     which takes theirs over.",
    "measured on PostgreSQL 10 to 18",
)
.examples(
    "
--- 1_orders.sql
create table customers (id bigint primary key);
create table orders (id bigint primary key, customer_id bigint) partition by range (id);
create table orders_1 partition of orders for values from (0) to (1000);
create index orders_customer on orders (customer_id);
--- 2_key.sql
alter table orders add constraint orders_customer_fkey foreign key (customer_id) references customers not valid;
",
    "
--- 1_orders.sql
create table customers (id bigint primary key);
create table orders (id bigint primary key, customer_id bigint) partition by range (id);
create table orders_1 partition of orders for values from (0) to (1000);
create index orders_customer on orders (customer_id);
--- 2_key.sql
alter table orders_1 add constraint orders_customer_fkey foreign key (customer_id) references customers not valid;
--- 3_validate.sql
alter table orders_1 validate constraint orders_customer_fkey;
",
);

fn check(at: &At<'_>) -> Vec<Draft> {
    let refusing: Vec<Major> = at.options.each_major().filter(|major| major.0 < 18).collect();
    let mut drafts = Vec::new();
    for one in constrained(at) {
        let not_valid = one.foreign_key().is_some() && one.constraint.validity == Validity::NotValid;
        if !not_valid || !one.is_partitioned(at) || refusing.is_empty() {
            continue;
        }
        let (table, name) = (at.shown(&one.table), one.name(at));
        let partitions: Vec<_> = at.catalog.children_of(&one.table).map(|(name, _)| at.shown(name)).collect();
        let each = |what: &str| {
            partitions
                .iter()
                .map(|partition| format!("alter table {partition} {what};"))
                .collect::<Vec<_>>()
                .join("\n")
        };
        let draft = at.draft_at(
            one.place,
            format!(
                "{table} is partitioned: PostgreSQL refuses a foreign key \
                that is NOT VALID{}",
                at.on(&refusing)
            ),
        );
        drafts.push(match one.alter.actions.len() == 1 && !partitions.is_empty() {
            true => draft
                .rewrite(Rewrite::this(each(&one.named(at))).then(
                    &format!("validate_{name}"),
                    each(&format!("validate constraint {}", Quoted(&name))),
                ))
                .advice(format!("then add it to {table} itself, which takes over what its partitions have")),
            false => draft.advice(format!(
                "add it to each partition of {table} as NOT VALID, validate it there, then add it to {table}"
            )),
        });
    }
    drafts
}
