use super::{Check, Group, Rule};
use crate::engine::{At, Draft, Level};
use crate::statement::{ExpressionKind, Statement};

pub(super) const RULE: Rule = Rule::new(
    Group::Indexes,
    Level::Off,
    "an index over several columns or an expression has no name",
    Check::Up(check),
)
.explained(
    "PostgreSQL makes one up, and another where that is taken: `orders_lower_idx1`. Migrations after this \
     one, and its own down, must guess it.",
    "GitLab, Migration style guide",
)
.examples(
    "
--- 1_orders.sql
create table orders (id bigint primary key, status text, total int, code varchar(20));
create index on orders (lower(status));
",
    "
--- 1_orders.sql
create table orders (id bigint primary key, status text, total int, code varchar(20));
create index orders_lower_status on orders (lower(status));
create index on orders (code);
",
);

fn check(at: &At<'_>) -> Vec<Draft> {
    let Statement::CreateIndex(index) = at.statement else { return Vec::new() };
    let simple = index.parts.len() == 1
        && index.parts.iter().all(|part| matches!(part.kind, ExpressionKind::Column(_)));
    match index.name.is_none() && (!simple || index.predicate.is_some()) {
        true => vec![
            at.draft("the server chooses the name of this index")
                .advice(format!("give it one, that begins with {}_", index.table.name)),
        ],
        false => Vec::new(),
    }
}
