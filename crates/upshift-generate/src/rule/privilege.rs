//! Owners and privileges.

use upshift_schema::{Fact, Kind};

use super::{Answer, Context, Draft, Schema, kinds};
use crate::text::{container, cut, last, rcut};

/// How GRANT calls an object, and which of its columns.
fn target(kind: Kind, id: &str) -> (String, Option<String>) {
    match kind {
        Kind::Column => (format!("TABLE {}", container(id)), Some(last(id).to_owned())),
        Kind::View | Kind::MaterializedView | Kind::ForeignTable | Kind::Table => {
            (format!("TABLE {id}"), None)
        }
        Kind::Aggregate => (format!("FUNCTION {id}"), None),
        Kind::Domain | Kind::Type => (format!("TYPE {id}"), None),
        Kind::Server => (format!("FOREIGN SERVER {id}"), None),
        _ => (format!("{} {id}", kind.as_str().to_uppercase()), None),
    }
}

/// The role that OWNER stands for.
fn role(schema: &Schema, about: (Kind, &str), name: &str) -> String {
    if name != "OWNER" {
        return name.to_owned();
    }
    let owner = schema.snapshot.get(Kind::Owner, &format!("{} {}", about.0, about.1));
    owner.unwrap_or("CURRENT_USER").to_owned()
}

/// What a line of privileges is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Act {
    Grant,
    Revoke,
}

fn say(schema: &Schema, act: Act, key: (Kind, &str), line: &str) -> Option<Draft> {
    let (kind, id) = key;
    let (about, of) = kinds::about(kind, id)?;
    let name = match kind {
        Kind::Grant => rcut(id, " TO ")?.1,
        _ => rcut(id, " FROM ")?.1,
    };
    let (target, column) = target(about, &of);
    let role = role(schema, (about, &of), name);
    let (line, granted) = rcut(line, " GRANTED BY ").map_or((line, None), |(line, by)| (line, Some(by)));
    let (privileges, option) = match line.strip_suffix(" WITH GRANT OPTION") {
        Some(privileges) => (privileges, " WITH GRANT OPTION"),
        None => (line, ""),
    };
    let list = match &column {
        Some(column) => {
            privileges.split(", ").map(|it| format!("{it} ({column})")).collect::<Vec<_>>().join(", ")
        }
        None => privileges.to_owned(),
    };
    let by = granted.map(|it| format!(" GRANTED BY {it}")).unwrap_or_default();
    let sql = match act {
        Act::Grant => format!("GRANT {list} ON {target} TO {role}{option}{by}"),
        Act::Revoke if kind == Kind::Revoke && !option.is_empty() => {
            format!("REVOKE GRANT OPTION FOR {list} ON {target} FROM {role}{by}")
        }
        Act::Revoke => format!("REVOKE {list} ON {target} FROM {role}{by}"),
    };
    let hazard = format!("what {role} may do with {of} changes");
    Some(Draft::expand(sql).hazard(hazard))
}

fn lines(schema: &Schema, act: Act, key: (Kind, &str), text: &str) -> Vec<Draft> {
    text.lines().filter_map(|line| say(schema, act, key, line)).collect()
}

pub(crate) fn create(context: &Context<'_>, fact: &Fact) -> Vec<Draft> {
    let key = (fact.kind, fact.id.as_str());
    match fact.kind {
        Kind::Grant => lines(context.new, Act::Grant, key, &fact.definition),
        Kind::Revoke => lines(context.new, Act::Revoke, key, &fact.definition),
        Kind::Owner => owner(context.new, &fact.id, &fact.definition),
        _ => defaults(&fact.id, "", &fact.definition),
    }
}

pub(crate) fn drop(context: &Context<'_>, fact: &Fact) -> Vec<Draft> {
    let key = (fact.kind, fact.id.as_str());
    match fact.kind {
        Kind::Grant => lines(context.old, Act::Revoke, key, &fact.definition),
        Kind::Revoke => lines(context.old, Act::Grant, key, &fact.definition),
        Kind::Owner => owner(context.new, &fact.id, "CURRENT_USER"),
        _ => defaults(&fact.id, &fact.definition, ""),
    }
}

pub(crate) fn change(context: &Context<'_>, key: (Kind, &str), before: &str, after: &str) -> Answer {
    let drafts = match key.0 {
        Kind::Grant => both(context, key, before, after, (Act::Revoke, Act::Grant)),
        Kind::Revoke => both(context, key, before, after, (Act::Grant, Act::Revoke)),
        Kind::Owner => owner(context.new, key.1, after),
        _ => defaults(key.1, before, after),
    };
    Answer::Steps(drafts)
}

fn both(context: &Context<'_>, key: (Kind, &str), before: &str, after: &str, acts: (Act, Act)) -> Vec<Draft> {
    let mut drafts = lines(context.old, acts.0, key, before);
    drafts.extend(lines(context.new, acts.1, key, after));
    drafts
}

fn owner(schema: &Schema, id: &str, role: &str) -> Vec<Draft> {
    let Some((kind, of)) = kinds::about(Kind::Owner, id) else { return Vec::new() };
    let called = kinds::called(schema, kind, &of);
    vec![Draft::expand(format!("ALTER {called} OWNER TO {role}")).hazard(format!("{of} belongs to {role}"))]
}

/// All that objects of a kind are made with is written down; so everything is taken, and what is wished is given.
fn defaults(id: &str, before: &str, after: &str) -> Vec<Draft> {
    let Some((head, objects)) = rcut(id, " ON ") else { return Vec::new() };
    let head = head.trim_start_matches("FOR ");
    let (role, schema) = cut(head, " IN SCHEMA ").map_or((head, None), |(role, schema)| (role, Some(schema)));
    let within = schema.map(|it| format!(" IN SCHEMA {it}")).unwrap_or_default();
    let alter = format!("ALTER DEFAULT PRIVILEGES FOR ROLE {role}{within}");
    let name = |name: &str| if name == "OWNER" { role.to_owned() } else { name.to_owned() };
    // What it is without a word, where nothing is said for all schemas: everything for the owner, some for everybody.
    let standard = match (schema, objects) {
        (Some(_), _) => "".to_owned(),
        (None, "FUNCTIONS") => "ALL TO OWNER\nEXECUTE TO PUBLIC".to_owned(),
        (None, "TYPES") => "ALL TO OWNER\nUSAGE TO PUBLIC".to_owned(),
        (None, _) => "ALL TO OWNER".to_owned(),
    };
    let before = if before.is_empty() { &standard } else { before };
    let after = if after.is_empty() { &standard } else { after };
    let mut roles: Vec<&str> = before.lines().filter_map(|line| Some(rcut(line, " TO ")?.1)).collect();
    roles.iter_mut().for_each(|it| *it = it.trim_end_matches(" WITH GRANT OPTION"));
    roles.sort_unstable();
    roles.dedup();
    let mut drafts: Vec<Draft> = roles
        .iter()
        .map(|it| Draft::expand(format!("{alter} REVOKE ALL ON {objects} FROM {}", name(it))))
        .collect();
    for line in after.lines() {
        let Some((privilege, grantee)) = rcut(line, " TO ") else { continue };
        let (grantee, option) = match grantee.strip_suffix(" WITH GRANT OPTION") {
            Some(grantee) => (grantee, " WITH GRANT OPTION"),
            None => (grantee, ""),
        };
        drafts.push(Draft::expand(format!(
            "{alter} GRANT {privilege} ON {objects} TO {}{option}",
            name(grantee)
        )));
    }
    drafts
}
