use super::{Check, Group, Rule};
use crate::engine::{At, Draft, Level};

pub(super) const RULE: Rule = Rule::new(
    Group::Tables,
    Level::Warning,
    "a column is added to a published table: a subscriber that does not have it stops",
    Check::Up(check),
)
.explained(
    "Logical replication does not carry over changes of tables. The first row with the new column makes the subscriber's \
     apply worker fail, again and again, and the publisher keeps all WAL for it. Add the column on the subscriber first.",
    "manual, 29.8 Restrictions (logical replication)",
)
.examples(
    "
--- 1_orders.sql
create table orders (id bigint primary key);
create publication changes for table orders;
--- 2_note.sql
alter table orders add column note text;
",
    "
--- 1_orders.sql
create table orders (id bigint primary key);
create publication changes for table orders;
--- 2_note.sql
-- upshift: allow published-column-unknown-to-subscriber because the subscriber has had it since yesterday
alter table orders add column note text;
",
);

fn check(at: &At<'_>) -> Vec<Draft> {
    let mut drafts = Vec::new();
    for (alter, table, _, column) in at.added_columns() {
        let Some(publication) = at.catalog.publications_of(&table).next() else { continue };
        drafts.push(
            at.draft_at(&column.place, format!("{} is in the publication {publication}", alter.name))
                .advice(format!("add {} on every subscriber first", column.name)),
        );
    }
    drafts
}
