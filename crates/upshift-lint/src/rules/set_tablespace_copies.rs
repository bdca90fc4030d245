use super::{Check, Group, Rule};
use crate::engine::{At, Draft, Level};
use crate::statement::{Action, Kind, LockMode, Quoted};

pub(super) const RULE: Rule = Rule::new(
    Group::Indexes,
    Level::Error,
    "a table or index is copied into another tablespace while nobody can use it",
    Check::UpAndDown(check),
)
.explained(
    "SET TABLESPACE copies the whole file under ACCESS EXCLUSIVE. An index moves while everybody goes on: \
     `reindex (tablespace new) index concurrently …` (from PostgreSQL 14 on), or a new one built \
     CONCURRENTLY there. For a table there is pg_repack, or a new table and a switch.",
    "manual, ALTER TABLE, SET TABLESPACE; measured on PostgreSQL 10 to 18",
)
.examples(
    "
--- 1_orders.sql
create table orders (id bigint primary key, status text, total int, code varchar(20));
--- 2_move.sql
alter table orders set tablespace fast;
",
    "
--- 1_orders.sql
create table orders (id bigint primary key, status text, total int, code varchar(20));
--- 2_lines.sql
create table lines (id bigint primary key);
alter table lines set tablespace fast;
",
);

fn check(at: &At<'_>) -> Vec<Draft> {
    let Some((alter, relation)) = at.altered() else { return Vec::new() };
    let index = alter.kind == Kind::Index || at.catalog.index(&relation).is_some();
    let moved = alter.actions.iter().filter_map(|(action, place)| match action {
        Action::SetTablespace(tablespace) => Some((tablespace, place)),
        _ => None,
    });
    let reindex = index && at.options.each_major().all(|major| major.0 >= 14) && alter.actions.len() == 1;
    let drafts = moved.map(|(tablespace, place)| {
        let shown = at.shown(&relation);
        let draft = at
            .draft_at(place, format!("{shown} is copied while nobody can use it"))
            .effect(at.effect_on(&relation, LockMode::AccessExclusive, "while all of it is copied"));
        let text = format!("reindex (tablespace {}) index concurrently {shown};", Quoted(tablespace));
        match (reindex, index) {
            (true, _) => draft.rewrite(crate::engine::Rewrite::this(text)),
            (false, true) => draft.advice(format!(
                "`{text}` from PostgreSQL 14 on; before, build a new one \
                CONCURRENTLY there"
            )),
            (false, false) => draft.advice(
                "pg_repack moves a table while it is used; or a new table \
                there, and a switch",
            ),
        }
    });
    drafts.collect()
}
