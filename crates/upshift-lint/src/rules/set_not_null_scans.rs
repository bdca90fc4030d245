use super::{Check, Group, Rule};
use crate::engine::{At, Draft, Level, Rewrite};
use crate::statement::{Action, ColumnChange, ConstraintKind, LockMode, Name, Quoted, Validity};

pub(super) const RULE: Rule = Rule::new(
    Group::ChangingColumns,
    Level::Error,
    "a column is made NOT NULL: every row is looked at while nobody can use the table",
    Check::UpAndDown(check),
)
.explained(
    "SET NOT NULL reads the whole table under ACCESS EXCLUSIVE, unless a CHECK that is validated proves \
     that there is no NULL (from PostgreSQL 12 on): `x IS NOT NULL`, alone or in an AND; `x > 0` does \
     not, it lets NULL through. Three steps: the CHECK as NOT VALID (a moment), VALIDATE in a migration \
     after (nobody waits), then SET NOT NULL and away with the CHECK (a moment). From PostgreSQL 18 on \
     the constraint itself can be NOT VALID.",
    "manual, ALTER TABLE, SET/DROP NOT NULL; measured on PostgreSQL 10 to 18",
)
.examples(
    "
--- 1_orders.sql
create table orders (id bigint primary key, status text, total bigint, customer_id bigint);
--- 2_not_null.sql
alter table orders alter column total set not null;
",
    "
--- 1_orders.sql
create table orders (id bigint primary key, status text, total bigint, customer_id bigint);
--- 2_check.sql
alter table orders add constraint orders_total_not_null check (total is not null) not valid;
--- 3_validate.sql
alter table orders validate constraint orders_total_not_null;
--- 4_not_null.sql
alter table orders alter column total set not null;
alter table orders drop constraint orders_total_not_null;
--- 5_id.sql
alter table orders alter column id set not null;
--- 6_lines.sql
create table lines (id bigint primary key, total bigint);
alter table lines alter column total set not null;
",
);

fn check(at: &At<'_>) -> Vec<Draft> {
    let Some((alter, table)) = at.altered() else { return Vec::new() };
    let mut drafts = Vec::new();
    for (number, (action, place)) in alter.actions.iter().enumerate() {
        let column = match action {
            Action::AlterColumn { column, change: ColumnChange::SetNotNull } => column,
            Action::AddConstraint(one) if one.validity == Validity::Valid => match &one.kind {
                ConstraintKind::NotNull(column) => column,
                _ => continue,
            },
            _ => continue,
        };
        let majors = at.scanning(alter, number, &table);
        if majors.is_empty() {
            continue;
        }
        let lock = at.effect_on(&table, LockMode::AccessExclusive, "while the whole table is read");
        let rest = at.instead_of(alter, number, None);
        drafts.push(
            at.draft_at(
                place,
                format!(
                    "every row is looked at for a NULL in {} while \
                nobody can use {}",
                    Quoted(column),
                    at.shown(&table)
                ),
            )
            .effect(format!("{lock}{}", at.on(&majors)))
            .rewrite(in_steps(at, &table, column, rest)),
        );
    }
    drafts
}

/// The proof, its validation, NOT NULL.
fn in_steps(at: &At<'_>, table: &Name, column: &str, rest: String) -> Rewrite {
    let shown = at.shown(table);
    let there = at.catalog.table(table).and_then(|known| {
        known.constraints.iter().find(|one| {
            one.validity == Validity::NotValid
                && matches!(&one.kind, ConstraintKind::Check(check) if check.implies_not_null(column))
        })
    });
    let name = there.map_or_else(|| format!("{}_{column}_not_null", table.name), |there| there.name.clone());
    let (name, quoted) = (Quoted(&name), Quoted(column));
    let validate = format!("alter table {shown} validate constraint {name};");
    let set = format!(
        "alter table {shown} alter column {quoted} set not null;\nalter table \
        {shown} drop constraint {name};"
    );
    let not_null = (format!("{column}_not_null"), set);
    if there.is_some() {
        return at.apart(rest, vec![(format!("validate_{column}"), validate), not_null]);
    }
    let built_in = at.options.each_major().all(|major| major.0 >= 18);
    let demand =
        if built_in { format!("not null {quoted}") } else { format!("check ({quoted} is not null)") };
    let add = format!("alter table {shown} add constraint {name} {demand} not valid;");
    let here = if rest.is_empty() { add } else { format!("{rest}\n{add}") };
    let rewrite = Rewrite::this(here).then(&format!("validate_{column}"), validate);
    if built_in { rewrite } else { rewrite.then(&not_null.0, not_null.1) }
}
