use super::constraining::{Constrained, constrained};
use super::{Check, Group, Rule};
use crate::engine::{At, Draft, Level, Rewrite};
use crate::statement::{ConstraintKind, LockMode, Quoted};

pub(super) const RULE: Rule = Rule::new(
    Group::Constraints,
    Level::Error,
    "a UNIQUE or PRIMARY KEY is added: its index is built while nobody can use the table",
    Check::UpAndDown(check),
)
.explained(
    "The index behind the constraint is built under ACCESS EXCLUSIVE: nobody reads, nobody writes. Build \
     it CONCURRENTLY in a migration of its own, and make it the constraint with ADD CONSTRAINT … USING \
     INDEX, a matter of a moment; for a primary key the columns must be NOT NULL before.",
    "manual, ALTER TABLE, ADD table_constraint_using_index; measured on PostgreSQL 10 to 18",
)
.examples(
    "
--- 1_orders.sql
create table orders (id bigint primary key, status text, total bigint, customer_id bigint);
--- 2_unique.sql
alter table orders add unique (status, total);
",
    "
--- 1_orders.sql
create table orders (id bigint primary key, status text, total bigint, customer_id bigint);
--- 2_index.sql
create unique index concurrently orders_status_total_key on orders (status, total);
--- 3_unique.sql
alter table orders add constraint orders_status_total_key unique using index orders_status_total_key;
--- 4_lines.sql
create table lines (id bigint, code text);
alter table lines add primary key (id), add unique (code);
",
);

fn check(at: &At<'_>) -> Vec<Draft> {
    let mut drafts = Vec::new();
    for one in constrained(at) {
        let Some(columns) = one.key_columns() else { continue };
        if one.is_partitioned(at) || !one.looks_at_rows(at) {
            continue;
        }
        let draft = at
            .draft_at(
                one.place,
                format!(
                    "the index of this is built while \
                nobody can use {}",
                    at.shown(&one.table)
                ),
            )
            .effect(at.effect_on(&one.table, LockMode::AccessExclusive, "while the index is built"));
        drafts.push(match built_before(at, &one, columns) {
            Some(rewrite) => draft.rewrite(rewrite),
            None => draft.advice(
                "build the index CONCURRENTLY in a migration before, and add the \
                constraint USING INDEX",
            ),
        });
    }
    drafts
}

/// The index first, then the constraint. None where the constraint says something about its index:
/// INCLUDE and such.
fn built_before(at: &At<'_>, one: &Constrained<'_>, columns: &[String]) -> Option<Rewrite> {
    let text = at.text_of(&one.constraint.place).to_ascii_lowercase();
    let said = ["include", "with", "nulls", "using", "overlaps"]
        .iter()
        .any(|word| text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').any(|part| part == *word));
    if said {
        return None;
    }
    let (table, name) = (at.shown(&one.table), one.name(at));
    let index = Quoted(&name);
    let key = if matches!(one.constraint.kind, ConstraintKind::Unique(_)) { "unique" } else { "primary key" };
    let timing = text
        .find("deferrable")
        .and_then(|found| text.get(found..))
        .map_or(String::new(), |t| format!(" {t}"));
    let columns = columns.iter().map(|column| Quoted(column).to_string()).collect::<Vec<_>>().join(", ");
    let build = format!("create unique index concurrently {index} on {table} ({columns});");
    let attach = format!("{} add constraint {index} {key} using index {index}{timing};", at.head(one.alter));
    Some(at.apart(
        at.instead_of(one.alter, one.number, None),
        vec![(format!("build_{name}"), build), (format!("add_{name}"), attach)],
    ))
}
