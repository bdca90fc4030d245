use super::{Check, Group, Rule};
use crate::engine::{At, Draft, Level, Rewrite};
use crate::statement::{Action, Kind, Manner, Replace, Statement, WhenExisting, WhenMissing};

pub(super) const RULE: Rule = Rule::new(
    Group::Transactions,
    Level::Warning,
    "a statement that runs outside of a transaction, among others, cannot be run twice",
    Check::UpAndDown(check),
)
.explained(
    "Where statements run one by one, a connection that is lost between two of them leaves the first done. upshift goes \
     on where it was stopped, but whether the last one got through, nobody was told: written with IF NOT EXISTS or IF \
     EXISTS it can simply be run again. CREATE INDEX CONCURRENTLY must not have it (it would take an INVALID index for \
     success); upshift clears that away by itself.",
    "docs/architecture.md",
)
.examples(
    "
--- 1_orders.sql
create table orders (id bigint primary key, status text);
--- 2_index.sql
alter table orders add column note text;
create index concurrently orders_status on orders (status);
",
    "
--- 1_orders.sql
create table orders (id bigint primary key, status text);
--- 2_index.sql
alter table orders add column if not exists note text;
create index concurrently orders_status on orders (status);
--- 3_drop.sql
drop index concurrently orders_status;
",
);

fn check(at: &At<'_>) -> Vec<Draft> {
    let others = at
        .all
        .iter()
        .filter(|(statement, _)| !matches!(statement, Statement::Set { .. } | Statement::Transaction));
    if at.runs_in_transaction() || others.count() < 2 {
        return Vec::new();
    }
    let Some((behind, guard)) = missing_guard(at.statement) else { return Vec::new() };
    let draft = at.draft("run a second time after a lost connection, this fails");
    let lower = at.text().to_ascii_lowercase();
    let place = lower.find(behind).map(|begin| begin + behind.len());
    vec![match place.and_then(|place| at.text().split_at_checked(place)) {
        Some((before, after)) => draft.rewrite(Rewrite::this(format!("{before} {guard}{after};"))),
        None => draft.advice(format!("write it with `{guard}`")),
    }]
}

/// The words behind which IF [NOT] EXISTS is missing.
pub(super) fn missing_guard(statement: &Statement) -> Option<(&'static str, &'static str)> {
    let create = "if not exists";
    match statement {
        Statement::CreateTable(made) if made.existing == WhenExisting::Fail => Some(("table", create)),
        Statement::CreateTableAs(made) if made.existing == WhenExisting::Fail => {
            Some((if made.materialized { "view" } else { "table" }, create))
        }
        Statement::CreateIndex(made)
            if made.existing == WhenExisting::Fail
                && made.manner == Manner::Blocking
                && made.name.is_some() =>
        {
            Some(("index", create))
        }
        Statement::CreateSequence { existing: WhenExisting::Fail, .. } => Some(("sequence", create)),
        Statement::CreateSchema { existing: WhenExisting::Fail, .. } => Some(("schema", create)),
        Statement::CreateExtension { existing: WhenExisting::Fail, .. } => Some(("extension", create)),
        Statement::CreateView(made) if made.replace == Replace::No => Some(("create", "or replace")),
        Statement::CreateFunction(made) if made.replace == Replace::No => Some(("create", "or replace")),
        Statement::Drop(dropped)
            if dropped.missing == WhenMissing::Fail && dropped.manner == Manner::Blocking =>
        {
            let known = !matches!(dropped.kind, Kind::Other | Kind::Database);
            known.then_some((dropped.kind.word(), "if exists"))
        }
        Statement::AlterRelation(alter) => alter.actions.iter().find_map(|(action, _)| match action {
            Action::AddColumn { existing: WhenExisting::Fail, .. } => Some(("add column", create)),
            Action::DropColumn { missing: WhenMissing::Fail, .. } => Some(("drop column", "if exists")),
            Action::DropConstraint { missing: WhenMissing::Fail, .. } => {
                Some(("drop constraint", "if exists"))
            }
            _ => None,
        }),
        _ => None,
    }
}
