use super::adding::{Cost, added, rewritten};
use super::{Check, Group, Rule};
use crate::engine::{At, Draft, Level, Rewrite};

pub(super) const RULE: Rule = Rule::new(
    Group::AddingColumns,
    Level::Error,
    "a generated column that is kept is added: the whole table is written anew",
    Check::UpAndDown(check),
)
.explained(
    "`GENERATED ALWAYS AS (…) STORED` is computed for every row there is: PostgreSQL writes all of them \
     and every index anew while nobody can even read. From PostgreSQL 18 on a VIRTUAL column costs \
     nothing; before, an index on the expression or a view often does. Otherwise: a plain column, a \
     trigger that fills it, and a backfill.",
    "measured on PostgreSQL 10 to 18; manual, Generated Columns",
)
.examples(
    "
--- 1_orders.sql
create table orders (id bigint primary key, status text);
--- 2_shout.sql
alter table orders add column shout text generated always as (upper(status)) stored;
",
    "
--- 1_orders.sql
create table orders (id bigint primary key, status text);
--- 2_shout.sql
create index concurrently orders_shout on orders (upper(status));
--- 3_lines.sql
create table lines (id bigint primary key, price int, total int generated always as (price * 2) stored);
",
);

fn check(at: &At<'_>) -> Vec<Draft> {
    let virtual_everywhere = at.options.each_major().all(|major| major.0 >= 18);
    let mut drafts = Vec::new();
    for one in added(at) {
        let Cost::Stored(place) = one.cost else { continue };
        let table = at.shown(&one.table);
        let draft = at
            .draft_at(place, format!("this is computed for every row: all of {table} is written anew"))
            .effect(rewritten(at, &one.table));
        let word = at.text_of(place).to_ascii_lowercase().rfind("stored").filter(|_| virtual_everywhere);
        drafts.push(match word {
            Some(word) => {
                let column = format!(
                    "add column {}virtual{}",
                    at.text_of(&(one.column.place.start..place.start + word)),
                    at.text_of(&(place.end..one.column.place.end)),
                );
                draft.rewrite(Rewrite::this(at.instead_of(one.alter, one.number, Some(&column))))
            }
            None => draft.advice(
                "add a plain column, fill it by a trigger for new rows and by a backfill for \
                 old ones; or index the \
                 expression; on PostgreSQL 18 a VIRTUAL column costs nothing",
            ),
        });
    }
    drafts
}
