use super::indexing::on_table;
use super::{Check, Group, Rule};
use crate::engine::{At, Draft, Level, Rewrite};
use crate::statement::{CreateIndex, LockMode, Manner, Name, Quoted};

pub(super) const RULE: Rule = Rule::new(
    Group::Indexes,
    Level::Error,
    "an index of a partitioned table is built on every partition while nobody can write to any",
    Check::UpAndDown(check),
)
.explained(
    "CREATE INDEX on a partitioned table holds SHARE on it and on all partitions until the last index is \
     built; CONCURRENTLY is refused there. Create it ON ONLY the table (a moment; not valid yet), build \
     one CONCURRENTLY on each partition, and attach them: with the last one it becomes valid.",
    "manual, Declarative Partitioning, Best Practices; measured on PostgreSQL 10 to 18",
)
.examples(
    "
--- 1_orders.sql
create table orders (id bigint primary key, shop int) partition by range (id);
create table orders_1 partition of orders for values from (0) to (1000);
create table orders_2 partition of orders for values from (1000) to (2000);
--- 2_index.sql
create index orders_shop on orders (shop);
",
    "
--- 1_orders.sql
create table orders (id bigint primary key, shop int) partition by range (id);
create table orders_1 partition of orders for values from (0) to (1000);
create table orders_2 partition of orders for values from (1000) to (2000);
--- 2_index.sql
create index orders_shop on only orders (shop);
--- 3_build.sql
create index concurrently orders_1_shop on orders_1 (shop);
create index concurrently orders_2_shop on orders_2 (shop);
--- 4_attach.sql
alter index orders_shop attach partition orders_1_shop;
--- 5_attach.sql
alter index orders_shop attach partition orders_2_shop;
",
);

fn check(at: &At<'_>) -> Vec<Draft> {
    let Some((index, table)) = on_table(at) else { return Vec::new() };
    let partitioned = at.catalog.table(&table).is_some_and(|table| table.partition_by.is_some());
    if index.only || !partitioned {
        return Vec::new();
    }
    let shown = at.shown(&table);
    let draft = match index.manner {
        Manner::Concurrently => at.draft(format!(
            "{shown} is partitioned: PostgreSQL refuses \
            CONCURRENTLY there"
        )),
        Manner::Blocking => at
            .draft(format!("this is built on every partition while nobody can write to {shown}"))
            .effect(at.effect_on(
                &table,
                LockMode::Share,
                "and on every partition until the \
                last index is built",
            )),
    };
    vec![match one_by_one(at, index, &table) {
        Some(rewrite) => draft.rewrite(rewrite),
        None => draft.advice(format!(
            "create it ON ONLY {shown}, build one CONCURRENTLY on each partition, \
                and attach each: ALTER INDEX … ATTACH PARTITION"
        )),
    }]
}

/// ONLY the table here; its partitions one after the other. None where they are not known, or
/// partitioned themselves.
fn one_by_one(at: &At<'_>, index: &CreateIndex, table: &Name) -> Option<Rewrite> {
    let partitions: Vec<_> = at.catalog.children_of(table).collect();
    if partitions.is_empty() || partitions.iter().any(|(_, found)| found.partition_by.is_some()) {
        return None;
    }
    let name = index.name.clone().unwrap_or_else(|| at.catalog.name_for_index(table, &index.parts));
    let shown = at.shown(table);
    let unique = if index.unique { "unique " } else { "" };
    // From USING or the first parenthesis on, as it was written.
    let parts = index.parts.first()?;
    let text = at.text();
    let start = at.place.start;
    let open = text.get(..parts.range.start.checked_sub(start)?)?.rfind('(')?;
    let rest = text.get(open..)?;
    let method =
        if index.method == "btree" { String::new() } else { format!(" using {}", Quoted(&index.method)) };
    let (mut builds, mut attached) = (Vec::new(), Vec::new());
    for (partition, _) in partitions {
        let suffix = name.strip_prefix(&format!("{}_", table.name)).unwrap_or(&name);
        let own = at.beside(partition, suffix);
        builds.push(format!(
            "create {unique}index concurrently {} on \
            {}{method} {rest};",
            Quoted(&own.name),
            at.shown(partition)
        ));
        let parent = Name { name: name.clone(), ..shown.clone() };
        attached
            .push((format!("attach_{}", own.name), format!("alter index {parent} attach partition {own};")));
    }
    let here = format!("create {unique}index {} on only {shown}{method} {rest};", Quoted(&name));
    let rewrite = Rewrite::this(here).then(&format!("build_{name}"), builds.join("\n"));
    Some(attached.iter().fold(rewrite, |rewrite, (name, text)| rewrite.then(name, text)))
}
