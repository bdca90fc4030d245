use super::referring::referring;
use super::{Check, Group, Rule};
use crate::catalog::{Catalog, Type};
use crate::engine::{Draft, InMigration, Level};
use crate::statement::{ConstraintKind, Quoted, TypeName};

pub(super) const RULE: Rule = Rule::new(
    Group::Constraints,
    Level::Warning,
    "a foreign key is of another type than what it refers to",
    Check::Migration(check),
)
.explained(
    "The check and every join cast one side. An `integer` that refers to a `bigint` is full at \
     2,147,483,647, when the other table goes on; text against varchar is the same type to an index and \
     is not meant here. Give both sides the same type while the table is young: to change it later writes \
     the table anew.",
    "manual, Constraints, Foreign Keys",
)
.examples(
    "
--- 1_orders.sql
create table customers (id bigint primary key);
create table orders (id bigint primary key, customer_id integer references customers);
create index orders_customer on orders (customer_id);
",
    "
--- 1_orders.sql
create table customers (id bigserial primary key, code varchar(10) unique);
create table orders (id bigint primary key, customer_id bigint references customers, code text references customers (code));
create index orders_customer on orders (customer_id);
create index orders_code on orders (code);
",
);

fn check(migration: &InMigration<'_>) -> Vec<Draft> {
    let mut drafts = Vec::new();
    for one in referring(migration) {
        let Some(found) = one.in_catalog(migration.after) else { continue };
        let ConstraintKind::ForeignKey(key) = &found.kind else { continue };
        for (own, other) in key.columns.iter().zip(&key.references) {
            let column = migration.after.column(one.table, own);
            let (Some(column), Some(referred)) = (column, migration.after.column(&key.table, other)) else {
                continue;
            };
            let (own_type, other_type) = (&column.type_name, &referred.type_name);
            if family(migration.after, own_type) == family(migration.after, other_type) {
                continue;
            }
            let (own, other) = (Quoted(own), Quoted(other));
            drafts.push(
                migration
                    .draft_at(
                        one.place,
                        format!(
                            "{own} is {own_type}, and {}.{other}, which it refers \
                        to, {other_type}",
                            one.key.table
                        ),
                    )
                    .advice(format!("make {own} {other_type}, too")),
            );
        }
    }
    drafts
}

/// What counts as one type to an index, without modifiers; below a domain its own type.
fn family(catalog: &Catalog, of: &TypeName) -> (String, usize) {
    let mut of = of.clone();
    for _ in 0..8 {
        let Some(Type::Domain(domain)) = catalog.type_of(&of) else { break };
        of = domain.base.clone();
    }
    let name = if of.is("character varying") { "text".to_owned() } else { of.name.name };
    (name, of.dimensions)
}
