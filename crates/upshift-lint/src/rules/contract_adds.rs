use super::{Check, Group, Rule};
use crate::engine::{At, Draft, Level};
use crate::statement::{Action, Persistence, Statement};

pub(super) const RULE: Rule = Rule::new(
    Group::Data,
    Level::Warning,
    "a contract makes what new code may need at once",
    Check::Up(check),
)
.explained(
    "A contract waits until every old instance is gone, for days perhaps; the release that embeds it runs all that time. \
     A table or column it needs must come with an expand, which is applied at boot.",
    "docs/rollouts.md",
)
.examples(
    "
--- 1_orders.sql
create table orders (id bigint primary key, note text);
--- 2_contract.sql
-- upshift: phase contract
alter table orders drop column note;
alter table orders add column remark text;
",
    "
--- 1_orders.sql
create table orders (id bigint primary key, note text);
--- 2_remark.sql
alter table orders add column remark text;
--- 3_contract.sql
-- upshift: phase contract
create temporary table kept (id bigint);
alter table orders drop column note;
",
);

fn check(at: &At<'_>) -> Vec<Draft> {
    if at.migration.header().phase != upshift_files::Phase::Contract {
        return Vec::new();
    }
    let advice = "make it in an expand of its own, which is applied at boot";
    match at.statement {
        Statement::CreateTable(made) => {
            let apart = made.persistence == Persistence::Temporary || made.partition_of.is_some();
            match apart || at.catalog.relation(&made.name).is_some() {
                true => Vec::new(),
                false => vec![
                    at.draft(format!("{} is not there before the contract is applied", made.name))
                        .advice(advice),
                ],
            }
        }
        Statement::AlterRelation(_) => {
            let added = at
                .added_columns()
                .into_iter()
                .filter(|(alter, _, _, column)| !takes_place(at, &alter.name, &column.name));
            added
                .map(|(alter, _, _, column)| {
                    let message =
                        format!("{}.{} is not there before the contract is applied", alter.name, column.name);
                    at.draft_at(&column.place, message).advice(advice)
                })
                .collect()
        }
        _ => Vec::new(),
    }
}

/// Whether the contract dropped, renamed or hid a column of this name first.
fn takes_place(at: &At<'_>, table: &crate::statement::Name, column: &str) -> bool {
    at.before().chain([at.statement]).any(|one| match one {
        Statement::AlterRelation(alter) if at.is_same(&alter.name, table) => {
            alter.actions.iter().any(|(action, _)| match action {
                Action::DropColumn { column: gone, .. } => gone == column,
                Action::RenameColumn { from, .. } => from == column,
                _ => false,
            })
        }
        _ => false,
    })
}
