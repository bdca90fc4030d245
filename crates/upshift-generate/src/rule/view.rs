//! Views, triggers, rules, policies, extended statistics.

use upshift_schema::{Fact, Kind};

use super::{Answer, Context, Draft};
use crate::text::{container, cut, last, split, take};

/// Options, tablespace and access method before the query.
fn read(definition: &str) -> (&str, &str) {
    match cut(definition, " AS\n") {
        Some((head, query)) => (head, query),
        None => ("", definition.strip_prefix("AS\n").unwrap_or(definition)),
    }
}

pub(crate) fn create(fact: &Fact) -> Vec<Draft> {
    let (head, query) = read(&fact.definition);
    let word = fact.kind.as_str().to_uppercase();
    let mut head = head.to_owned();
    // Of a materialized view, in the order in which CREATE wants them.
    if let Some(at) = head.find("TABLESPACE ").filter(|_| head.contains(" WITH (")) {
        let (before, behind) = head.split_at(at);
        if let Some((space, with)) = cut(behind, " WITH (") {
            head = format!("{before}WITH ({with} {space}");
        }
    }
    let head = if head.is_empty() { head } else { format!(" {}", head.trim()) };
    vec![Draft::expand(format!("CREATE {word} {}{head} AS\n{}", fact.id, query.trim_end_matches(';')))]
}

pub(crate) fn change(context: &Context<'_>, key: (Kind, &str), before: &str, after: &str) -> Answer {
    let (kind, id) = key;
    if kind == Kind::MaterializedView {
        return Answer::Replace;
    }
    let columns = |schema: &super::Schema| -> Vec<String> {
        let order = schema.snapshot.get(Kind::ColumnOrder, id).unwrap_or_default();
        let kind = |name: &str| {
            let definition = schema.snapshot.get(Kind::Column, &format!("{id}.{name}")).unwrap_or_default();
            super::column::Column::read(definition).type_text()
        };
        split(order, ", ").into_iter().map(|name| format!("{name} {}", kind(name))).collect()
    };
    let (old, new) = (columns(context.old), columns(context.new));
    if !new.starts_with(&old) {
        return Answer::Replace;
    }
    let ((old_head, old_query), (head, query)) = (read(before), read(after));
    let mut drafts = Vec::new();
    if old_query != query {
        let head = if head.is_empty() { String::new() } else { format!(" {head}") };
        drafts.push(Draft::expand(format!(
            "CREATE OR REPLACE VIEW {id}{head} AS\n{}",
            query.trim_end_matches(';')
        )));
    }
    if old_head != head {
        let list = |head: &str| cut(head, "WITH (").map(|it| it.1.trim_end_matches(')').to_owned());
        let words = super::set_options(list(old_head).as_deref(), list(head).as_deref());
        drafts.extend(words.into_iter().map(|it| Draft::expand(format!("ALTER VIEW {id} {it}"))));
    }
    Answer::Steps(drafts)
}

/// What is switched behind a trigger's or a rule's text.
const SWITCHES: [(&str, &str); 3] =
    [(" DISABLED", "DISABLE"), (" ENABLED REPLICA", "ENABLE REPLICA"), (" ENABLED ALWAYS", "ENABLE ALWAYS")];

fn switched(definition: &str) -> (&str, &'static str) {
    for (words, switch) in SWITCHES {
        if let Some(text) = definition.strip_suffix(words) {
            return (text, switch);
        }
    }
    (definition, "ENABLE")
}

fn switch_to(kind: Kind, id: &str, word: &str) -> Draft {
    let kind = kind.as_str().to_uppercase();
    Draft::expand(format!("ALTER TABLE {} {word} {kind} {}", container(id), last(id)))
}

pub(crate) fn create_switched(context: &Context<'_>, fact: &Fact) -> Vec<Draft> {
    let (text, switch) = switched(&fact.definition);
    // That of a partition is made with the whole's; only how it is switched is its own.
    if fact.kind == Kind::Trigger && context.new.trigger_of_whole(&fact.id).is_some() {
        return vec![switch_to(fact.kind, &fact.id, switch)];
    }
    let mut drafts = vec![Draft::expand(text.trim_end_matches(';'))];
    if switch != "ENABLE" {
        drafts.push(switch_to(fact.kind, &fact.id, switch));
    }
    drafts
}

/// A partition's trigger goes on as the whole's does.
pub(crate) fn as_whole(context: &Context<'_>, fact: &Fact) -> Option<Draft> {
    let above = context.new.trigger_of_whole(&fact.id).filter(|_| fact.kind == Kind::Trigger)?;
    let definition = context.new.snapshot.get(Kind::Trigger, &above)?;
    Some(switch_to(fact.kind, &fact.id, switched(definition).1))
}

pub(crate) fn switch(key: (Kind, &str), before: &str, after: &str) -> Answer {
    let ((old, was), (new, is)) = (switched(before), switched(after));
    if old != new {
        return Answer::Replace;
    }
    let drafts = (was != is).then(|| switch_to(key.0, key.1, is));
    Answer::Steps(drafts.into_iter().collect())
}

/// A policy: kind, command, roles, USING, WITH CHECK.
fn read_policy(definition: &str) -> (&str, &str, &str, Option<&str>, Option<&str>) {
    let mut rest = definition;
    let inner = |text: &mut &str, words: &str| -> Option<usize> { crate::text::find(text, words) };
    let check = inner(&mut rest, " WITH CHECK (").map(|at| {
        let (before, behind) = rest.split_at(at);
        rest = before;
        &behind[" WITH CHECK ".len()..]
    });
    let using = inner(&mut rest, " USING (").map(|at| {
        let (before, behind) = rest.split_at(at);
        rest = before;
        &behind[" USING ".len()..]
    });
    let roles = take(&mut rest, " TO ").unwrap_or("PUBLIC");
    let (kind, command) = cut(rest, " FOR ").unwrap_or((rest, "ALL"));
    (kind, command, roles, using, check)
}

fn policy_tail(roles: &str, using: Option<&str>, check: Option<&str>) -> String {
    let using = using.map(|it| format!(" USING {it}")).unwrap_or_default();
    let check = check.map(|it| format!(" WITH CHECK {it}")).unwrap_or_default();
    format!(" TO {roles}{using}{check}")
}

pub(crate) fn create_policy(fact: &Fact) -> Vec<Draft> {
    let (kind, command, roles, using, check) = read_policy(&fact.definition);
    let restrictive = if kind == "RESTRICTIVE" { " AS RESTRICTIVE" } else { "" };
    let tail = policy_tail(roles, using, check);
    let (table, name) = (container(&fact.id), last(&fact.id));
    vec![Draft::expand(format!("CREATE POLICY {name} ON {table}{restrictive} FOR {command}{tail}"))]
}

pub(crate) fn change_policy(id: &str, before: &str, after: &str) -> Answer {
    let (old, new) = (read_policy(before), read_policy(after));
    let lost = old.3.is_some() && new.3.is_none() || old.4.is_some() && new.4.is_none();
    if (old.0, old.1) != (new.0, new.1) || lost {
        return Answer::Replace;
    }
    let tail = policy_tail(new.2, new.3, new.4);
    Answer::Steps(vec![Draft::expand(format!("ALTER POLICY {} ON {}{tail}", last(id), container(id)))])
}

pub(crate) fn create_statistics(fact: &Fact) -> Vec<Draft> {
    let mut text = fact.definition.as_str();
    let target = take(&mut text, " TARGET ");
    let mut drafts = vec![Draft::expand(text)];
    if let Some(target) = target {
        drafts.push(Draft::expand(format!("ALTER STATISTICS {} SET STATISTICS {target}", fact.id)));
    }
    drafts
}

pub(crate) fn change_statistics(id: &str, before: &str, after: &str) -> Answer {
    let (mut old, mut new) = (before, after);
    let (_, target) = (take(&mut old, " TARGET "), take(&mut new, " TARGET "));
    if old != new {
        return Answer::Replace;
    }
    let target = target.unwrap_or("-1");
    Answer::Steps(vec![Draft::expand(format!("ALTER STATISTICS {id} SET STATISTICS {target}"))])
}
