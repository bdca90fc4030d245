use super::{Check, Group, Rule};
use crate::engine::{At, Draft, Level, Rewrite};
use crate::statement::{Action, LockMode, Quoted};

pub(super) const RULE: Rule = Rule::new(
    Group::Transactions,
    Level::Error,
    "VALIDATE CONSTRAINT shares its ALTER TABLE with a change that locks more: the table is read under the stronger lock",
    Check::UpAndDown(check),
)
.explained(
    "ALTER TABLE takes the strongest lock that any of its changes needs, for all of them. VALIDATE alone lets everybody \
     read and write; together with ADD COLUMN or SET DEFAULT it reads the whole table under ACCESS EXCLUSIVE. Putting \
     changes together is right only where none of them reads the table.",
    "manual, ALTER TABLE, Notes; measured on 10 to 18",
)
.examples(
    "
--- 1_orders.sql
create table orders (id bigint primary key, total bigint);
--- 2_positive.sql
alter table orders add constraint positive check (total > 0) not valid;
--- 3_validate.sql
alter table orders validate constraint positive, add column note text;
",
    "
--- 1_orders.sql
create table orders (id bigint primary key, total bigint);
--- 2_positive.sql
alter table orders add constraint positive check (total > 0) not valid, add column note text;
--- 3_validate.sql
alter table orders validate constraint positive;
",
);

fn check(at: &At<'_>) -> Vec<Draft> {
    let Some((alter, table)) = at.altered() else { return Vec::new() };
    let mild = |action: &Action| {
        matches!(action, Action::ValidateConstraint(_) | Action::SetOptions(_) | Action::ClusterOn(_))
    };
    if alter.actions.iter().all(|(action, _)| mild(action)) {
        return Vec::new();
    }
    let is_new = |name: &str| {
        let before = at.catalog.table(&table).and_then(|found| found.constraint(name));
        let here = alter.actions.iter().any(
            |(action, _)| matches!(action, Action::AddConstraint(new) if new.name.as_deref() == Some(name)),
        );
        here || before.is_some_and(|one| one.origin == at.catalog.origin() && at.runs_in_transaction())
    };
    let mut drafts = Vec::new();
    for (number, (action, place)) in alter.actions.iter().enumerate() {
        let Action::ValidateConstraint(name) = action else { continue };
        if is_new(name) {
            continue;
        }
        let alone = format!("{} validate constraint {};", at.head(alter), Quoted(name));
        drafts.push(
            at.draft_at(place, format!("all of {} is read under the lock of the other changes", alter.name))
                .effect(at.effect_on(&table, LockMode::AccessExclusive, "while the whole table is read"))
                .rewrite(
                    Rewrite::this(at.instead_of(alter, number, None))
                        .then(&format!("validate_{name}"), alone),
                ),
        );
    }
    drafts
}
