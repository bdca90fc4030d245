use super::drop_key_with_references::referring;
use super::{Check, Group, Rule};
use crate::engine::{At, Draft, Level, Rewrite};
use crate::statement::{Action, Dependants, Kind, Name, Statement};

pub(super) const RULE: Rule = Rule::new(
    Group::Tables,
    Level::Error,
    "CASCADE drops whatever depends on it, named or not",
    Check::Up(check),
)
.explained(
    "CASCADE takes away views, foreign keys, columns, triggers and functions that nobody reads about in the migration, \
     and those that others made by hand. Drop what depends on it by name; then the migration says what it does, and \
     fails where there is more.",
    "manual, 5.15 Dependency Tracking",
)
.examples(
    "
--- 1_orders.sql
create table orders (id bigint primary key, total bigint);
create view open_orders as select id, total from orders;
--- 2_drop.sql
-- upshift: phase contract
drop table orders cascade;
",
    "
--- 1_orders.sql
create table orders (id bigint primary key, total bigint);
create view open_orders as select id, total from orders;
--- 2_drop.sql
-- upshift: phase contract
drop view open_orders;
drop table orders;
",
);

fn check(at: &At<'_>) -> Vec<Draft> {
    let mut gone: Vec<(String, Vec<String>)> = Vec::new();
    match at.statement {
        Statement::Drop(dropped) if dropped.dependants == Dependants::Drop => {
            for (_, name, _) in at.dropped(&[dropped.kind]) {
                gone.push((name.to_string(), dependants(at, dropped.kind, name)));
            }
        }
        Statement::AlterRelation(alter) if !at.is_unseen(&alter.name) => {
            for (action, _) in &alter.actions {
                match action {
                    Action::DropColumn { column, dependants: Dependants::Drop, .. }
                        if !at.is_new_column(&alter.name, column) =>
                    {
                        let views = at.catalog.views_of(&alter.name).filter(|(_, view)| view.may_use(column));
                        let views = views.map(|(name, _)| format!("view {}", at.shown(name))).collect();
                        gone.push((format!("{}.{column}", alter.name), views));
                    }
                    // Where foreign keys refer to it, drop-key-with-references says which.
                    Action::DropConstraint { name, dependants: Dependants::Drop, .. }
                        if referring(at, &at.catalog.resolve(&alter.name), name).is_empty() =>
                    {
                        gone.push((name.clone(), references(at, &alter.name)));
                    }
                    _ => {}
                }
            }
        }
        _ => {}
    }
    let drafts = gone.into_iter().map(|(what, also)| {
        let draft = at.draft(format!("CASCADE drops whatever depends on {what}"));
        let draft = match also.is_empty() {
            true => draft,
            false => {
                draft.effect(format!("drops {} as well, as far as the migrations tell", also.join(", ")))
            }
        };
        match without_cascade(at.text()) {
            Some(text) if also.is_empty() => draft.rewrite(Rewrite::this(text)),
            _ => draft.advice("drop what depends on it by name, before it, and leave CASCADE out"),
        }
    });
    drafts.collect()
}

/// What the migrations made that goes with it.
fn dependants(at: &At<'_>, kind: Kind, name: &Name) -> Vec<String> {
    let views = at.catalog.views_of(name).map(|(view, _)| format!("view {}", at.shown(view)));
    match kind {
        Kind::Table | Kind::View | Kind::MaterializedView => views.chain(references(at, name)).collect(),
        Kind::Type | Kind::Domain => {
            let columns = at.catalog.columns_of_type(name).into_iter();
            columns.map(|(table, column)| format!("column {}.{}", at.shown(table), column.name)).collect()
        }
        Kind::Function | Kind::Procedure => {
            let tables = at.catalog.relations().filter_map(|(table, found)| Some((table, found.as_table()?)));
            let calls = tables.flat_map(|(table, found)| found.triggers.iter().map(move |one| (table, one)));
            let own = calls.filter(|(_, trigger)| trigger.function.name == name.name);
            own.map(|(table, trigger)| format!("trigger {} of {}", trigger.name, at.shown(table))).collect()
        }
        Kind::Schema => {
            let inside = at.catalog.relations().filter(|(one, _)| one.schema.as_deref() == Some(&name.name));
            inside.map(|(one, _)| one.to_string()).collect()
        }
        _ => Vec::new(),
    }
}

fn references(at: &At<'_>, table: &Name) -> Vec<String> {
    let keys = at.catalog.references_to(table);
    keys.map(|(on, one)| format!("foreign key {} of {}", one.name, at.shown(on))).collect()
}

/// The statement without its last word.
fn without_cascade(text: &str) -> Option<String> {
    let text = text.trim_end();
    let begin = text.len().checked_sub("cascade".len())?;
    let last = text.get(begin..)?;
    last.eq_ignore_ascii_case("cascade").then(|| format!("{};", text.get(..begin).unwrap_or("").trim_end()))
}
