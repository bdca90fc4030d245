use std::collections::BTreeSet;

use super::{Check, Group, Rule};
use crate::engine::{At, Draft, Level};
use crate::statement::{Kind, LockMode, Name};

pub(super) const RULE: Rule = Rule::new(
    Group::Tables,
    Level::Warning,
    "a table is dropped whose foreign keys lock several others",
    Check::Up(check),
)
.explained(
    "Dropping a table drops its foreign keys, and each takes ACCESS EXCLUSIVE of the table it refers to: all of them \
     stand still at once, and whoever locks two of them in another order is a deadlock. Drop the foreign keys first, one \
     migration each; then the table goes without touching anybody.",
    "measured on 10 to 18",
)
.examples(
    "
--- 1_tables.sql
create table users (id bigint primary key);
create table products (id bigint primary key);
create table likes (
    user_id bigint references users (id),
    product_id bigint references products (id),
    primary key (user_id, product_id)
);
--- 2_drop.sql
-- upshift: phase contract
drop table likes;
",
    "
--- 1_tables.sql
create table users (id bigint primary key);
create table products (id bigint primary key);
create table likes (
    user_id bigint references users (id),
    product_id bigint references products (id),
    primary key (user_id, product_id)
);
--- 2_user.sql
-- upshift: phase contract
alter table likes drop constraint likes_user_id_fkey;
--- 3_product.sql
-- upshift: phase contract
alter table likes drop constraint likes_product_id_fkey;
--- 4_drop.sql
-- upshift: phase contract
drop table likes;
",
);

fn check(at: &At<'_>) -> Vec<Draft> {
    if at.must_not_break_old_code() {
        // Then it must not be dropped at all, and another rule says so.
        return Vec::new();
    }
    let gone = at.dropped(&[Kind::Table]);
    let dropped_with = |name: &Name| gone.iter().any(|(_, other, _)| at.is_same(other, name));
    let mut drafts = Vec::new();
    for (_, name, place) in &gone {
        let Some(table) = at.catalog.table(name) else { continue };
        let parents: BTreeSet<&Name> = table.constraints.iter().filter_map(|one| one.refers_to()).collect();
        let parents: Vec<&Name> =
            parents.into_iter().filter(|parent| !dropped_with(parent) && !at.is_unseen(parent)).collect();
        let [first, .., _] = parents.as_slice() else { continue };
        let shown: Vec<String> = parents.iter().map(|parent| at.shown(parent).to_string()).collect();
        drafts.push(
            at.draft_at(place, format!("dropping {name} locks {} as well", shown.join(", ")))
                .effect(at.effect_on(
                    first,
                    LockMode::AccessExclusive,
                    "and the others, to the end of the transaction",
                ))
                .advice("drop its foreign keys first, each in a migration of its own"),
        );
    }
    drafts
}
