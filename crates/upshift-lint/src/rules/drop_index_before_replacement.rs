use super::{Check, Group, Rule};
use crate::engine::{At, Draft, Level};
use crate::statement::{ExpressionKind, Kind, Quoted, Statement};

pub(super) const RULE: Rule = Rule::new(
    Group::Indexes,
    Level::Warning,
    "an index is dropped before the one that takes its place is built",
    Check::Up(check),
)
.explained(
    "Between the two statements queries have neither: they read the whole table. Build the new one first, \
     under a name of its own, then drop the old one; a rename of an index (ALTER INDEX) blocks nobody.",
    "manual, DROP INDEX",
)
.examples(
    "
--- 1_orders.sql
create table orders (id bigint primary key, status text, total int, code varchar(20));
create index orders_status on orders (status);
--- 2_replace.sql
drop index concurrently orders_status;
create index concurrently orders_status_total on orders (status, total);
",
    "
--- 1_orders.sql
create table orders (id bigint primary key, status text, total int, code varchar(20));
create index orders_status on orders (status);
--- 2_replace.sql
create index concurrently orders_status_total on orders (status, total);
drop index concurrently orders_status;
",
);

fn check(at: &At<'_>) -> Vec<Draft> {
    let mut drafts = Vec::new();
    for (_, name, place) in at.dropped(&[Kind::Index]) {
        let Some(old) = at.catalog.index(name) else { continue };
        let leading = old.leading_columns();
        let replaces = |statement: &Statement| match statement {
            Statement::CreateIndex(new) => {
                let first = new.parts.first().and_then(|part| match &part.kind {
                    ExpressionKind::Column(parts) => parts.last(),
                    _ => None,
                });
                at.catalog.resolve(&new.table) == old.table
                    && first.is_some_and(|first| leading.first() == Some(&first.as_str()))
            }
            _ => false,
        };
        if at.after().any(replaces) && !at.runs_in_transaction() && !at.is_unseen(&old.table) {
            drafts.push(
                at.draft_at(
                    place,
                    format!(
                        "until the next one is built, queries over \
                    {} have no index",
                        at.shown(&old.table)
                    ),
                )
                .advice(format!("build the new one first, then drop {}", Quoted(&name.name))),
            );
        }
    }
    drafts
}
