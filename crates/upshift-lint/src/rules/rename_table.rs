use super::{Check, Group, Rule};
use crate::catalog::Shape;
use crate::engine::{At, Draft, Level, Rewrite};
use crate::statement::{Action, Kind, Name, Statement};

pub(super) const RULE: Rule = Rule::new(
    Group::Tables,
    Level::Error,
    "a table or view is renamed while the release that knows its old name still runs",
    Check::Up(check),
)
.explained(
    "Every query of the release before this one names the old table, and fails from this moment on. A view of the old \
     name, made in the same transaction, takes reads, INSERT, UPDATE and DELETE until that release is gone (TRUNCATE, \
     LOCK and COPY TO it does not take); a contract drops it.",
    "manual, CREATE VIEW, \"Updatable Views\"; measured on 13 to 18",
)
.examples(
    "
--- 1_orders.sql
create table orders (id bigint primary key);
--- 2_rename.sql
alter table orders rename to purchases;
",
    "
--- 1_orders.sql
create table orders (id bigint primary key, code text);
create index orders_code on orders (code);
--- 2_rename.sql
alter table orders rename to purchases;
create view orders as select * from purchases;
--- 3_index.sql
alter index orders_code rename to purchases_code;
",
);

fn check(at: &At<'_>) -> Vec<Draft> {
    let Some((alter, relation)) = at.altered().filter(|_| at.must_not_break_old_code()) else {
        return Vec::new();
    };
    let named_by_code = match at.catalog.relation(&relation).map(|found| &found.shape) {
        Some(Shape::Index(_) | Shape::Sequence { owner: Some(_) }) => false,
        Some(_) => true,
        None => !matches!(alter.kind, Kind::Index | Kind::Sequence),
    };
    if !named_by_code || at.is_made_later(&alter.name) {
        return Vec::new();
    }
    let mut drafts = Vec::new();
    for (action, place) in &alter.actions {
        let Action::RenameTo(to) = action else { continue };
        let new = Name { name: to.clone(), ..alter.name.clone() };
        if was_freed(at, &new) {
            continue;
        }
        let draft = at.draft_at(place, format!("the release before this one still names {}", alter.name));
        drafts.push(match alter.kind {
            Kind::Table => draft.rewrite(Rewrite::this(format!(
                "{};\ncreate view {} as select * from {new};",
                at.text(),
                alter.name,
            ))),
            _ => draft.advice(format!("make {new} beside it, and drop {} in a contract", alter.name)),
        });
    }
    drafts
}

/// Whether the section dropped what had this name, or gave it another: then the new one takes its place.
fn was_freed(at: &At<'_>, name: &Name) -> bool {
    at.before().any(|one| match one {
        Statement::Drop(dropped) => dropped.names.iter().any(|(gone, _)| gone.name == name.name),
        Statement::AlterRelation(alter) => {
            let renamed = alter.actions.iter().any(|(action, _)| matches!(action, Action::RenameTo(_)));
            renamed && alter.name.name == name.name
        }
        _ => false,
    })
}
