use super::{Check, Group, Rule};
use crate::engine::{At, Draft, Level};
use crate::statement::{Name, Statement};

pub(super) const RULE: Rule = Rule::new(
    Group::Style,
    Level::Off,
    "a table or view is made without its schema",
    Check::Up(check),
)
.explained(
    "Where it lands is decided by the search_path of whoever migrates. Off unless asked for: most databases have one \
     schema.",
    "manual, 5.10.3 The Schema Search Path",
)
.examples(
    "
--- 1_orders.sql
create table orders (id bigint primary key);
",
    "
--- 1_orders.sql
create table public.orders (id bigint primary key);
create temporary table scratch (id bigint);
",
);

fn check(at: &At<'_>) -> Vec<Draft> {
    let temporary = crate::statement::Persistence::Temporary;
    let made: &Name = match at.statement {
        Statement::CreateTable(made) if made.persistence != temporary => &made.name,
        Statement::CreateTableAs(made) if made.persistence != temporary => &made.name,
        Statement::CreateView(made) if made.persistence != temporary => &made.name,
        _ => return Vec::new(),
    };
    match made.schema {
        Some(_) => Vec::new(),
        None => vec![
            at.draft(format!("{made} has no schema")).advice(format!("write `public.{made}`, or another")),
        ],
    }
}
