use upshift_files::sql::{TokenKind, tokens};

use super::{Check, Group, Rule};
use crate::engine::{At, Draft, Level};
use crate::statement::Statement;
use crate::variable;

pub(super) const RULE: Rule = Rule::new(
    Group::Tables,
    Level::Warning,
    "a name is longer than 63 bytes: PostgreSQL cuts it off",
    Check::UpAndDown(check),
)
.explained(
    "The rest is thrown away with a NOTICE that nobody sees. Two long names that differ only behind the 63rd byte are \
     one, and code that looks for the name it wrote does not find it.",
    "manual, 4.1.1 Identifiers and Key Words",
)
.examples(
    "
--- 1_orders.sql
create table orders (id bigint primary key, status text);
--- 2_index.sql
create index concurrently orders_that_were_placed_by_customers_in_the_last_year_by_their_status on orders (status);
",
    "
--- 1_orders.sql
create table orders (id bigint primary key, status text);
--- 2_index.sql
create index concurrently orders_by_status on orders (status);
",
);

/// `NAMEDATALEN - 1`.
const LONGEST: usize = 63;

fn check(at: &At<'_>) -> Vec<Draft> {
    if matches!(at.statement, Statement::Unknown { .. } | Statement::Do { .. }) {
        return Vec::new();
    }
    let text = at.text();
    let mut drafts = Vec::new();
    for token in tokens(text).map_while(Result::ok) {
        let name = match token.kind {
            TokenKind::Word => token.text(text).to_owned(),
            TokenKind::QuotedName => token.text(text).trim_matches('"').replace("\"\"", "\""),
            _ => continue,
        };
        // How long the value of a variable is, is not known.
        if name.len() <= LONGEST || variable::is_in(&name) {
            continue;
        }
        let place = at.place.start + token.range.start..at.place.start + token.range.end;
        drafts.push(
            at.draft_at(
                &place,
                format!("this name has {} bytes: PostgreSQL cuts it off after {LONGEST}", name.len()),
            )
            .advice("choose a shorter one"),
        );
    }
    drafts
}
