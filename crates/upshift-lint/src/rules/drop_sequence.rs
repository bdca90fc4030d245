use super::{Check, Group, Rule};
use crate::engine::{At, Draft, Level};
use crate::statement::Kind;

pub(super) const RULE: Rule = Rule::new(
    Group::Tables,
    Level::Error,
    "a sequence is dropped while the release that counts with it still runs",
    Check::Up(check),
)
.explained(
    "`nextval` of it fails from this moment on, and where it began cannot be known again. Drop it in a contract.",
    "docs/rollouts.md; manual, DROP SEQUENCE",
)
.examples(
    "
--- 1_numbers.sql
create sequence invoice_numbers;
--- 2_drop.sql
drop sequence invoice_numbers;
",
    "
--- 1_numbers.sql
create sequence invoice_numbers;
--- 2_drop.sql
-- upshift: phase contract
drop sequence invoice_numbers;
",
);

fn check(at: &At<'_>) -> Vec<Draft> {
    if !at.must_not_break_old_code() {
        return Vec::new();
    }
    let gone = at.dropped(&[Kind::Sequence]).into_iter().filter(|(_, name, _)| !at.is_made_later(name));
    gone.map(|(_, name, place)| {
        at.draft_at(place, format!("the release before this one may still count with {name}"))
            .rewrite(at.in_a_contract())
    })
    .collect()
}
