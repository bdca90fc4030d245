//! Functions and what is made of them.

use upshift_schema::{Fact, Kind};

use super::{Answer, Context, Draft, function, word};
use crate::text::{cut, split};

/// CREATE OR REPLACE, unless the result or the arguments have other types, names or defaults fewer.
pub(crate) fn change(before: &str, after: &str) -> Answer {
    let head = |text: &str| -> String {
        // Up to the language: name, arguments, result.
        cut(text, "\n LANGUAGE ").map_or(text, |(head, _)| head).to_owned()
    };
    let (old, new) = (head(before), head(after));
    let window = |text: &str| text.contains(" WINDOW");
    if plain(&old) != plain(&new) || defaults(&old) > defaults(&new) || window(before) != window(after) {
        return Answer::Replace;
    }
    Answer::Steps(vec![Draft::expand(after)])
}

fn defaults(head: &str) -> usize {
    head.matches(" DEFAULT ").count()
}

/// The head without the values of its defaults.
fn plain(head: &str) -> String {
    let Some(open) = head.find('(') else { return head.to_owned() };
    let Some((arguments, behind)) = crate::text::parenthesised(&head[open..]) else { return head.to_owned() };
    let arguments =
        split(arguments, ", ").into_iter().map(|it| cut(it, " DEFAULT ").map_or(it, |(name, _)| name));
    format!("{}({}){behind}", &head[..open], arguments.collect::<Vec<_>>().join(", "))
}

pub(crate) fn create(context: &Context<'_>, fact: &Fact) -> Vec<Draft> {
    let sql = match fact.kind {
        Kind::Aggregate => aggregate(fact),
        Kind::Operator => operator(fact),
        Kind::OperatorClass => operator_class(context, fact),
        Kind::OperatorFamily => return operator_family(context, fact),
        Kind::Cast => format!("CREATE CAST {} {}", fact.id, fact.definition),
        _ => {
            let parts: Vec<String> = ["FROM SQL", "TO SQL"]
                .iter()
                .filter_map(|it| {
                    Some(format!("{it} WITH FUNCTION {}", word(&fact.definition, it, &["TO SQL"])?))
                })
                .collect();
            format!("CREATE TRANSFORM {} ({})", fact.id, parts.join(", "))
        }
    };
    vec![Draft::expand(sql)]
}

fn aggregate(fact: &Fact) -> String {
    let lines: Vec<&str> = fact.definition.lines().collect();
    let arguments = lines.first().and_then(|line| line.strip_prefix("ARGUMENTS "));
    let arguments = arguments.and_then(|it| cut(it, " RETURNS ")).map_or("(*)", |(arguments, _)| arguments);
    let arguments = if arguments == "()" { "(*)" } else { arguments };
    let mut parts = Vec::new();
    for line in lines.iter().skip(1) {
        let (name, value) = line.split_once(' ').unwrap_or((line, ""));
        let modify = |letter: &str| match letter {
            "r" => "READ_ONLY",
            "s" => "SHAREABLE",
            _ => "READ_WRITE",
        };
        match name {
            "HYPOTHETICAL" => parts.push("HYPOTHETICAL".to_owned()),
            "ORDERED" => {}
            "FINALFUNC_MODIFY" | "MFINALFUNC_MODIFY" => parts.push(format!("{name} = {}", modify(value))),
            "PARALLEL" => {
                let word = match value {
                    "s" => "SAFE",
                    "r" => "RESTRICTED",
                    _ => "UNSAFE",
                };
                parts.push(format!("PARALLEL = {word}"));
            }
            "SORTOP" => parts.push(format!("SORTOP = {}", as_operator(function(value)))),
            _ if value.is_empty() => parts.push(name.to_owned()),
            _ => parts.push(format!("{name} = {value}")),
        }
    }
    let name = crate::text::rcut(&fact.id, "(").map_or(fact.id.as_str(), |(name, _)| name);
    format!("CREATE AGGREGATE {name} {arguments} (\n    {}\n)", parts.join(",\n    "))
}

/// `OPERATOR(app.===)` for `app.===`.
fn as_operator(name: &str) -> String {
    if name.contains('.') { format!("OPERATOR({name})") } else { name.to_owned() }
}

const OPERATOR: &[&str] = &["RETURNS", "COMMUTATOR", "NEGATOR", "RESTRICT", "JOIN", "HASHES", "MERGES"];

fn operator(fact: &Fact) -> String {
    let get = |name: &str| word(&fact.definition, name, OPERATOR);
    let Some((name, arguments)) = crate::text::cut(&fact.id, "(") else { return String::new() };
    let arguments: Vec<&str> = arguments.strip_suffix(')').unwrap_or(arguments).split(", ").collect();
    let mut parts = vec![format!("FUNCTION = {}", get("FUNCTION").unwrap_or_default())];
    for (word, argument) in ["LEFTARG", "RIGHTARG"].iter().zip(&arguments) {
        if *argument != "NONE" {
            parts.push(format!("{word} = {argument}"));
        }
    }
    for name in ["COMMUTATOR", "NEGATOR"] {
        parts.extend(get(name).map(|it| format!("{name} = {}", as_operator(function(it)))));
    }
    for name in ["RESTRICT", "JOIN"] {
        parts.extend(get(name).map(|it| format!("{name} = {it}")));
    }
    for name in ["HASHES", "MERGES"] {
        parts.extend(get(name).map(|_| name.to_owned()));
    }
    format!("CREATE OPERATOR {name} (\n    {}\n)", parts.join(",\n    "))
}

const CLASS: &[&str] = &["FAMILY", "STORAGE"];

fn operator_class(context: &Context<'_>, fact: &Fact) -> String {
    let is_default = fact.definition.starts_with("DEFAULT ");
    let definition = fact.definition.trim_start_matches("DEFAULT ");
    let kind = word(definition, "FOR TYPE", CLASS).unwrap_or_default();
    let family = word(definition, "FAMILY", CLASS).unwrap_or_default();
    let (name, method) = cut(&fact.id, " USING ").unwrap_or((&fact.id, "btree"));
    let mut parts: Vec<String> =
        word(definition, "STORAGE", CLASS).map(|it| format!("STORAGE {it}")).into_iter().collect();
    // The items of its type are its own: PostgreSQL tells them of the family alone.
    if let Some(items) = context.new.snapshot.get(Kind::OperatorFamily, &format!("{family} USING {method}")) {
        parts.extend(items.lines().filter(|item| is_of(item, kind)).map(item));
    }
    if parts.is_empty() {
        parts.push(format!("STORAGE {kind}"));
    }
    let word = if is_default { " DEFAULT" } else { "" };
    format!(
        "CREATE OPERATOR CLASS {name}{word}\n    FOR TYPE {kind} USING {method} FAMILY {family} AS\n    {}",
        parts.join(",\n    ")
    )
}

/// Whether both sides are of the type.
fn is_of(item: &str, kind: &str) -> bool {
    let list = match cut(item, " (") {
        Some((_, list)) if item.starts_with("FUNCTION") => {
            list.split(')').next().unwrap_or_default().to_owned()
        }
        _ => item.rsplit_once('(').map(|it| it.1.trim_end_matches(')').to_owned()).unwrap_or_default(),
    };
    list.split(',').all(|it| it.trim() == kind)
}

fn item(item: &str) -> String {
    let Some(rest) = item.strip_prefix("OPERATOR ") else { return item.to_owned() };
    let (number, operator) = rest.split_once(' ').unwrap_or((rest, ""));
    let (name, arguments) = operator.split_once('(').unwrap_or((operator, ""));
    let arguments = arguments.replace(',', ", ");
    format!("OPERATOR {number} {name} ({arguments}")
}

fn operator_family(context: &Context<'_>, fact: &Fact) -> Vec<Draft> {
    let (name, method) = cut(&fact.id, " USING ").unwrap_or((&fact.id, "btree"));
    let mut drafts = vec![Draft::expand(format!("CREATE OPERATOR FAMILY {name} USING {method}"))];
    let kinds: Vec<&str> = context
        .new
        .snapshot
        .facts()
        .iter()
        .filter(|it| it.kind == Kind::OperatorClass && it.definition.contains(&format!("FAMILY {name}")))
        .filter_map(|it| word(it.definition.trim_start_matches("DEFAULT "), "FOR TYPE", CLASS))
        .collect();
    let loose = fact
        .definition
        .lines()
        .filter(|line| !line.is_empty() && !kinds.iter().any(|kind| is_of(line, kind)));
    let loose: Vec<String> = loose.map(item).collect();
    if !loose.is_empty() {
        drafts.push(Draft::expand(format!(
            "ALTER OPERATOR FAMILY {name} USING {method} ADD\n    {}",
            loose.join(",\n    ")
        )));
    }
    drafts
}
