use super::{Check, Group, Rule};
use crate::engine::{At, Draft, Level, Rewrite};
use crate::statement::{Manner, Quoted, Statement, WhenExisting};

pub(super) const RULE: Rule = Rule::new(
    Group::Indexes,
    Level::Warning,
    "CREATE INDEX CONCURRENTLY IF NOT EXISTS takes an INVALID index of that name for the index",
    Check::UpAndDown(check),
)
.explained(
    "A CONCURRENTLY that failed leaves an index that no query uses, and where it is UNIQUE that keeps \
     nobody out for certain. IF NOT EXISTS looks at the name alone and says \"skipping\". upshift drops \
     what its own failed attempt left; it does not know of the attempt of another tool, or of a person. \
     Leave IF NOT EXISTS out: where there is one of that name, it should be looked at.",
    "manual, CREATE INDEX, Building Indexes Concurrently; measured on PostgreSQL 10 to 18",
)
.examples(
    "
--- 1_orders.sql
create table orders (id bigint primary key, status text, total int, code varchar(20));
--- 2_index.sql
create index concurrently if not exists orders_status on orders (status);
",
    "
--- 1_orders.sql
create table orders (id bigint primary key, status text, total int, code varchar(20));
--- 2_index.sql
create index concurrently orders_status on orders (status);
--- 3_lines.sql
create table lines (id bigint primary key, code text);
create index if not exists lines_code on lines (code);
",
);

fn check(at: &At<'_>) -> Vec<Draft> {
    let Statement::CreateIndex(index) = at.statement else { return Vec::new() };
    let there = super::create_index_there_already::is_there(at, index, &at.catalog.resolve(&index.table));
    if index.manner != Manner::Concurrently || index.existing != WhenExisting::Skip || there {
        return Vec::new();
    }
    let name = index.name.as_deref().unwrap_or("");
    vec![
        at.draft(format!("an INVALID index {} would be taken for this one", Quoted(name)))
            .rewrite(Rewrite::this(at.spliced(&["index"], "if not exists", ""))),
    ]
}
