use super::retyping::retyped;
use super::{Check, Group, Rule};
use crate::engine::{At, Draft, Level};
use crate::statement::{LockMode, Quoted};

pub(super) const RULE: Rule = Rule::new(
    Group::ChangingColumns,
    Level::Error,
    "a type or collation is changed: indexes are built anew or CHECKs tried while nobody can use the table",
    Check::UpAndDown(check),
)
.explained(
    "The rows stay as they are, but an index depends on how values compare: with another COLLATE every \
     index that has the column is dropped and built again, and every CHECK over it is tried on every row, \
     under ACCESS EXCLUSIVE. Add a column with the new collation beside the old one; or, where only an \
     index must sort otherwise, build one CONCURRENTLY that says so: `(name collate \"C\")`.",
    "measured on PostgreSQL 10 to 18",
)
.examples(
    "
--- 1_orders.sql
create table orders (id bigint primary key, status text, total int, code varchar(20));
create index orders_status on orders (status);
--- 2_collation.sql
alter table orders alter column status type text collate \"C\";
",
    "
--- 1_orders.sql
create table orders (id bigint primary key, status text, total int, code varchar(20));
create index orders_status on orders (status);
--- 2_index.sql
create index concurrently orders_status_c on orders (status collate \"C\");
--- 3_collation.sql
alter table orders alter column code type varchar(40) collate \"C\";
",
);

fn check(at: &At<'_>) -> Vec<Draft> {
    let Some((_, table)) = at.altered() else { return Vec::new() };
    let mut drafts = Vec::new();
    for one in retyped(at) {
        let majors = one.scanning(at);
        let built = one.rebuilding(at);
        let indexes: Vec<String> = built.iter().map(|name| Quoted(&name.name).to_string()).collect();
        let checked = at.catalog.table(&table).is_some_and(|known| {
            known.constraints.iter().any(|constraint| match &constraint.kind {
                crate::statement::ConstraintKind::Check(check) => {
                    check.columns().any(|used| used == one.column)
                }
                _ => false,
            })
        });
        if majors.is_empty() || indexes.is_empty() && !checked {
            continue;
        }
        let (shown, column) = (at.shown(&table), Quoted(one.column));
        let what = match indexes.is_empty() {
            true => format!("every CHECK over {column} is tried on every row"),
            false => format!(
                "{} built anew",
                if let [only] = indexes.as_slice() {
                    format!("{only} is")
                } else {
                    format!("{} are", indexes.join(", "))
                }
            ),
        };
        let lock = at.effect_on(&table, LockMode::AccessExclusive, "while the whole table is read");
        drafts.push(
            at.draft_at(one.place, format!("{what} while nobody can use {shown}"))
                .effect(format!("{lock}{}", at.on(&majors)))
                .advice(format!(
                    "add a column beside {column} and switch over; or drop the indexes \
                    CONCURRENTLY before, and build them CONCURRENTLY after"
                )),
        );
    }
    drafts
}
