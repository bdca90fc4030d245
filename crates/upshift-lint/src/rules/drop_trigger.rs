use super::{Check, Group, Rule};
use crate::engine::{At, Draft, Level};
use crate::statement::{Kind, LockMode, Name, Statement};

pub(super) const RULE: Rule = Rule::new(
    Group::Objects,
    Level::Warning,
    "a trigger is dropped that the release before this one may count on",
    Check::Up(check),
)
.explained(
    "What the trigger did is done no more for anybody, the old release included. And DROP TRIGGER takes ACCESS EXCLUSIVE, \
     where CREATE TRIGGER takes only SHARE ROW EXCLUSIVE: readers wait, too. Replacing the function's body by one that \
     does nothing takes no lock at all; drop the trigger in a contract.",
    "manual, DROP TRIGGER; measured on 10 to 18",
)
.examples(
    "
--- 1_orders.sql
create table orders (id bigint primary key);
create function touch() returns trigger language plpgsql as 'begin return new; end';
create trigger touched before update on orders for each row execute function touch();
--- 2_drop.sql
drop trigger touched on orders;
",
    "
--- 1_orders.sql
create table orders (id bigint primary key);
create function touch() returns trigger language plpgsql as 'begin return new; end';
create trigger touched before update on orders for each row execute function touch();
--- 2_anew.sql
drop trigger if exists touched on orders;
create trigger touched before insert or update on orders for each row execute function touch();
--- 3_drop.sql
-- upshift: phase contract
drop trigger touched on orders;
",
);

fn check(at: &At<'_>) -> Vec<Draft> {
    let Statement::Drop(dropped) = at.statement else { return Vec::new() };
    let Some(table) = dropped.on.as_ref().filter(|_| dropped.kind == Kind::Trigger) else {
        return Vec::new();
    };
    if at.is_unseen(table) || !at.must_not_break_old_code() {
        return Vec::new();
    }
    let again = |name: &Name| {
        at.after().any(
            |one| matches!(one, Statement::CreateTrigger(made) if made.name == name.name && at.is_same(&made.table, table)),
        )
    };
    let gone = dropped.names.iter().filter(|(name, _)| !again(name) && is_there(at, table, name));
    gone.map(|(name, place)| {
        at.draft_at(
            place,
            format!("what the trigger {name} does is done no more, for the old release as well"),
        )
        .effect(at.effect_on(
            &at.catalog.resolve(table),
            LockMode::AccessExclusive,
            "to the end of the transaction",
        ))
        .rewrite(at.in_a_contract())
    })
    .collect()
}

/// Whether a trigger of this name may be there before this migration.
fn is_there(at: &At<'_>, table: &Name, name: &Name) -> bool {
    let made_here =
        at.before().any(|one| matches!(one, Statement::CreateTrigger(made) if made.name == name.name));
    let unknown =
        at.catalog.table(table).is_none_or(|found| found.triggers.iter().any(|one| one.name == name.name));
    unknown && !made_here
}
