use super::indexing::on_table;
use super::{Check, Group, Rule};
use crate::engine::{At, Draft, Level};
use crate::statement::{ExpressionKind, Statement};

pub(super) const RULE: Rule = Rule::new(
    Group::Indexes,
    Level::Off,
    "an index over an expression has no statistics until the next ANALYZE",
    Check::Up(check),
)
.explained(
    "Of a column the planner knows how many values there are; of an expression only once it is indexed \
     and the table was analyzed again. Autovacuum does that when enough rows have changed, which on a \
     large, quiet table may be never. `analyze` after the index blocks nobody.",
    "manual, Extended Statistics; ANALYZE",
)
.examples(
    "
--- 1_orders.sql
create table orders (id bigint primary key, status text, total int, code varchar(20));
--- 2_index.sql
create index concurrently orders_lower on orders (lower(status));
",
    "
--- 1_orders.sql
create table orders (id bigint primary key, status text, total int, code varchar(20));
--- 2_index.sql
create index concurrently orders_lower on orders (lower(status));
analyze orders;
",
);

fn check(at: &At<'_>) -> Vec<Draft> {
    let Some((index, table)) = on_table(at) else { return Vec::new() };
    let plain = index.parts.iter().all(|part| matches!(part.kind, ExpressionKind::Column(_)));
    let analyzed = at.after().any(|statement| match statement {
        Statement::Analyze { tables } => {
            tables.is_empty() || tables.iter().any(|one| at.catalog.resolve(one) == table)
        }
        _ => false,
    });
    match plain || analyzed {
        true => Vec::new(),
        false => vec![
            at.draft(
                "the planner knows nothing of this expression until \
            the next ANALYZE",
            )
            .advice(format!("`analyze {};` after it", at.shown(&table))),
        ],
    }
}
