use super::{Check, Group, Rule};
use crate::catalog::{Origin, Shape};
use crate::engine::{At, Draft, Level};
use crate::statement::{Action, ColumnConstraint, ConstraintKind, Kind, Name, Statement, WhenMissing};
use crate::variable;

pub(super) const RULE: Rule = Rule::new(
    Group::Tables,
    Level::Warning,
    "a statement names a table or column that no migration made",
    Check::Up(check),
)
.explained(
    "The set begins with an empty database, so all there is was made by it; this was not. It works where somebody made \
     it by hand, and fails in the next new environment. Nothing is said where the first migrations make no table, or \
     where a DO block, a procedure or Rust code could have made it.",
    "docs/migration-files.md",
)
.examples(
    "
--- 1_orders.sql
create table orders (id bigint primary key);
--- 2_note.sql
alter table order add column note text;
",
    "
--- 1_orders.sql
create table orders (id bigint primary key);
--- 2_note.sql
alter table orders add column note text;
alter table if exists drafts add column note text;
update pg_catalog.pg_class set relname = relname where oid = 0;
",
);

fn check(at: &At<'_>) -> Vec<Draft> {
    let made_here = at.catalog.relations().any(|(_, one)| matches!(one.origin, Origin::Migration(0..=2)));
    if !made_here || !at.catalog.is_complete() {
        return Vec::new();
    }
    let missing: Vec<&Name> = tables(at).into_iter().filter(|name| is_missing(at, name)).collect();
    if let Some(name) = missing.first() {
        return vec![at.draft(format!("no migration makes {name}")).advice(nearest(at, name))];
    }
    columns(at)
        .into_iter()
        .map(|(table, column)| {
            at.draft(format!("no migration makes {table}.{column}"))
                .advice("make it in a migration, or correct the name")
        })
        .collect()
}

/// The tables a statement cannot do without.
fn tables<'a>(at: &At<'a>) -> Vec<&'a Name> {
    match at.statement {
        Statement::AlterRelation(alter) if alter.missing == WhenMissing::Fail => {
            let referred = alter.actions.iter().filter_map(|(action, _)| match action {
                Action::AddConstraint(one) => match &one.kind {
                    ConstraintKind::ForeignKey(key) => Some(&key.table),
                    _ => None,
                },
                _ => None,
            });
            std::iter::once(&alter.name).chain(referred).collect()
        }
        Statement::CreateTable(made) => {
            let own =
                made.columns.iter().flat_map(|column| &column.constraints).filter_map(|one| match one {
                    ColumnConstraint::Constraint(one) => Some(one),
                    _ => None,
                });
            let keys = own.chain(&made.constraints).filter_map(|one| match &one.kind {
                ConstraintKind::ForeignKey(key) => Some(&key.table),
                _ => None,
            });
            let parents = made.partition_of.iter().map(|(parent, _)| parent).chain(&made.inherits);
            keys.chain(parents).filter(|name| !at.is_same(name, &made.name)).collect()
        }
        Statement::CreateIndex(made) => vec![&made.table],
        Statement::CreateTrigger(made) => vec![&made.table],
        Statement::CreatePolicy { table, .. } => vec![table],
        Statement::Drop(dropped) if dropped.missing == WhenMissing::Fail => match dropped.kind {
            Kind::Table | Kind::View | Kind::MaterializedView | Kind::Index => {
                dropped.names.iter().map(|(name, _)| name).collect()
            }
            _ => dropped.on.iter().collect(),
        },
        Statement::Update(update) => vec![&update.table],
        Statement::Delete(delete) => vec![&delete.table],
        Statement::Insert(insert) => vec![&insert.table],
        Statement::Truncate { tables, .. } => tables.iter().collect(),
        _ => Vec::new(),
    }
}

fn is_missing(at: &At<'_>, name: &Name) -> bool {
    let resolved = at.catalog.resolve(name);
    let schema = resolved.schema.as_deref().unwrap_or("public");
    // The server's own; what extensions bring: PostGIS its table, others a schema of their own; where tools keep their
    // history.
    let of_tools = name.name.ends_with("migrations") || name.name.ends_with("schema_history");
    let of_extensions = name.name == "spatial_ref_sys";
    let of_variables = variable::is_in(schema) || variable::is_in(&name.name);
    let foreign = of_tools
        || of_variables
        || of_extensions
        || name.name.starts_with("pg_")
        || schema.starts_with("pg_")
        || schema == "information_schema";
    let known_schema = schema == "public"
        || at.catalog.relations().any(|(other, _)| other.schema.as_deref() == Some(schema));
    !foreign && known_schema && at.catalog.relation(name).is_none()
}

fn nearest(at: &At<'_>, name: &Name) -> String {
    let names: Vec<&str> = at
        .catalog
        .relations()
        .filter(|(_, relation)| matches!(relation.shape, Shape::Table(_)))
        .map(|(name, _)| name.name.as_str())
        .collect();
    match upshift_files::nearest(&name.name, &names) {
        Some(near) => format!("did you mean {near}?"),
        None => "make it in a migration, or correct the name".to_owned(),
    }
}

/// The columns it names that its table does not have.
fn columns<'a>(at: &At<'a>) -> Vec<(&'a Name, &'a str)> {
    let (table, named): (&Name, Vec<&str>) = match at.statement {
        Statement::AlterRelation(alter) => {
            let named = alter.actions.iter().filter_map(|(action, _)| match action {
                Action::DropColumn { column, missing: WhenMissing::Fail, .. }
                | Action::AlterColumn { column, .. } => Some(column.as_str()),
                Action::RenameColumn { from, .. } => Some(from.as_str()),
                _ => None,
            });
            let added: Vec<&str> = alter
                .actions
                .iter()
                .filter_map(|(action, _)| match action {
                    Action::AddColumn { column, .. } => Some(column.name.as_str()),
                    _ => None,
                })
                .collect();
            (&alter.name, named.filter(|column| !added.contains(column)).collect())
        }
        Statement::Update(update) => {
            (&update.table, update.columns.iter().map(|(column, _)| column.as_str()).collect())
        }
        Statement::Insert(insert) => (&insert.table, insert.columns.iter().map(String::as_str).collect()),
        _ => return Vec::new(),
    };
    let Some(known) = at.catalog.table(table) else { return Vec::new() };
    let parents = known.parents().all(|parent| at.catalog.table(parent).is_some());
    if !known.complete || !parents {
        return Vec::new();
    }
    // What a variable stands for, here or there, is not known.
    let of_variable = known.columns.iter().any(|column| variable::is_in(&column.name));
    let missing = |column: &&str| known.column(column).is_none() && !of_variable && !variable::is_in(column);
    named.into_iter().filter(missing).map(|column| (table, column)).collect()
}
