use super::{Check, Group, Rule};
use crate::engine::{AllowUse, Draft, Level};

pub(super) const RULE: Rule = Rule::new(
    Group::Style,
    Level::Warning,
    "the reason of an `allow` is too short to be one",
    Check::Allow(check),
)
.explained(
    "The reason goes into the audit, and is read after the incident. `because x` says that nobody thought; `because the \
     table has forty rows` says why it was right.",
    "docs/lints.md",
)
.examples(
    "
--- 1_carts.sql
create table carts (id bigint primary key);
--- 2_drop.sql
-- upshift: allow drop-table because ok
drop table carts;
",
    "
--- 1_carts.sql
create table carts (id bigint primary key);
--- 2_drop.sql
-- upshift: allow drop-table because it was never used by any release
drop table carts;
",
);

fn check(used: &AllowUse<'_>) -> Vec<Draft> {
    let reason = used.allow.because.trim();
    // A language without spaces says more with fewer characters.
    let letters = reason.chars().filter(|c| c.is_alphanumeric());
    let weight: usize = letters.map(|c| if c.is_ascii() { 1 } else { 3 }).sum();
    match weight < 8 {
        true => vec![
            used.draft(format!("`{reason}` does not say why"))
                .advice("say it so that it can be judged in a year"),
        ],
        false => Vec::new(),
    }
}
