use super::{Check, Group, Rule, refresh_not_concurrently};
use crate::engine::{At, Draft, Level};
use crate::statement::{Manner, Statement};

pub(super) const RULE: Rule = Rule::new(
    Group::Tables,
    Level::Error,
    "a materialized view without a unique index cannot be refreshed CONCURRENTLY",
    Check::UpAndDown(check),
)
.explained(
    "REFRESH … CONCURRENTLY compares old and new rows by a unique index over plain columns, without WHERE; without one \
     it fails. The index can be built CONCURRENTLY.",
    "manual, REFRESH MATERIALIZED VIEW",
)
.examples(
    "
--- 1_sales.sql
create table orders (id bigint primary key, total bigint);
create materialized view sales as select id, total from orders;
--- 2_refresh.sql
refresh materialized view concurrently sales;
",
    "
--- 1_sales.sql
create table orders (id bigint primary key, total bigint);
create materialized view sales as select id, total from orders;
--- 2_index.sql
create unique index concurrently sales_id on sales (id);
--- 3_refresh.sql
refresh materialized view concurrently sales;
",
);

fn check(at: &At<'_>) -> Vec<Draft> {
    let Statement::RefreshMaterializedView { name, manner: Manner::Concurrently, .. } = at.statement else {
        return Vec::new();
    };
    let known = at.catalog.relation(name).is_some();
    if !known || refresh_not_concurrently::can_be_concurrent(at, name) {
        return Vec::new();
    }
    vec![
        at.draft(format!("{name} has no unique index over plain columns: this fails"))
            .advice(format!("create a unique index on {name} first, CONCURRENTLY")),
    ]
}
