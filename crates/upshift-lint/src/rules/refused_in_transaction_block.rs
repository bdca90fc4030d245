use super::{Check, Group, Rule};
use crate::engine::{At, Draft, Level};
use upshift_files::sql::{StatementKind, TransactionControl};

pub(super) const RULE: Rule = Rule::new(
    Group::Indexes,
    Level::Error,
    "a statement stands between BEGIN and COMMIT that PostgreSQL refuses there",
    Check::UpAndDown(check),
)
.explained(
    "CONCURRENTLY, VACUUM, ALTER SYSTEM and their like begin and end transactions by themselves: inside \
     of one they are refused (25001). Leave BEGIN and COMMIT out: upshift runs a migration in a \
     transaction by itself, and one with such a statement statement by statement.",
    "manual, CREATE INDEX; docs/migration-files.md",
)
.examples(
    "
--- 1_orders.sql
create table orders (id bigint primary key, status text);
--- 2_index.sql
begin;
create index concurrently orders_status on orders (status);
commit;
",
    "
--- 1_orders.sql
create table orders (id bigint primary key, status text);
--- 2_index.sql
create index concurrently orders_status on orders (status);
",
);

fn check(at: &At<'_>) -> Vec<Draft> {
    let newest = at.options.each_major().last().map_or(18, |major| major.0);
    let Some((_, cut)) = at.all.get(at.number) else { return Vec::new() };
    if !cut.refused_in_transaction(newest) {
        return Vec::new();
    }
    let control = at.all.iter().take(at.number).rev().find_map(|(_, cut)| match &cut.kind {
        StatementKind::TransactionControl(control) => Some(control),
        _ => None,
    });
    let open = matches!(
        control,
        Some(
            TransactionControl::Begin
                | TransactionControl::CommitAndChain
                | TransactionControl::RollbackAndChain
        )
    );
    match open {
        true => vec![at.draft("PostgreSQL refuses this statement between BEGIN and COMMIT").advice(
            "leave BEGIN and COMMIT out: upshift knows which statements need a \
                    transaction and which refuse one",
        )],
        false => Vec::new(),
    }
}
