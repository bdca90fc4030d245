use super::{Check, Group, Rule};
use crate::engine::{At, Draft, Level};
use crate::statement::{Action, LockMode, SequenceChange};

pub(super) const RULE: Rule = Rule::new(
    Group::Tables,
    Level::Warning,
    "a sequence is altered: every INSERT that counts with it waits to the end of the transaction",
    Check::UpAndDown(check),
)
.explained(
    "ALTER SEQUENCE takes SHARE ROW EXCLUSIVE of it, and `nextval` waits for that. To move where it goes on, `select \
     setval('s', n)` blocks nobody; otherwise keep it alone in its migration. A RESTART below what is in use hands out \
     keys a second time.",
    "manual, ALTER SEQUENCE; measured on 10 to 18",
)
.examples(
    "
--- 1_numbers.sql
create sequence numbers;
--- 2_restart.sql
alter sequence numbers restart with 1000;
",
    "
--- 1_numbers.sql
create sequence numbers;
--- 2_restart.sql
select setval('numbers', 1000, false);
--- 3_owner.sql
create table orders (id bigint primary key default nextval('numbers'));
alter sequence numbers owned by orders.id;
",
);

fn check(at: &At<'_>) -> Vec<Draft> {
    let Some((alter, sequence)) = at.altered() else { return Vec::new() };
    let changed = alter.actions.iter().filter_map(|(action, place)| match action {
        Action::Sequence(SequenceChange::Options { restarts, .. }) => Some((*restarts, place)),
        _ => None,
    });
    changed
        .map(|(restarts, place)| {
            let draft = at
                .draft_at(
                    place,
                    format!("whoever counts with {} waits until this migration is done", alter.name),
                )
                .effect(format!(
                    "{} on {} to the end of the transaction: nextval waits",
                    LockMode::ShareRowExclusive.name(),
                    at.shown(&sequence),
                ));
            match restarts {
                true => draft.advice(format!("`select setval('{}', n, false)` blocks nobody", alter.name)),
                false => draft.advice("keep it alone in its migration"),
            }
        })
        .collect()
}
