use super::{Check, Group, Rule};
use crate::catalog::Shape;
use crate::engine::{At, Draft, Level, Rewrite};
use crate::statement::{Action, Kind, Name};

pub(super) const RULE: Rule = Rule::new(
    Group::Tables,
    Level::Error,
    "a table or view moves to another schema while the release that looks for it in the old one still runs",
    Check::Up(check),
)
.explained(
    "Whoever names it with its old schema, or has only that schema in the search_path, does not find it any more. A view \
     in the old place, made in the same transaction, serves the old release until it is gone.",
    "manual, ALTER TABLE, SET SCHEMA",
)
.examples(
    "
--- 1_orders.sql
create schema shop;
create table orders (id bigint primary key);
--- 2_move.sql
alter table orders set schema shop;
",
    "
--- 1_orders.sql
create schema shop;
create table orders (id bigint primary key);
--- 2_move.sql
alter table orders set schema shop;
create view orders as select * from shop.orders;
",
);

fn check(at: &At<'_>) -> Vec<Draft> {
    let Some((alter, relation)) = at.altered().filter(|_| at.must_not_break_old_code()) else {
        return Vec::new();
    };
    let found = at.catalog.relation(&relation).map(|found| &found.shape);
    if matches!(found, Some(Shape::Index(_) | Shape::Sequence { .. })) || at.is_made_later(&alter.name) {
        return Vec::new();
    }
    let mut drafts = Vec::new();
    for (action, place) in &alter.actions {
        let Action::SetSchema(schema) = action else { continue };
        let draft = at.draft_at(
            place,
            format!("the release before this one still looks for {} where it was", alter.name),
        );
        let new = Name::in_schema(schema, &relation.name);
        drafts.push(match alter.kind {
            Kind::Table => draft.rewrite(Rewrite::this(format!(
                "{};\ncreate view {} as select * from {new};",
                at.text(),
                alter.name,
            ))),
            _ => draft.advice("make it anew in the other schema, and drop this one in a contract"),
        });
    }
    drafts
}
