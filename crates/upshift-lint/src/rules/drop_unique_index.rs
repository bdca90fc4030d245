use super::indexing::is_same;
use super::{Check, Group, Rule};
use crate::catalog::Index;
use crate::engine::{At, Draft, Level};
use crate::statement::{Kind, Quoted};

pub(super) const RULE: Rule = Rule::new(
    Group::Indexes,
    Level::Warning,
    "a unique index is dropped while the release that relies on it still runs",
    Check::Up(check),
)
.explained(
    "From now on rows come in twice, and `insert … on conflict (…)` of the release before this one fails: \
     there is no unique index left that it means. Drop it in a contract. Nothing is said where another \
     unique index over the same columns stays.",
    "manual, INSERT, ON CONFLICT",
)
.examples(
    "
--- 1_orders.sql
create table orders (id bigint primary key, status text, total int, code varchar(20));
create unique index orders_code on orders (code);
--- 2_drop.sql
drop index concurrently orders_code;
",
    "
--- 1_orders.sql
create table orders (id bigint primary key, status text, total int, code varchar(20));
create unique index orders_code on orders (code);
create unique index orders_code_too on orders (code) include (total);
create index orders_status on orders (status);
--- 2_drop.sql
drop index concurrently orders_code;
drop index concurrently orders_status;
--- 3_drop.sql
-- upshift: phase contract
drop index concurrently orders_code_too;
",
);

fn check(at: &At<'_>) -> Vec<Draft> {
    let mut drafts = Vec::new();
    for (_, name, place) in at.dropped(&[Kind::Index]).into_iter().filter(|_| at.must_not_break_old_code()) {
        let Some(old) = at.catalog.index(name).filter(|old| old.unique && old.valid) else { continue };
        let full = at.catalog.resolve(name);
        let replaced =
            at.catalog.indexes_of(&old.table).any(|(other, index)| *other != full && replaces(index, old));
        let plain = old.leading_columns().len() == old.parts.len();
        let again = plain && at.is_made_unique_later(&old.table, &old.leading_columns());
        if replaced || again && old.predicate.is_none() || at.is_unseen(&old.table) {
            continue;
        }
        drafts.push(
            at.draft_at(
                place,
                format!(
                    "the release before this one relies on {}: its `on \
                conflict` fails without",
                    Quoted(&name.name)
                ),
            )
            .rewrite(at.in_a_contract()),
        );
    }
    drafts
}

/// Whether it keeps out what the other does.
fn replaces(index: &Index, old: &Index) -> bool {
    let predicate = match (&index.predicate, &old.predicate) {
        (None, _) => true,
        (Some(one), Some(other)) => is_same(one, other),
        (Some(_), None) => false,
    };
    let same = index.parts.iter().all(|part| old.parts.iter().any(|other| is_same(part, other)));
    index.unique && index.valid && predicate && same && index.parts.len() == old.parts.len()
}
