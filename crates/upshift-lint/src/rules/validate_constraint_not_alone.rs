use super::{Check, Group, Rule};
use crate::engine::{At, Draft, Level};
use crate::statement::{Action, Quoted, Statement};

pub(super) const RULE: Rule = Rule::new(
    Group::Constraints,
    Level::Off,
    "VALIDATE CONSTRAINT shares its transaction with something else",
    Check::Up(check),
)
.explained(
    "VALIDATE reads the whole table. Nobody waits for its own lock, but what else the transaction has \
     locked stays locked for as long, and a long transaction keeps VACUUM from cleaning up anywhere in \
     the database. In a migration of its own it holds nothing else, and `statement-timeout 0` there lets \
     it take its time.",
    "manual, ALTER TABLE, VALIDATE CONSTRAINT; Routine Vacuuming",
)
.examples(
    "
--- 1_orders.sql
create table orders (id bigint primary key, status text, total bigint, customer_id bigint);
--- 2_check.sql
alter table orders add constraint total_is_positive check (total >= 0) not valid;
--- 3_validate.sql
alter table orders validate constraint total_is_positive;
comment on table orders is 'validated';
",
    "
--- 1_orders.sql
create table orders (id bigint primary key, status text, total bigint, customer_id bigint);
--- 2_check.sql
alter table orders add constraint total_is_positive check (total >= 0) not valid;
--- 3_validate.sql
alter table orders validate constraint total_is_positive;
",
);

fn check(at: &At<'_>) -> Vec<Draft> {
    let Some((alter, _)) = at.altered().filter(|_| at.runs_in_transaction()) else { return Vec::new() };
    let validated = alter.actions.iter().filter_map(|(action, place)| match action {
        Action::ValidateConstraint(name) => Some((name, place)),
        _ => None,
    });
    let others = at.all.iter().enumerate().any(|(number, (statement, _))| {
        number != at.number && !matches!(statement, Statement::Transaction | Statement::Set { .. })
    });
    let drafts = validated.filter(|_| others).map(|(name, place)| {
        at.draft_at(place, format!("{} is validated in one transaction with other statements", Quoted(name)))
            .rewrite(at.in_its_own(&format!("validate_{name}")))
    });
    drafts.collect()
}
