use super::{Check, Group, Rule};
use crate::engine::{At, Draft, Level, Rewrite};
use crate::statement::{Action, LockMode, Quoted, WhenExisting};

pub(super) const RULE: Rule = Rule::new(
    Group::AddingColumns,
    Level::Warning,
    "ADD COLUMN IF NOT EXISTS of a column that is there already: it does nothing but lock",
    Check::Up(check),
)
.explained(
    "An earlier migration of the set has made the column. The statement changes nothing (not its type \
     either, where that is another), but takes ACCESS EXCLUSIVE all the same, waits for every query that \
     runs, and has everybody else wait behind it.",
    "measured on PostgreSQL 10 to 18",
)
.examples(
    "
--- 1_orders.sql
create table orders (id bigint primary key, status text);
--- 2_status.sql
alter table orders add column if not exists status text;
",
    "
--- 1_orders.sql
create table orders (id bigint primary key, status text);
--- 2_note.sql
alter table orders add column if not exists note text;
",
);

fn check(at: &At<'_>) -> Vec<Draft> {
    let Some((alter, table)) = at.altered() else { return Vec::new() };
    let mut drafts = Vec::new();
    for (number, (action, place)) in alter.actions.iter().enumerate() {
        let Action::AddColumn { column, existing: WhenExisting::Skip } = action else { continue };
        if at.catalog.column(&table, &column.name).is_none() {
            continue;
        }
        let rest = at.instead_of(alter, number, None);
        let draft = at
            .draft_at(place, format!("{}.{} is there already", at.shown(&table), Quoted(&column.name)))
            .effect(at.effect_on(&table, LockMode::AccessExclusive, "for nothing"));
        drafts.push(if rest.is_empty() {
            draft.advice("leave it out")
        } else {
            draft.rewrite(Rewrite::this(rest))
        });
    }
    drafts
}
