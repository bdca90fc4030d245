use super::{Check, Group, Rule};
use crate::engine::{At, Draft, Level, Rewrite};
use crate::statement::{Action, Switch};

pub(super) const RULE: Rule = Rule::new(
    Group::Objects,
    Level::Error,
    "a trigger is switched off and not on again: what it checks goes unchecked for everybody",
    Check::UpAndDown(check),
)
.explained(
    "DISABLE TRIGGER is for all sessions, not for this one. ALL takes foreign keys with it, and rows that are written \
     meanwhile are never looked at again. Switch it on again in the same transaction; the lock keeps other writers out \
     until then, so do little in between.",
    "manual, ALTER TABLE, DISABLE TRIGGER; measured on 10 to 18",
)
.examples(
    "
--- 1_orders.sql
create table orders (id bigint primary key);
--- 2_off.sql
alter table orders disable trigger all;
",
    "
--- 1_orders.sql
create table orders (id bigint primary key);
--- 2_off_and_on.sql
alter table orders disable trigger user;
alter table orders enable trigger user;
",
);

fn check(at: &At<'_>) -> Vec<Draft> {
    let Some((alter, table)) = at.altered() else { return Vec::new() };
    let on_again = |name: &Option<String>| {
        at.after().any(|one| match one {
            crate::statement::Statement::AlterRelation(later) if at.is_same(&later.name, &alter.name) => {
                later.actions.iter().any(|(action, _)| {
                    matches!(action, Action::Trigger { name: other, switch } if *switch != Switch::Disable
                        && (other == name || other.is_none()))
                })
            }
            _ => false,
        })
    };
    let off = alter.actions.iter().filter_map(|(action, place)| match action {
        Action::Trigger { name, switch: Switch::Disable } if !on_again(name) => Some((name, place)),
        _ => None,
    });
    off.map(|(name, place)| {
        let which = name.clone().unwrap_or_else(|| "all triggers".to_owned());
        let word = at.text().to_ascii_lowercase().find("disable");
        let parts = word.and_then(|word| at.text().split_at_checked(word));
        let again = parts.map(|(before, after)| format!("{before}enable{}", after.get(7..).unwrap_or("")));
        let draft = at
            .draft_at(place, format!("{which} of {} stays off, for every session", alter.name))
            .effect(at.effect_on(
                &table,
                crate::statement::LockMode::ShareRowExclusive,
                "to the end of the transaction",
            ));
        match (name, again) {
            (None, Some(again)) => draft.rewrite(Rewrite::this(format!("{};\n{again};", at.text()))),
            _ => draft.advice("switch it on again behind the statements it is off for"),
        }
    })
    .collect()
}
