use super::constraining::constrained;
use super::{Check, Group, Rule};
use crate::effect::Major;
use crate::engine::{At, Draft, Level};
use crate::statement::{ColumnConstraint, Constraint, Enforcement, Statement};

pub(super) const RULE: Rule = Rule::new(
    Group::Constraints,
    Level::Warning,
    "a constraint is NOT ENFORCED: it demands nothing",
    Check::Up(check),
)
.explained(
    "NOT ENFORCED (from PostgreSQL 18 on, a syntax error before) only writes down what somebody believes: \
     no row is looked at, neither new nor old. It is no NOT VALID, which new rows must meet. To enforce \
     it later looks at every row.",
    "manual, CREATE TABLE, NOT ENFORCED; measured on PostgreSQL 10 to 18",
)
.examples(
    "
--- 1_orders.sql
create table orders (id bigint primary key, status text, total bigint, customer_id bigint);
--- 2_check.sql
alter table orders add constraint total_is_positive check (total > 0) not enforced;
",
    "
--- 1_orders.sql
create table orders (id bigint primary key, status text, total bigint, customer_id bigint);
--- 2_check.sql
alter table orders add constraint total_is_positive check (total > 0) not valid;
--- 3_validate.sql
alter table orders validate constraint total_is_positive;
",
);

fn check(at: &At<'_>) -> Vec<Draft> {
    let refusing: Vec<Major> = at.options.each_major().filter(|major| major.0 < 18).collect();
    let say = |one: &Constraint| {
        let refused = match refusing.is_empty() {
            true => String::new(),
            false => format!(", and a syntax error{}", at.on(&refusing)),
        };
        at.draft_at(&one.place, format!("NOT ENFORCED demands nothing of any row{refused}"))
    };
    let mut drafts: Vec<Draft> = Vec::new();
    for one in
        constrained(at).into_iter().filter(|one| one.constraint.enforcement == Enforcement::NotEnforced)
    {
        let text = at.text_of(one.place);
        let word = text.to_ascii_lowercase().rfind("not enforced");
        let mended = word.map(|word| {
            format!("{}not valid{}", text.get(..word).unwrap_or(""), text.get(word + 12..).unwrap_or(""))
        });
        let draft = say(one.constraint);
        drafts.push(match mended {
            Some(mended) => draft.rewrite(crate::engine::Rewrite::this(at.instead_of(
                one.alter,
                one.number,
                Some(&mended),
            ))),
            None => draft,
        });
    }
    if let Statement::CreateTable(created) = at.statement {
        let own = created.columns.iter().flat_map(|column| &column.constraints).filter_map(|one| match one {
            ColumnConstraint::Constraint(one) => Some(one),
            _ => None,
        });
        let of_table = created.constraints.iter().chain(own);
        drafts.extend(of_table.filter(|one| one.enforcement == Enforcement::NotEnforced).map(say));
    }
    drafts
}
