use super::{Check, Group, Rule};
use crate::engine::{At, Draft, Level};
use crate::statement::{Action, LockMode, Statement};

pub(super) const RULE: Rule = Rule::new(
    Group::Tables,
    Level::Warning,
    "a foreign key is dropped in one transaction with other changes: the table it refers to stays locked through them",
    Check::Up(check),
)
.explained(
    "Dropping a foreign key takes ACCESS EXCLUSIVE of both tables, the one it refers to as well, and holds it to the end \
     of the transaction. That table is often the busiest there is. Give it a migration of its own, so that the lock ends \
     with it.",
    "measured on 10 to 18",
)
.examples(
    "
--- 1_tables.sql
create table users (id bigint primary key);
create table orders (id bigint primary key, user_id bigint constraint orders_user references users (id));
--- 2_drop.sql
alter table orders drop constraint orders_user;
alter table orders add column note text;
",
    "
--- 1_tables.sql
create table users (id bigint primary key);
create table orders (id bigint primary key, user_id bigint constraint orders_user references users (id));
--- 2_drop.sql
alter table orders drop constraint orders_user;
--- 3_note.sql
alter table orders add column note text;
",
);

fn check(at: &At<'_>) -> Vec<Draft> {
    let others = at.before().chain(at.after()).any(|statement| {
        !matches!(statement, Statement::Set { .. } | Statement::Harmless { .. } | Statement::Transaction)
    });
    let Some((alter, table)) = at.altered() else { return Vec::new() };
    if !at.runs_in_transaction() || !others {
        return Vec::new();
    }
    // Said once a migration: one that drops twenty says it at the first.
    let is_drop = |one: &Statement| {
        matches!(one, Statement::AlterRelation(alter)
            if alter.actions.iter().any(|(action, _)| matches!(action, Action::DropConstraint { .. })))
    };
    if at.before().any(is_drop) {
        return Vec::new();
    }
    let mut drafts = Vec::new();
    for (action, place) in &alter.actions {
        let Action::DropConstraint { name, .. } = action else { continue };
        let constraint = at.catalog.table(&table).and_then(|found| found.constraint(name));
        let Some(parent) = constraint.and_then(|one| one.refers_to()) else { continue };
        if *parent == table || at.is_unseen(parent) {
            continue;
        }
        let shown = at.shown(parent);
        drafts.push(
            at.draft_at(place, format!("this locks {shown} as well, until the whole migration is done"))
                .effect(at.effect_on(parent, LockMode::AccessExclusive, "to the end of the transaction"))
                .rewrite(at.in_its_own(&format!("drop_{name}"))),
        );
    }
    drafts.truncate(1);
    drafts
}
