use super::{Check, Group, Rule};
use crate::engine::{Draft, InMigration, Level};
use upshift_files::{Body, Down};

pub(super) const RULE: Rule = Rule::new(
    Group::Rollback,
    Level::Off,
    "a migration has no down, and does not say that this is on purpose",
    Check::Migration(check),
)
.explained(
    "At 3 am `down` stops at this migration, and nobody knows whether it was forgotten. Write the down, or say that there \
     is none: `-- upshift: irreversible because …`. Off unless asked for: many teams only ever go forward.",
    "docs/migration-files.md",
)
.examples(
    "
--- 1_orders.sql
create table orders (id bigint primary key);
",
    "
--- 1_orders.sql
create table orders (id bigint primary key);
-- upshift: down
drop table orders;
--- 2_customers.sql
-- upshift: irreversible because the table is what the service is about
create table customers (id bigint primary key);
",
);

fn check(migration: &InMigration<'_>) -> Vec<Draft> {
    let sql = matches!(migration.migration.up(), Body::Sql(_));
    let missing =
        matches!(migration.migration.down(), Down::Absent) && migration.migration.version().is_some();
    match sql && missing {
        true => vec![migration.draft("this migration has no down, and does not say why")],
        false => Vec::new(),
    }
}
