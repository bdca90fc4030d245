use super::{Check, Group, Rule};
use crate::engine::{At, Draft, Level, Rewrite};
use crate::statement::{Action, LockMode};

pub(super) const RULE: Rule = Rule::new(
    Group::Transactions,
    Level::Error,
    "a constraint is added NOT VALID and validated in the same transaction: nothing was won",
    Check::UpAndDown(check),
)
.explained(
    "ADD CONSTRAINT … NOT VALID is quick, VALIDATE reads the whole table with a lock that nobody minds. In one \
     transaction the strong lock of the first is held through all of the second: the table stands still just as long. \
     Validate in a migration of its own.",
    "manual, ALTER TABLE, VALIDATE CONSTRAINT; measured on 10 to 18",
)
.examples(
    "
--- 1_orders.sql
create table orders (id bigint primary key, total bigint);
--- 2_positive.sql
alter table orders add constraint positive check (total > 0) not valid;
alter table orders validate constraint positive;
",
    "
--- 1_orders.sql
create table orders (id bigint primary key, total bigint);
--- 2_positive.sql
alter table orders add constraint positive check (total > 0) not valid;
--- 3_validate.sql
alter table orders validate constraint positive;
",
);

fn check(at: &At<'_>) -> Vec<Draft> {
    let Some((alter, table)) = at.altered().filter(|_| at.runs_in_transaction()) else { return Vec::new() };
    let added = |name: &str| {
        let here = alter.actions.iter().any(
            |(action, _)| matches!(action, Action::AddConstraint(new) if new.name.as_deref() == Some(name)),
        );
        let before = at.catalog.table(&table).and_then(|found| found.constraint(name));
        here || before.is_some_and(|one| one.origin == at.catalog.origin())
    };
    let mut drafts = Vec::new();
    for (number, (action, place)) in alter.actions.iter().enumerate() {
        let Action::ValidateConstraint(name) = action else { continue };
        if !added(name) {
            continue;
        }
        let alone = format!("{} validate constraint {};", at.head(alter), crate::statement::Quoted(name));
        let rest = at.instead_of(alter, number, None);
        drafts.push(
            at.draft_at(
                place,
                format!("all of {} is read while the lock that added {name} is still held", alter.name),
            )
            .effect(at.effect_on(&table, LockMode::AccessExclusive, "while the whole table is read"))
            .rewrite(Rewrite::this(rest).then(&format!("validate_{name}"), alone)),
        );
    }
    drafts
}
