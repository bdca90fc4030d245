use super::adding::added;
use super::{Check, Group, Rule};
use crate::engine::{At, Draft, Level, Rewrite};

pub(super) const RULE: Rule = Rule::new(
    Group::AddingColumns,
    Level::Warning,
    "a column of type json is added: SELECT DISTINCT and GROUP BY over the table fail from then on",
    Check::UpAndDown(check),
)
.explained(
    "`json` has no equality: queries with `select distinct *`, UNION or GROUP BY over the row, which \
     worked so far, fail. `jsonb` has one, is smaller to read, and can be indexed. Only what must be kept \
     to the letter (spaces, the order of keys, keys said twice) needs json.",
    "manual, JSON Types",
)
.examples(
    "
--- 1_orders.sql
create table orders (id bigint primary key, status text);
--- 2_extra.sql
alter table orders add column extra json;
",
    "
--- 1_orders.sql
create table orders (id bigint primary key, status text);
--- 2_extra.sql
alter table orders add column extra jsonb;
--- 3_events.sql
create table events (id bigint primary key, body json);
",
);

fn check(at: &At<'_>) -> Vec<Draft> {
    let json = added(at).into_iter().filter(|one| one.column.type_name.is("json"));
    let drafts = json.map(|one| {
        let (start, place) = (one.column.place.start, &one.column.type_place);
        let column = format!(
            "add column {}jsonb{}",
            at.text_of(&(start..place.start)),
            at.text_of(&(place.end..one.column.place.end))
        );
        at.draft_at(
            place,
            format!(
                "json has no equality: SELECT DISTINCT over {} \
            fails from now on",
                at.shown(&one.table)
            ),
        )
        .rewrite(Rewrite::this(at.instead_of(one.alter, one.number, Some(&column))))
    });
    drafts.collect()
}
