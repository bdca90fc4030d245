use super::{Check, Group, Rule};
use crate::engine::{At, Draft, Level};
use crate::statement::{Action, ColumnChange, Expression, Quoted, Statement};

pub(super) const RULE: Rule = Rule::new(
    Group::Constraints,
    Level::Off,
    "what is added fails where the rows there are do not meet it, and nothing looks first",
    Check::Up(check),
)
.explained(
    "A UNIQUE index, a VALIDATE or a NOT NULL fails at run time when the data is not as you think, in the \
     middle of a deploy. A `guard` section asks first: where its query is false the migration waits, and \
     says which query it was. Off unless asked for.",
    "docs/migration-files.md",
)
.examples(
    "
--- 1_orders.sql
create table orders (id bigint primary key, status text, total bigint, customer_id bigint);
--- 2_unique.sql
create unique index concurrently orders_status on orders (status);
",
    "
--- 1_orders.sql
create table orders (id bigint primary key, status text, total bigint, customer_id bigint);
--- 2_unique.sql
create unique index concurrently orders_status on orders (status);
-- upshift: guard
select count(*) = 0 from (select from orders group by status having count(*) > 1) as twice;
",
);

fn check(at: &At<'_>) -> Vec<Draft> {
    if at.migration.guard().is_some() {
        return Vec::new();
    }
    match at.statement {
        Statement::CreateIndex(index) if index.unique && !at.is_unseen(&at.catalog.resolve(&index.table)) => {
            let keys = index
                .parts
                .iter()
                .map(|part: &Expression| at.text_of(&part.range))
                .collect::<Vec<_>>()
                .join(", ");
            let table = &index.table;
            vec![
                at.draft(format!(
                    "this fails where two rows of {table} have \
                the same {keys}"
                ))
                .advice(format!(
                    "a guard: `select count(*) = 0 from (select from {table} group by \
                    {keys} having count(*) > 1) as twice;`"
                )),
            ]
        }
        _ => not_null(at),
    }
}

fn not_null(at: &At<'_>) -> Vec<Draft> {
    let Some((alter, table)) = at.altered() else { return Vec::new() };
    let set = alter.actions.iter().filter_map(|(action, place)| match action {
        Action::AlterColumn { column, change: ColumnChange::SetNotNull } => Some((column, place)),
        _ => None,
    });
    let known = at.catalog.table(&table);
    let unproven = set.filter(|(column, _)| {
        !known.is_some_and(|known| {
            known.proves_not_null(column) || known.column(column).is_some_and(|one| one.not_null)
        })
    });
    let drafts = unproven.map(|(column, place)| {
        let (table, column) = (at.shown(&table), Quoted(column));
        at.draft_at(place, format!("this fails where {column} is NULL in a row of {table}"))
            .advice(format!("a guard: `select count(*) = 0 from {table} where {column} is null;`"))
    });
    drafts.collect()
}
