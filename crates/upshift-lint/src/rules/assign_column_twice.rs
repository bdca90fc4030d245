use super::{Check, Group, Rule};
use crate::engine::{At, Draft, Level};
use crate::statement::{Quoted, Statement};

pub(super) const RULE: Rule =
    Rule::new(Group::Data, Level::Error, "one statement gives a column two values", Check::UpAndDown(check))
        .explained(
            "PostgreSQL refuses the statement: \"multiple assignments to same column\" in UPDATE, \"column \
     specified more than once\" in INSERT. The migration fails when it runs.",
            "PostgreSQL source, rewriteTargetListIU and checkInsertTargets",
        )
        .examples(
            "
--- 1_orders.sql
create table orders (id bigint primary key, status text, note text not null default '');
--- 2_note.sql
update orders set note = 'a', note = 'b' where id = 1;
",
            "
--- 1_orders.sql
create table orders (id bigint primary key, status text, note text not null default '');
--- 2_note.sql
update orders set note = 'a', status = 'b' where id = 1;
insert into orders (id, note) values (1, 'a');
",
        );

fn check(at: &At<'_>) -> Vec<Draft> {
    match at.statement {
        Statement::Update(update) => {
            let twice =
                update.columns.iter().enumerate().filter(|(n, (column, _))| {
                    update.columns.iter().take(*n).any(|(other, _)| other == column)
                });
            twice.map(|(_, (column, place))| at.draft_at(place, message(column))).collect()
        }
        Statement::Insert(insert) => {
            let twice = insert
                .columns
                .iter()
                .enumerate()
                .filter(|(n, column)| insert.columns.iter().take(*n).any(|other| other == *column));
            twice.map(|(_, column)| at.draft(message(column))).collect()
        }
        _ => Vec::new(),
    }
}

fn message(column: &str) -> String {
    format!("{} is given two values: PostgreSQL refuses this", Quoted(column))
}
