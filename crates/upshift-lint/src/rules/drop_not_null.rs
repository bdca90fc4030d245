use super::{Check, Group, Rule};
use crate::engine::{At, Draft, Level};
use crate::statement::{Action, ColumnChange, Quoted};

pub(super) const RULE: Rule = Rule::new(
    Group::ChangingColumns,
    Level::Warning,
    "a column may be NULL from now on, and the release that takes it for NOT NULL still runs",
    Check::Up(check),
)
.explained(
    "As soon as anybody writes a NULL, code that reads the column into a type without one fails: in Rust \
     the row cannot be decoded. First deploy code that can read NULL, then drop NOT NULL in a contract, \
     then write NULLs. Where nothing writes NULL before every reader can bear it, allow this and say so.",
    "docs/rollouts.md",
)
.examples(
    "
--- 1_orders.sql
create table orders (id bigint primary key, status text, note text not null default '');
--- 2_null.sql
alter table orders alter column note drop not null;
",
    "
--- 1_orders.sql
create table orders (id bigint primary key, status text, note text not null default '');
--- 2_null.sql
-- upshift: phase contract
alter table orders alter column note drop not null;
--- 3_status.sql
alter table orders alter column status drop not null;
",
);

fn check(at: &At<'_>) -> Vec<Draft> {
    let Some((alter, table)) = at.altered().filter(|_| at.must_not_break_old_code()) else {
        return Vec::new();
    };
    let dropped = alter.actions.iter().filter_map(|(action, place)| match action {
        Action::AlterColumn { column, change: ColumnChange::DropNotNull } => Some((column, place)),
        _ => None,
    });
    let changing = dropped.filter(|(column, _)| {
        !at.is_new_column(&table, column)
            && at.catalog.column(&table, column).is_none_or(|known| known.not_null)
    });
    let drafts = changing.map(|(column, place)| {
        let shown = at.shown(&table);
        at.draft_at(
            place,
            format!(
                "the release before this one cannot read \
            NULL in {shown}.{}",
                Quoted(column)
            ),
        )
        .rewrite(at.in_a_contract())
    });
    drafts.collect()
}
