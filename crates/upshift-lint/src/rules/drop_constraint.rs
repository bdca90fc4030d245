use super::drop_key_with_references::referring;
use super::{Check, Group, Rule};
use crate::engine::{At, Draft, Level};
use crate::statement::{
    Action, AlterRelation, ConstraintKind, Dependants, Name, Quoted, Statement, WhenMissing,
};

pub(super) const RULE: Rule = Rule::new(
    Group::Constraints,
    Level::Warning,
    "a constraint is dropped while the release that relies on it still runs",
    Check::Up(check),
)
.explained(
    "From now on rows come in that the release before this one takes for impossible. Without a UNIQUE or \
     EXCLUDE its `on conflict` fails as well. Drop it in a contract. Nothing is said where the migration \
     puts another in its place, or where it is a CHECK that columns are NOT NULL which are so by \
     themselves.",
    "docs/rollouts.md; manual, INSERT, ON CONFLICT",
)
.examples(
    "
--- 1_orders.sql
create table orders (id bigint primary key, total bigint, constraint total_is_positive check (total > 0));
--- 2_drop.sql
alter table orders drop constraint total_is_positive;
",
    "
--- 1_orders.sql
create table orders (id bigint primary key, total bigint, status text, constraint total_is_positive check (total > 0));
--- 2_replace.sql
alter table orders drop constraint total_is_positive;
alter table orders add constraint total_is_positive check (total >= 0) not valid;
--- 3_drop.sql
-- upshift: phase contract
alter table orders drop constraint total_is_positive;
",
);

fn check(at: &At<'_>) -> Vec<Draft> {
    let Some((alter, table)) = at.altered().filter(|_| at.must_not_break_old_code()) else {
        return Vec::new();
    };
    let mut drafts = Vec::new();
    for (action, place) in &alter.actions {
        let Action::DropConstraint { name, dependants: Dependants::Refuse, missing } = action else {
            continue;
        };
        let known = at.catalog.table(&table).and_then(|known| known.constraint(name));
        // IF EXISTS of what no migration made does nothing, as far as the migrations tell.
        if known.is_none() && *missing == WhenMissing::Skip && at.catalog.table(&table).is_some() {
            continue;
        }
        let key = known.is_some_and(|one| matches!(one.kind, ConstraintKind::ForeignKey(_)));
        let own = known.is_some_and(|one| one.origin == at.catalog.origin());
        if key
            || own
            || !referring(at, &table, name).is_empty()
            || is_replaced(at, &table, name)
            || is_needless(at, &table, name)
        {
            continue;
        }
        let unique = known.is_some_and(|one| one.index.is_some());
        let index = known.and_then(|one| at.catalog.index(one.index.as_ref()?));
        if index.is_some_and(|index| at.is_made_unique_later(&table, &index.leading_columns())) {
            continue;
        }
        let shown = at.shown(&table);
        let message = match unique {
            true => format!(
                "the release before this one relies on {} of {shown}: its `on \
                conflict` fails without",
                Quoted(name)
            ),
            false => format!("the release before this one relies on {} of {shown}", Quoted(name)),
        };
        drafts.push(at.draft_at(place, message).rewrite(at.in_a_contract()));
    }
    drafts
}

/// Whether the statement or a later one of the section gives the table a constraint in its place.
fn is_replaced(at: &At<'_>, table: &Name, name: &str) -> bool {
    let known = at.catalog.table(table).and_then(|known| known.constraint(name)).map(|one| &one.kind);
    let replaces = |alter: &AlterRelation| {
        at.catalog.resolve(&alter.name) == *table
            && alter.actions.iter().any(|(action, _)| match action {
                Action::AddConstraint(new) => {
                    new.name.as_deref() == Some(name)
                        || known.is_some_and(|old| {
                            std::mem::discriminant(old) == std::mem::discriminant(&new.kind)
                        })
                }
                Action::RenameConstraint { to, .. } => to == name,
                _ => false,
            })
    };
    let own = std::iter::once(at.statement);
    own.chain(at.before()).chain(at.after()).any(|statement| match statement {
        Statement::AlterRelation(alter) => replaces(alter),
        _ => false,
    })
}

/// Whether it is a CHECK that some columns are NOT NULL, which they are by themselves.
fn is_needless(at: &At<'_>, table: &Name, name: &str) -> bool {
    let Some(known) = at.catalog.table(table) else { return false };
    let Some(ConstraintKind::Check(check)) = known.constraint(name).map(|one| &one.kind) else {
        return false;
    };
    let mut columns = check.columns().peekable();
    columns.peek().is_some()
        && columns.all(|column| {
            check.implies_not_null(column) && known.column(column).is_some_and(|one| one.not_null)
        })
}
