use super::{Check, Group, Rule};
use crate::engine::{At, Draft, Level};
use crate::statement::{Kind, LockMode, Statement};

pub(super) const RULE: Rule = Rule::new(
    Group::Tables,
    Level::Off,
    "COMMENT ON waits behind VACUUM and CREATE INDEX CONCURRENTLY",
    Check::UpAndDown(check),
)
.explained(
    "It takes SHARE UPDATE EXCLUSIVE of the table: nobody who reads or writes waits, but the comment waits for a VACUUM \
     or an index that is being built, hours at times, and then the migration gives up. Off unless asked for.",
    "measured on 10 to 18",
)
.examples(
    "
--- 1_orders.sql
create table orders (id bigint primary key);
--- 2_comment.sql
comment on table orders is 'what people bought';
",
    "
--- 1_orders.sql
create table orders (id bigint primary key);
comment on table orders is 'what people bought';
",
);

fn check(at: &At<'_>) -> Vec<Draft> {
    let Statement::Comment { kind, name, on } = at.statement else { return Vec::new() };
    let table = match kind {
        Kind::Table | Kind::MaterializedView => Some(name),
        Kind::Column => on.as_ref(),
        _ => None,
    };
    let Some(table) = table.filter(|table| !at.is_unseen(table)) else { return Vec::new() };
    vec![
        at.draft(format!("this waits for every VACUUM of {table}"))
            .effect(at.effect_on(
                &at.catalog.resolve(table),
                LockMode::ShareUpdateExclusive,
                "to the end of the transaction",
            ))
            .advice("say it where the table or column is made; or again later"),
    ]
}
