use super::retyping::retyped;
use super::{Check, Group, Rule};
use crate::catalog::{Catalog, Type};
use crate::engine::{At, Draft, Level};
use crate::statement::{Quoted, TypeName};

pub(super) const RULE: Rule = Rule::new(
    Group::ChangingColumns,
    Level::Error,
    "a type is changed under the release that reads the old one",
    Check::Up(check),
)
.explained(
    "Nothing is written anew, but the column now arrives as another type: code that decodes it strictly, \
     as Rust does, fails on every row from the commit on; timestamp to timestamptz also says another \
     thing. (Between text and varchar, and where only lengths change, nothing arrives differently.) Add a \
     new column beside the old one and switch over; or change the type in a contract, with code that \
     reads both.",
    "docs/rollouts.md",
)
.examples(
    "
--- 1_hosts.sql
create table hosts (id bigint primary key, address cidr);
--- 2_address.sql
alter table hosts alter column address type inet;
",
    "
--- 1_hosts.sql
create domain cents as bigint;
create table hosts (id bigint primary key, address cidr, name varchar(20), price numeric(10,2), cost bigint);
--- 2_name.sql
alter table hosts alter column name type text, alter column price type numeric(20,2), alter column cost type cents;
--- 3_address.sql
-- upshift: phase contract
alter table hosts alter column address type inet;
",
);

fn check(at: &At<'_>) -> Vec<Draft> {
    let Some((_, table)) = at.altered().filter(|_| at.must_not_break_old_code()) else { return Vec::new() };
    // What writes the table anew must go another way altogether.
    let changed = retyped(at).into_iter().filter(|one| {
        one.rewriting(at).is_empty()
            && !at.is_new_column(&table, one.column)
            && one.from.is_some_and(|from| arrives_as(at.catalog, from) != arrives_as(at.catalog, one.to))
    });
    let drafts = changed.map(|one| {
        let (shown, column) = (at.shown(&table), Quoted(one.column));
        at.draft_at(
            one.place,
            format!(
                "the release before this one cannot read \
            {shown}.{column} as {}",
                one.to
            ),
        )
        .rewrite(at.in_a_contract())
    });
    drafts.collect()
}

/// What a client is told a value is: below a domain its type; text and varchar are one to every driver.
fn arrives_as(catalog: &Catalog, of: &TypeName) -> TypeName {
    let mut of = of.clone();
    for _ in 0..8 {
        let Some(Type::Domain(domain)) = catalog.type_of(&of).filter(|_| of.dimensions == 0) else { break };
        of = domain.base.clone();
    }
    if of.name.name == "character varying" {
        of = TypeName { name: TypeName::plain("text").name, ..of };
    }
    TypeName { modifiers: Vec::new(), ..of }
}
