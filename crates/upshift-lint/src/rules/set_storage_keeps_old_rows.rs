use super::{Check, Group, Rule};
use crate::engine::{At, Draft, Level};
use crate::statement::{Action, ColumnChange, LockMode, Quoted};

pub(super) const RULE: Rule = Rule::new(
    Group::ChangingColumns,
    Level::Warning,
    "storage or compression is set: the rows there are stay as they are",
    Check::Up(check),
)
.explained(
    "SET STORAGE and SET COMPRESSION (from PostgreSQL 14 on) hold ACCESS EXCLUSIVE for a moment and \
     change how new values are kept. A row there is changes when it is written again, by an UPDATE of \
     that very column or VACUUM FULL, and not before. When that is what you want, allow this and say so.",
    "manual, ALTER TABLE, SET STORAGE; measured on PostgreSQL 10 to 18",
)
.examples(
    "
--- 1_orders.sql
create table orders (id bigint primary key, status text, note text not null default '');
--- 2_storage.sql
alter table orders alter column note set storage external;
",
    "
--- 1_orders.sql
create table orders (id bigint primary key, status text, note text not null default '');
alter table orders alter column note set storage external;
",
);

fn check(at: &At<'_>) -> Vec<Draft> {
    let Some((alter, table)) = at.altered() else { return Vec::new() };
    let set = alter.actions.iter().filter_map(|(action, place)| match action {
        Action::AlterColumn { column, change: ColumnChange::SetStorage | ColumnChange::SetCompression } => {
            Some((column, place))
        }
        _ => None,
    });
    let drafts = set.filter(|(column, _)| !at.is_new_column(&table, column)).map(|(column, place)| {
        let shown = at.shown(&table);
        at.draft_at(
            place,
            format!(
                "the rows of {shown} keep {} as it is until they \
            are written again",
                Quoted(column)
            ),
        )
        .effect(at.effect_on(&table, LockMode::AccessExclusive, "to the end of the transaction"))
        .advice(
            "new rows only: say so in an `allow`; or write the old ones again by a \
                backfill after this",
        )
    });
    drafts.collect()
}
