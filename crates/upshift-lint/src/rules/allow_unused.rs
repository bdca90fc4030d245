use super::{Check, Group, Rule};
use crate::engine::{AllowUse, Draft, Level};

pub(super) const RULE: Rule = Rule::new(
    Group::Style,
    Level::Warning,
    "an `allow` that nothing needed",
    Check::Allow(check),
)
.explained(
    "The statement it was for has changed, or it stands at the wrong one. Left where it is, it lets the next danger of \
     the same sort through in silence. In the header it covers the file, elsewhere the statement that it stands before.",
    "docs/lints.md",
)
.examples(
    "
--- 1_orders.sql
-- upshift: allow drop-table because it was never used by any release
create table orders (id bigint primary key);
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
    let asked =
        super::rule(&used.allow.rule).is_some() && used.options.level_of(&used.allow.rule) > Level::Off;
    match asked && used.taken == 0 {
        true => vec![
            used.draft(format!("nothing here needs `allow {}`", used.allow.rule)).advice("delete the line"),
        ],
        false => Vec::new(),
    }
}
