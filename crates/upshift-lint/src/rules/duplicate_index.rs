use super::indexing::is_same;
use super::{Check, Group, Rule};
use crate::catalog::Index;
use crate::engine::{At, Draft, Level};
use crate::statement::{CreateIndex, Quoted, Statement};

pub(super) const RULE: Rule = Rule::new(
    Group::Indexes,
    Level::Warning,
    "an index is there already, or is the beginning of another",
    Check::Up(check),
)
.explained(
    "Every write pays for both, and no query is faster for it. An index over (a, b) serves what one over \
     (a) does; a primary key and a UNIQUE have theirs already. Nothing is said of unique indexes beside \
     longer ones, of other methods, other operator classes, and other WHEREs.",
    "manual, Multicolumn Indexes",
)
.examples(
    "
--- 1_orders.sql
create table orders (id bigint primary key, status text, total int, code varchar(20));
--- 2_index.sql
create index concurrently orders_id on orders (id);
",
    "
--- 1_orders.sql
create table orders (id bigint primary key, status text, total int, code varchar(20));
create index orders_status on orders (status);
--- 2_index.sql
create index concurrently orders_status_like on orders (status text_pattern_ops);
create index concurrently orders_status_total on orders (status, total);
create index concurrently orders_open on orders (status) where total > 0;
create unique index concurrently orders_code on orders (code);
",
);

fn check(at: &At<'_>) -> Vec<Draft> {
    let Statement::CreateIndex(index) = at.statement else { return Vec::new() };
    let own = index.name.as_deref();
    let twin = at
        .catalog
        .indexes_of(&index.table)
        .find(|(name, there)| Some(name.name.as_str()) != own && serves(there, index));
    let Some((name, there)) = twin else { return Vec::new() };
    let table = at.shown(&at.catalog.resolve(&index.table));
    let message = match there.parts.len() == index.parts.len() {
        true => format!("{} of {table} is this index already", Quoted(&name.name)),
        false => format!(
            "{} of {table} begins with these columns: it serves \
            the same queries",
            Quoted(&name.name)
        ),
    };
    vec![at.draft(message).advice(
        "leave it out; if it is to take the place of the other, drop \
        that one after it",
    )]
}

/// Whether an index does all that another would.
fn serves(there: &Index, new: &CreateIndex) -> bool {
    let option = |all: &[String], at: usize| all.get(at).cloned().unwrap_or_default();
    let same = |at: usize| match (there.parts.get(at), new.parts.get(at)) {
        (Some(one), Some(other)) => {
            is_same(one, other) && option(&there.part_options, at) == option(&new.part_options, at)
        }
        _ => false,
    };
    let begins = (0..new.parts.len()).all(same);
    let predicate = match (&there.predicate, &new.predicate) {
        (None, None) => true,
        (Some(one), Some(other)) => is_same(one, other),
        _ => false,
    };
    let exact = there.parts.len() == new.parts.len();
    let covers = new.include.iter().all(|column| there.include.contains(column));
    let enough = if exact { there.unique || !new.unique } else { new.method == "btree" && !new.unique };
    there.valid && there.method == new.method && begins && predicate && covers && enough
}
