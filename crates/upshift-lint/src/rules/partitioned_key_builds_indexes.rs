use super::constraining::{Constrained, constrained};
use super::{Check, Group, Rule};
use crate::engine::{At, Draft, Level, Rewrite};
use crate::statement::{ConstraintKind, LockMode, Name, Quoted};

pub(super) const RULE: Rule = Rule::new(
    Group::Constraints,
    Level::Error,
    "a UNIQUE or PRIMARY KEY is added to a partitioned table: an index is built on every partition at once",
    Check::UpAndDown(check),
)
.explained(
    "The table is held with ACCESS EXCLUSIVE to the end, its partitions with SHARE up to PostgreSQL 17 \
     and with ACCESS EXCLUSIVE from 18 on, until the last index is built. Add the constraint to the table \
     ONLY (a moment), build a unique index CONCURRENTLY on each partition, make it the constraint there, \
     and attach it: with the last one the constraint of the table becomes valid.",
    "manual, Declarative Partitioning, Best Practices; measured on PostgreSQL 10 to 18",
)
.examples(
    "
--- 1_orders.sql
create table orders (id bigint primary key, shop int) partition by range (id);
create table orders_1 partition of orders for values from (0) to (1000);
create table orders_2 partition of orders for values from (1000) to (2000);
--- 2_key.sql
alter table orders add unique (id, shop);
",
    "
--- 1_orders.sql
create table orders (id bigint primary key, shop int) partition by range (id);
create table orders_1 partition of orders for values from (0) to (1000);
create table orders_2 partition of orders for values from (1000) to (2000);
--- 2_key.sql
alter table only orders add constraint orders_id_shop_key unique (id, shop);
--- 3_build.sql
create unique index concurrently orders_1_id_shop_key on orders_1 (id, shop);
create unique index concurrently orders_2_id_shop_key on orders_2 (id, shop);
--- 4_attach.sql
alter table orders_1 add constraint orders_1_id_shop_key unique using index orders_1_id_shop_key;
alter index orders_id_shop_key attach partition orders_1_id_shop_key;
--- 5_attach.sql
alter table orders_2 add constraint orders_2_id_shop_key unique using index orders_2_id_shop_key;
alter index orders_id_shop_key attach partition orders_2_id_shop_key;
",
);

fn check(at: &At<'_>) -> Vec<Draft> {
    let mut drafts = Vec::new();
    for one in constrained(at) {
        let Some(columns) = one.key_columns() else { continue };
        if !one.is_partitioned(at) || one.alter.only || !one.looks_at_rows(at) {
            continue;
        }
        let table = at.shown(&one.table);
        let draft = at
            .draft_at(
                one.place,
                format!(
                    "an index is built on every partition of {table} while \
                nobody can use it"
                ),
            )
            .effect(at.effect_on(
                &one.table,
                LockMode::AccessExclusive,
                "until the index of its last \
                partition is built",
            ));
        drafts.push(match one_by_one(at, &one, columns) {
            Some(rewrite) => draft.rewrite(rewrite),
            None => draft.advice(format!(
                "add it to {table} ONLY; then for each partition build a unique index \
                 CONCURRENTLY, add the constraint USING \
                 INDEX, and attach it: ALTER INDEX … ATTACH PARTITION"
            )),
        });
    }
    drafts
}

/// ONLY the table here; its partitions one after the other. None where they are not known, or
/// partitioned themselves.
fn one_by_one(at: &At<'_>, one: &Constrained<'_>, columns: &[String]) -> Option<Rewrite> {
    let partitions: Vec<(&Name, bool)> = at
        .catalog
        .children_of(&one.table)
        .map(|(name, table)| (name, table.partition_by.is_some()))
        .collect();
    if partitions.is_empty()
        || partitions.iter().any(|(_, partitioned)| *partitioned)
        || one.alter.actions.len() > 1
    {
        return None;
    }
    let (table, name) = (at.shown(&one.table), one.name(at));
    let unique = matches!(one.constraint.kind, ConstraintKind::Unique(_));
    let (key, suffix) = if unique {
        ("unique", format!("{}_key", columns.join("_")))
    } else {
        ("primary key", "pkey".to_owned())
    };
    let columns = columns.iter().map(|column| Quoted(column).to_string()).collect::<Vec<_>>().join(", ");
    let parent = Name { name: name.clone(), ..table.clone() };
    let mut builds = Vec::new();
    let mut attached = Vec::new();
    for (partition, _) in partitions {
        let (shown, index) = (at.shown(partition), at.beside(partition, &suffix));
        let own = Quoted(&index.name);
        builds.push(format!("create unique index concurrently {own} on {shown} ({columns});"));
        attached.push((
            format!("attach_{}", index.name),
            format!(
                "alter table {shown} add constraint {own} {key} using index {own};\n\
                 alter index {parent} attach partition {index};"
            ),
        ));
    }
    let only = format!("alter table only {table} {};", one.named(at));
    let rewrite = Rewrite::this(only).then(&format!("build_{name}"), builds.join("\n"));
    Some(attached.iter().fold(rewrite, |rewrite, (name, text)| rewrite.then(name, text)))
}
