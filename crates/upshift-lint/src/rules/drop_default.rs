use super::{Check, Group, Rule};
use crate::catalog::Column;
use crate::engine::{At, Draft, Level};
use crate::statement::{Action, ColumnChange, Name, Quoted, Statement};

pub(super) const RULE: Rule = Rule::new(
    Group::ChangingColumns,
    Level::Error,
    "a default is dropped while the release that relies on it still runs",
    Check::Up(check),
)
.explained(
    "Code that does not name the column in its INSERTs got the default so far. From now on it gets NULL, \
     and where the column is NOT NULL its INSERTs fail. This is so as well right after ADD COLUMN … NOT \
     NULL DEFAULT … in the same migration, which some frameworks write: the release before this one does \
     not know the column. Drop the default in a contract.",
    "manual, ALTER TABLE, SET/DROP DEFAULT",
)
.examples(
    "
--- 1_orders.sql
create table orders (id bigint primary key, status text, note text not null default '');
--- 2_total.sql
alter table orders add column total bigint not null default 0;
alter table orders alter column total drop default;
",
    "
--- 1_orders.sql
create table orders (id bigint primary key, status text, note text not null default '');
--- 2_default.sql
-- upshift: phase contract
alter table orders alter column note drop default;
--- 3_status.sql
alter table orders alter column status drop default;
--- 4_total.sql
alter table orders add column total bigint default 0;
alter table orders alter column total drop default;
--- 5_number.sql
alter table orders alter column total set default 1;
alter table orders alter column total drop default, alter column total set default 2;
",
);

fn check(at: &At<'_>) -> Vec<Draft> {
    let Some((alter, table)) = at.altered().filter(|_| at.must_not_break_old_code()) else {
        return Vec::new();
    };
    let mut drafts = Vec::new();
    for (number, (action, place)) in alter.actions.iter().enumerate() {
        let Action::AlterColumn { column, change: ColumnChange::DropDefault } = action else { continue };
        let set_again = alter.actions.iter().skip(number).any(|(later, _)| match later {
            Action::AlterColumn { column: other, change } => {
                other == column
                    && matches!(change, ColumnChange::SetDefault(_) | ColumnChange::AddIdentity(_))
            }
            _ => false,
        });
        let set_again = set_again || set_in_the_same_transaction(at, &table, column);
        let Some(consequence) = consequence(at, &table, column).filter(|_| !set_again) else { continue };
        let shown = at.shown(&table);
        drafts.push(
            at.draft_at(
                place,
                format!(
                    "the release before this one does not name {shown}.{} when it \
                    inserts: {consequence}",
                    Quoted(column)
                ),
            )
            .rewrite(at.in_a_contract()),
        );
    }
    drafts
}

/// Whether a later statement gives the column a default again before anybody sees it without.
fn set_in_the_same_transaction(at: &At<'_>, table: &Name, column: &str) -> bool {
    let later = at.all.iter().skip(at.number + 1).filter_map(|(statement, _)| match statement {
        Statement::AlterRelation(alter) if at.catalog.resolve(&alter.name) == *table => Some(alter),
        _ => None,
    });
    let mut actions = later.flat_map(|alter| alter.actions.iter().map(|(action, _)| action));
    at.runs_in_transaction()
        && actions.any(|action| match action {
            Action::AlterColumn { column: other, change } => {
                other == column
                    && matches!(change, ColumnChange::SetDefault(_) | ColumnChange::AddIdentity(_))
            }
            _ => false,
        })
}

/// What becomes of an INSERT that does not name the column; none where nothing changes.
fn consequence(at: &At<'_>, table: &Name, column: &str) -> Option<&'static str> {
    let known: Option<&Column> = at.catalog.column(table, column);
    let new = at.is_new_column(table, column);
    match known {
        None => Some("it gets NULL, or an error"),
        Some(known) if known.default.is_none() => None,
        Some(known) if known.not_null => Some("its INSERTs fail"),
        Some(_) if new => None,
        Some(_) => Some("it gets NULL"),
    }
}
