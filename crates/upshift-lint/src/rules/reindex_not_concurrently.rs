use super::{Check, Group, Rule};
use crate::engine::{At, Draft, Level, Rewrite};
use crate::statement::{Kind, LockMode, Manner, Name, Statement};

pub(super) const RULE: Rule = Rule::new(
    Group::Indexes,
    Level::Error,
    "REINDEX builds indexes anew while nobody can use them",
    Check::UpAndDown(check),
)
.explained(
    "REINDEX holds SHARE on the table (no INSERT, UPDATE or DELETE) and ACCESS EXCLUSIVE on each index: \
     even a SELECT waits, because to plan one locks every index of the table. CONCURRENTLY (from \
     PostgreSQL 12 on) builds the new one beside the old one. upshift runs it outside a transaction by \
     itself.",
    "manual, REINDEX; measured on PostgreSQL 10 to 18",
)
.examples(
    "
--- 1_orders.sql
create table orders (id bigint primary key, status text, total int, code varchar(20));
create index orders_status on orders (status);
--- 2_reindex.sql
reindex index orders_status;
",
    "
--- 1_orders.sql
create table orders (id bigint primary key, status text, total int, code varchar(20));
create index orders_status on orders (status);
--- 2_reindex.sql
reindex index concurrently orders_status;
",
);

fn check(at: &At<'_>) -> Vec<Draft> {
    let Statement::Reindex { kind, name, manner: Manner::Blocking } = at.statement else { return Vec::new() };
    let table = match (kind, name) {
        (Kind::Index, Some(name)) => at.catalog.index(name).map(|index| index.table.clone()),
        (Kind::Table, Some(name)) => Some(at.catalog.resolve(name)),
        _ => None,
    };
    if table.as_ref().is_some_and(|table: &Name| at.is_unseen(table)) {
        return Vec::new();
    }
    let whose = table.as_ref().map_or_else(|| "its tables".to_owned(), |table| at.shown(table).to_string());
    let draft = at.draft(format!("indexes of {whose} are built anew while nobody can use them"));
    let draft = match &table {
        Some(table) => draft.effect(format!(
            "{}; ACCESS EXCLUSIVE on the index: SELECT waits, too",
            at.effect_on(table, LockMode::Share, "while the whole table is read")
        )),
        None => draft,
    };
    vec![match kind {
        Kind::Index | Kind::Table | Kind::Schema | Kind::Database => draft
            .rewrite(Rewrite::this(at.with_word(&["index", "table", "schema", "database"], "concurrently"))),
        _ => draft.advice("REINDEX SYSTEM has no CONCURRENTLY: not while the service runs"),
    }]
}
