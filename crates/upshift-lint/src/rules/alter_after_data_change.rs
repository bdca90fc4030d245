use super::{Check, Group, Rule};
use crate::engine::{At, Draft, Level};
use crate::statement::{Deferrable, Name, Statement};

pub(super) const RULE: Rule = Rule::new(
    Group::Transactions,
    Level::Warning,
    "a table is altered after its rows were changed in the same transaction: checks that are still due make it fail",
    Check::UpAndDown(check),
)
.explained(
    "A constraint that is INITIALLY DEFERRED is checked at COMMIT; until then PostgreSQL refuses ALTER TABLE with `cannot \
     ALTER TABLE because it has pending trigger events`, as soon as one row was changed. On an empty test database it \
     works. Change rows and table in two migrations.",
    "src/backend/commands/tablecmds.c, CheckTableNotInUse",
)
.examples(
    "
--- 1_tables.sql
create table users (id bigint primary key);
create table orders (
    id bigint primary key,
    user_id bigint references users (id) deferrable initially deferred
);
create index orders_user on orders (user_id);
--- 2_mend.sql
update orders set user_id = 1 where id = 17;
alter table orders add column note text;
",
    "
--- 1_tables.sql
create table users (id bigint primary key);
create table orders (
    id bigint primary key,
    user_id bigint references users (id) deferrable initially deferred
);
create index orders_user on orders (user_id);
--- 2_mend.sql
update orders set user_id = 1 where id = 17;
--- 3_note.sql
alter table orders add column note text;
",
);

fn check(at: &At<'_>) -> Vec<Draft> {
    let Some((alter, table)) = at.altered().filter(|_| at.runs_in_transaction()) else { return Vec::new() };
    let changed = at.before().any(|one| match one {
        Statement::Insert(insert) => at.is_same(&insert.table, &table),
        Statement::Update(update) => at.is_same(&update.table, &table),
        Statement::Delete(delete) => at.is_same(&delete.table, &table),
        _ => false,
    });
    if !changed || !has_deferred(at, &table) {
        return Vec::new();
    }
    vec![
        at.draft(format!("rows of {} were changed before, and checks of them may still be due", alter.name))
            .rewrite(at.in_its_own(&format!("alter_{}", table.name))),
    ]
}

fn has_deferred(at: &At<'_>, table: &Name) -> bool {
    let own = at.catalog.table(table).into_iter().flat_map(|found| &found.constraints);
    let referring = at.catalog.references_to(table).map(|(_, one)| one);
    own.chain(referring).any(|one| one.deferrable == Deferrable::Yes)
}
