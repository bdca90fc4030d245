use super::{Check, Group, Rule};
use crate::engine::{At, Draft, Level};
use crate::statement::{Action, ConstraintKind, Dependants, LockMode, Name, Quoted};

pub(super) const RULE: Rule = Rule::new(
    Group::Constraints,
    Level::Error,
    "a primary key or UNIQUE is dropped that foreign keys refer to",
    Check::UpAndDown(check),
)
.explained(
    "Without CASCADE PostgreSQL refuses it. With CASCADE the foreign keys of other tables go as well, \
     without a word, and each of those tables is locked with ACCESS EXCLUSIVE beside this one. To change \
     a key, build the new index CONCURRENTLY, add the new constraint USING INDEX, move the foreign keys \
     over one by one (NOT VALID, VALIDATE), and drop the old key last.",
    "measured on PostgreSQL 10 to 18",
)
.examples(
    "
--- 1_orders.sql
create table customers (id bigint primary key);
create table orders (id bigint primary key, customer_id bigint references customers);
create index orders_customer on orders (customer_id);
--- 2_drop.sql
-- upshift: phase contract
alter table customers drop constraint customers_pkey cascade;
",
    "
--- 1_orders.sql
create table customers (id bigint primary key, code text unique);
create table orders (id bigint primary key, customer_id bigint references customers);
create index orders_customer on orders (customer_id);
--- 2_drop.sql
-- upshift: phase contract
alter table customers drop constraint customers_code_key;
",
);

fn check(at: &At<'_>) -> Vec<Draft> {
    let Some((alter, table)) = at.altered() else { return Vec::new() };
    let mut drafts = Vec::new();
    for (action, place) in &alter.actions {
        let Action::DropConstraint { name, dependants, .. } = action else { continue };
        let referring = referring(at, &table, name);
        let (Some((first, key)), shown) = (referring.first(), at.shown(&table)) else { continue };
        let (key, first) = (Quoted(key), at.shown(first));
        let draft = match dependants {
            Dependants::Refuse => at.draft_at(
                place,
                format!(
                    "the foreign key {key} of {first} refers to it: \
                PostgreSQL refuses this"
                ),
            ),
            Dependants::Drop => {
                let tables: Vec<String> =
                    referring.iter().map(|(table, _)| at.shown(table).to_string()).collect();
                at.draft_at(place, format!("the foreign key {key} of {first} goes with it")).effect(format!(
                    "{}; the same on {}",
                    at.effect_on(&table, LockMode::AccessExclusive, "to the end of the transaction"),
                    tables.join(", ")
                ))
            }
        };
        drafts.push(draft.advice(format!(
            "move what refers to {shown} over to another key first, one foreign \
            key a migration"
        )));
    }
    drafts
}

/// The foreign keys that refer to what a constraint makes unique: table and name of each.
pub(super) fn referring<'a>(at: &At<'a>, table: &Name, constraint: &str) -> Vec<(&'a Name, &'a str)> {
    let index = at
        .catalog
        .table(table)
        .and_then(|known| known.constraint(constraint))
        .and_then(|one| one.index.as_ref());
    let Some(index) = index.and_then(|index| at.catalog.index(index)) else { return Vec::new() };
    let mut unique: Vec<&str> = index.leading_columns();
    unique.sort_unstable();
    let refers = at.catalog.references_to(table).filter(|(from, one)| {
        let ConstraintKind::ForeignKey(key) = &one.kind else { return false };
        let mut columns: Vec<&str> = key.references.iter().map(String::as_str).collect();
        columns.sort_unstable();
        columns == unique && *from != table
    });
    refers.map(|(from, one)| (from, one.name.as_str())).collect()
}
