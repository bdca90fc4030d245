use super::{Check, Group, Rule};
use crate::engine::{At, Draft, Level, Rewrite};
use crate::statement::{LockMode, Statement};

pub(super) const RULE: Rule = Rule::new(
    Group::Tables,
    Level::Error,
    "VACUUM FULL writes a table anew while nobody can read it",
    Check::UpAndDown(check),
)
.explained(
    "VACUUM FULL copies the table and builds every index again under ACCESS EXCLUSIVE. Plain VACUUM makes the space free \
     for new rows and blocks nobody. Where the files must shrink, pg_repack or pg_squeeze do it with a lock of a moment.",
    "manual, VACUUM; measured on 10 to 18",
)
.examples(
    "
--- 1_orders.sql
create table orders (id bigint primary key);
--- 2_vacuum.sql
vacuum full orders;
",
    "
--- 1_orders.sql
create table orders (id bigint primary key);
--- 2_vacuum.sql
vacuum analyze orders;
",
);

fn check(at: &At<'_>) -> Vec<Draft> {
    let Statement::Vacuum { tables, full: true } = at.statement else { return Vec::new() };
    if !tables.is_empty() && tables.iter().all(|table| at.is_unseen(table)) {
        return Vec::new();
    }
    let names: Vec<String> = tables.iter().map(ToString::to_string).collect();
    let first = tables.first();
    let which = if first.is_some() { names.join(", ") } else { "every table".to_owned() };
    let draft = at
        .draft(format!("{which} is written anew while nobody can read it"))
        .rewrite(Rewrite::this(format!("vacuum {};", names.join(", ")).replace(" ;", ";")));
    vec![match first {
        Some(first) => draft.effect(at.effect_on(
            &at.catalog.resolve(first),
            LockMode::AccessExclusive,
            "while every row and index is written anew",
        )),
        None => draft,
    }]
}
