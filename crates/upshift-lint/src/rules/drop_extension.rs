use super::{Check, Group, Rule};
use crate::engine::{At, Draft, Level};
use crate::statement::{Kind, Statement};

pub(super) const RULE: Rule = Rule::new(
    Group::Objects,
    Level::Error,
    "an extension is dropped while the release that uses it still runs",
    Check::Up(check),
)
.explained(
    "Its functions, types and operators go with it, and queries that use them fail from this moment on; with CASCADE \
     every column of its types goes, too. Drop it in a contract.",
    "manual, DROP EXTENSION",
)
.examples(
    "
--- 1_crypto.sql
create extension if not exists pgcrypto;
--- 2_drop.sql
drop extension pgcrypto;
",
    "
--- 1_crypto.sql
create extension if not exists pgcrypto;
--- 2_drop.sql
-- upshift: phase contract
drop extension pgcrypto;
",
);

fn check(at: &At<'_>) -> Vec<Draft> {
    if !at.must_not_break_old_code() {
        return Vec::new();
    }
    let again = |name: &str| {
        at.after().any(|one| matches!(one, Statement::CreateExtension { name: made, .. } if made == name))
    };
    let gone = at.dropped(&[Kind::Extension]).into_iter().filter(|(_, name, _)| !again(&name.name));
    gone.map(|(_, name, place)| {
        at.draft_at(place, format!("the release before this one may still use what {name} brings"))
            .rewrite(at.in_a_contract())
    })
    .collect()
}
