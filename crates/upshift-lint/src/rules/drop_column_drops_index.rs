use super::used::indexes_beside;
use super::{Check, Group, Rule};
use crate::engine::{At, Draft, Level};
use crate::statement::{Action, Quoted};

pub(super) const RULE: Rule = Rule::new(
    Group::ChangingColumns,
    Level::Warning,
    "with a column goes an index or constraint over other columns, too",
    Check::Up(check),
)
.explained(
    "DROP COLUMN takes every index and constraint with it that the column is in, without a word and \
     without CASCADE: a unique key over two columns is gone, and rows that it kept out come in. Make what \
     is to stay without the column first, CONCURRENTLY.",
    "manual, ALTER TABLE, DROP COLUMN",
)
.examples(
    "
--- 1_orders.sql
create table orders (id bigint primary key, shop int, number int, note text, unique (shop, number));
--- 2_drop.sql
-- upshift: phase contract
alter table orders drop column shop;
",
    "
--- 1_orders.sql
create table orders (id bigint primary key, shop int, number int, note text, unique (number));
create index orders_shop on orders (shop);
--- 2_drop.sql
-- upshift: phase contract
alter table orders drop column shop;
",
);

fn check(at: &At<'_>) -> Vec<Draft> {
    let Some((alter, table)) = at.altered().filter(|_| !at.must_not_break_old_code()) else {
        return Vec::new();
    };
    let dropped: Vec<&String> = alter
        .actions
        .iter()
        .filter_map(|(action, _)| match action {
            Action::DropColumn { column, .. } => Some(column),
            _ => None,
        })
        .collect();
    let mut drafts = Vec::new();
    for (action, place) in &alter.actions {
        let Action::DropColumn { column, .. } = action else { continue };
        for (name, index) in indexes_beside(at, &table, column) {
            let left = index
                .parts
                .iter()
                .flat_map(|part| part.columns())
                .find(|other| !dropped.iter().any(|gone| gone == other));
            let Some(left) = left else { continue };
            let what = if index.unique { "unique index" } else { "index" };
            drafts.push(
                at.draft_at(
                    place,
                    format!(
                        "with {} goes the {what} {}, \
                        which is over {} too",
                        Quoted(column),
                        Quoted(&name.name),
                        Quoted(left)
                    ),
                )
                .advice(
                    "build what is to stay of it CONCURRENTLY, in a migration before this \
                    one; else allow this and say so",
                ),
            );
        }
    }
    drafts
}
