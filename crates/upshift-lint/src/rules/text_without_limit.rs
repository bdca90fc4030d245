use super::{Check, Group, Rule};
use crate::engine::{At, Draft, Level};
use crate::statement::{Action, Column, ColumnConstraint, Constraint, ConstraintKind, Statement};

pub(super) const RULE: Rule = Rule::new(
    Group::AddingColumns,
    Level::Off,
    "a text column has no limit of its length",
    Check::Up(check),
)
.explained(
    "What a service lets in, somebody will send: one row of a few hundred megabytes is slow for everybody \
     who reads its neighbours. A CHECK on the length can be changed later without a rewrite, which \
     `varchar(n)` cannot (to shrink it writes the table anew).",
    "GitLab, Database guides, Text limits",
)
.examples(
    "
--- 1_orders.sql
create table orders (id bigint primary key, note text);
",
    "
--- 1_orders.sql
create table orders (id bigint primary key, note text check (length(note) <= 1000), code varchar(20));
",
);

fn check(at: &At<'_>) -> Vec<Draft> {
    let (columns, constraints): (Vec<&Column>, Vec<&Constraint>) = match at.statement {
        Statement::CreateTable(created) => {
            (created.columns.iter().collect(), created.constraints.iter().collect())
        }
        Statement::AlterRelation(alter) => {
            let actions = || alter.actions.iter().map(|(action, _)| action);
            (
                actions()
                    .filter_map(
                        |one| if let Action::AddColumn { column, .. } = one { Some(column) } else { None },
                    )
                    .collect(),
                actions()
                    .filter_map(|one| if let Action::AddConstraint(added) = one { Some(added) } else { None })
                    .collect(),
            )
        }
        _ => return Vec::new(),
    };
    let unlimited = columns.into_iter().filter(|column| {
        let own = column.constraints.iter().filter_map(|one| match one {
            ColumnConstraint::Constraint(one) => Some(one),
            _ => None,
        });
        let mut checks = own.chain(constraints.iter().copied());
        let limited = checks.any(|one| {
            matches!(&one.kind, ConstraintKind::Check(check)
            if check.columns().any(|used| used == column.name))
        });
        (column.type_name.is("text")
            || column.type_name.is("character varying") && column.type_name.modifiers.is_empty())
            && !limited
    });
    let drafts = unlimited.map(|column| {
        at.draft_at(&column.place, format!("{} may be as long as a gigabyte", column.name))
            .advice(format!("a CHECK of its length: `check (length({}) <= 1000)`", column.name))
    });
    drafts.collect()
}
