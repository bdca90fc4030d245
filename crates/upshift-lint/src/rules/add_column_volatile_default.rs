use super::{Check, Group, Rule};
use crate::engine::{At, Draft, Level, Rewrite};
use crate::statement::{Action, ColumnConstraint, LockMode, Statement};

pub(super) const RULE: Rule = Rule::new(
    Group::AddingColumns,
    Level::Error,
    "a column is added whose default differs from row to row: the whole table is written anew",
    Check::UpAndDown(check),
)
.explained(
    "A default that is the same for every row (a constant, `now()`) is kept in the catalogue and costs nothing. One that \
     is not (`random()`, `gen_random_uuid()`, `clock_timestamp()`, `nextval()`, a function that is not declared stable) \
     makes PostgreSQL write every row and every index anew while nobody can even read. Add the column without, set the \
     default for new rows, and fill the old ones in batches.",
    "manual, ALTER TABLE, Notes; measured on 10 to 18",
)
.examples(
    "
--- 1_orders.sql
create table orders (id bigint primary key);
--- 2_token.sql
alter table orders add column token uuid default gen_random_uuid();
",
    "
--- 1_orders.sql
create table orders (id bigint primary key);
--- 2_token.sql
alter table orders add column token uuid;
alter table orders alter column token set default gen_random_uuid();
--- 3_fill_token.sql
-- upshift: backfill table=orders
update orders set token = gen_random_uuid() where token is null;
-- upshift: down
update orders set token = null where token is null;
",
);

fn check(at: &At<'_>) -> Vec<Draft> {
    let Statement::AlterRelation(alter) = at.statement else { return Vec::new() };
    let table = at.catalog.resolve(&alter.name);
    if at.is_unseen(&table) {
        return Vec::new();
    }
    let mut drafts = Vec::new();
    for (action, _) in &alter.actions {
        let Action::AddColumn { column, .. } = action else { continue };
        for constraint in &column.constraints {
            let ColumnConstraint::Default(default) = constraint else { continue };
            if !at.is_volatile(default) {
                continue;
            }
            let (name, value) = (&column.name, at.text_of(&default.range));
            drafts.push(
                at.draft_at(&default.range, format!("this default differs from row to row: all of {table} is written anew"))
                    .effect(at.effect_on(&table, LockMode::AccessExclusive, "while every row and index is written anew"))
                    .rewrite(
                        Rewrite::this(format!(
                            "alter table {table} add column {name} {};\n\
                             alter table {table} alter column {name} set default {value};",
                            at.text_of(&column.type_place),
                        ))
                        .then(
                            &format!("fill_{name}"),
                            format!(
                                "-- upshift: backfill table={table}\n\
                                 update {table} set {name} = {value} where {name} is null;"
                            ),
                        ),
                    ),
            );
        }
    }
    drafts
}
