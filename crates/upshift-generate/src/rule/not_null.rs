//! NOT NULL as a constraint with a name, as PostgreSQL 18 has it: one of the facts where it says more than its column.

use upshift_schema::{Fact, Kind};

use super::column::{Column, Nullable};
use super::{Context, Draft};
use crate::text::{bare, container, last, quoted};

/// The column that a definition is about, and whether it says no more than that.
fn read(definition: &str) -> Option<(&str, Says)> {
    let text = definition.strip_prefix("NOT NULL ")?;
    let end = [" NO INHERIT", " NOT VALID"].iter().filter_map(|it| crate::text::find(text, it)).min();
    Some(end.map_or((text, Says::Name), |end| (&text[..end], Says::More)))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Says {
    /// A name of its own.
    Name,
    /// That it is not inherited, or not known to hold.
    More,
}

/// The column of such a constraint; `None` for every other.
pub(crate) fn column(definition: &str) -> Option<&str> {
    read(definition).map(|it| it.0)
}

/// The name that CREATE TABLE and ADD COLUMN have to say.
pub(super) fn name<'a>(context: &Context<'a>, id: &str) -> Option<&'a str> {
    let facts = context.new.snapshot.facts().iter().filter(|it| it.kind == Kind::Constraint);
    let own = facts.filter(|it| container(&it.id) == container(id));
    let named = own.filter(|it| read(&it.definition) == Some((last(id), Says::Name)));
    named.map(|it| last(&it.id)).next()
}

pub(super) fn create(context: &Context<'_>, fact: &Fact) -> Vec<Draft> {
    let Some((column, says)) = read(&fact.definition) else { return Vec::new() };
    let (table, name) = (container(&fact.id), last(&fact.id));
    let own = own_name(table, column);
    let is_there = context.old.snapshot.get(Kind::Column, &format!("{table}.{column}")).is_some();
    match says {
        Says::More => vec![
            Draft::expand(format!("ALTER TABLE {table} ALTER COLUMN {column} DROP NOT NULL")),
            Draft::expand(format!("ALTER TABLE {table} ADD CONSTRAINT {name} {}", fact.definition)),
        ],
        Says::Name if is_there && own != name => vec![rename(table, &own, name)],
        Says::Name => Vec::new(),
    }
}

pub(super) fn drop(context: &Context<'_>, fact: &Fact) -> Vec<Draft> {
    let Some((column, says)) = read(&fact.definition) else { return Vec::new() };
    let (table, name) = (container(&fact.id), last(&fact.id));
    let after = context.new.snapshot.get(Kind::Column, &format!("{table}.{column}"));
    if after.is_none_or(|it| Column::read(it).not_null == Nullable::Null) {
        // It goes with what its column is.
        return Vec::new();
    }
    match says {
        Says::More => vec![
            Draft::expand(format!("ALTER TABLE {table} DROP CONSTRAINT {name}")),
            Draft::expand(format!("ALTER TABLE {table} ALTER COLUMN {column} SET NOT NULL")),
        ],
        Says::Name => vec![rename(table, name, &own_name(table, column))],
    }
}

fn rename(table: &str, from: &str, to: &str) -> Draft {
    Draft::expand(format!("ALTER TABLE {table} RENAME CONSTRAINT {from} TO {to}"))
}

/// The name that the server gives: both parts are cut, the longer one first, until all is 63 bytes (`makeObjectName`).
fn own_name(table: &str, column: &str) -> String {
    let (mut table, mut column) = (bare(last(table)), bare(column));
    while table.len() + column.len() > 63 - "__not_null".len() {
        let longer = if table.len() > column.len() { &mut table } else { &mut column };
        longer.pop();
    }
    quoted(&format!("{table}_{column}_not_null"))
}

#[cfg(test)]
mod tests {
    use super::own_name;

    #[test]
    fn the_servers_own_name_is_known() {
        assert_eq!(own_name("app.users", "name"), "users_name_not_null");
        assert_eq!(own_name("app.\"Users\"", "name"), "\"Users_name_not_null\"");
        let (table, column) = ("t".repeat(60), "c".repeat(20));
        assert_eq!(own_name(&table, &column), format!("{}_{column}_not_null", &table[..33]));
    }
}
