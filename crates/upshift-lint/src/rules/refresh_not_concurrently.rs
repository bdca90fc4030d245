use super::{Check, Group, Rule};
use crate::engine::{At, Draft, Level, Rewrite};
use crate::statement::{ExpressionKind, LockMode, Manner, Name, Statement};

pub(super) const RULE: Rule = Rule::new(
    Group::Tables,
    Level::Error,
    "a materialized view is refreshed while nobody can read it",
    Check::UpAndDown(check),
)
.explained(
    "REFRESH MATERIALIZED VIEW holds ACCESS EXCLUSIVE of the view for as long as its query runs. CONCURRENTLY lets \
     readers go on; it needs a unique index over plain columns, without WHERE. A view that was made in this migration, \
     or WITH NO DATA, has no readers yet.",
    "manual, REFRESH MATERIALIZED VIEW; measured on 10 to 18",
)
.examples(
    "
--- 1_sales.sql
create table orders (id bigint primary key, total bigint);
create materialized view sales as select id, total from orders;
create unique index sales_id on sales (id);
--- 2_refresh.sql
refresh materialized view sales;
",
    "
--- 1_sales.sql
create table orders (id bigint primary key, total bigint);
create materialized view sales as select id, total from orders;
create unique index sales_id on sales (id);
refresh materialized view sales;
--- 2_refresh.sql
refresh materialized view concurrently sales;
",
);

fn check(at: &At<'_>) -> Vec<Draft> {
    let Statement::RefreshMaterializedView { name, manner: Manner::Blocking, .. } = at.statement else {
        return Vec::new();
    };
    if at.is_unseen(name) {
        return Vec::new();
    }
    let draft = at.draft(format!("nobody can read {name} while its query runs")).effect(at.effect_on(
        &at.catalog.resolve(name),
        LockMode::AccessExclusive,
        "while its query runs",
    ));
    vec![match can_be_concurrent(at, name) {
        true => draft.rewrite(Rewrite::this(format!("refresh materialized view concurrently {name};"))),
        false => draft.advice(format!(
            "give {name} a unique index over plain columns (CONCURRENTLY, in a migration before), and refresh it \
             CONCURRENTLY"
        )),
    }]
}

/// Whether it has a unique index over plain columns, of all its rows.
pub(super) fn can_be_concurrent(at: &At<'_>, view: &Name) -> bool {
    at.catalog.indexes_of(view).any(|(_, index)| {
        let plain = index.parts.iter().all(|part| matches!(part.kind, ExpressionKind::Column(_)));
        index.unique && index.predicate.is_none() && plain
    })
}
