use upshift_files::sql::{Token, TokenKind, tokens};

use super::{Check, Group, Rule};
use crate::engine::{At, Draft, Level};
use crate::statement::{Name, Statement};

pub(super) const RULE: Rule = Rule::new(
    Group::Transactions,
    Level::Warning,
    "a DO block or a procedure does what lint cannot see",
    Check::UpAndDown(check),
)
.explained(
    "What a DO block or a CALL locks and changes depends on what it meets when it runs: its statements are not checked, \
     and what it makes is not known to the migrations after it. The words that are found in it are told. A block that \
     only makes a type, domain, role or extension where there is none is let through.",
    "manual, DO",
)
.examples(
    "
--- 1_orders.sql
create table orders (id bigint primary key);
--- 2_index.sql
do $$ begin
  execute 'create index on orders (id)';
end $$;
",
    "
--- 1_mood.sql
do $$ begin
  if not exists (select from pg_type where typname = 'mood') then
    create type mood as enum ('good', 'bad');
  end if;
end $$;
--- 2_orders.sql
create table orders (id bigint primary key);
",
);

fn check(at: &At<'_>) -> Vec<Draft> {
    let advice = "write its statements out, where they can be";
    match at.statement {
        Statement::Do { body } => {
            let found = found(at, body);
            let message = match found.as_slice() {
                [] if !calls(body) => return Vec::new(),
                [] => "this block is opaque: what it does was not checked".to_owned(),
                found => format!("this block is not checked; in it stand: {}", found.join(", ")),
            };
            vec![at.draft(message).advice(advice)]
        }
        Statement::Call { procedure } => {
            vec![at.draft(format!("what {procedure} does was not checked")).advice(advice)]
        }
        _ => Vec::new(),
    }
}

/// The words of a text, lower case, without comments; those of its strings as well, where it may execute them.
fn words(text: &str) -> Vec<String> {
    let all: Vec<Token> = tokens(text).map_while(Result::ok).filter(|token| !token.is_comment()).collect();
    let is_string = |token: &Token| matches!(token.kind, TokenKind::String | TokenKind::DollarString);
    let executes = all.iter().any(|token| token.text(text).eq_ignore_ascii_case("execute"));
    let mut found = Vec::new();
    for token in &all {
        let part = token.text(text);
        if !is_string(token) {
            found.push(part.to_ascii_lowercase());
        } else if executes {
            let words = part.split(|c: char| !(c.is_alphanumeric() || c == '_' || c == '.'));
            found.extend(words.filter(|word| !word.is_empty()).map(str::to_ascii_lowercase));
        }
    }
    found
}

/// Statements that begin in it, as far as their first words tell: `create index`, `update orders`.
fn found(at: &At<'_>, body: &str) -> Vec<String> {
    const FIRST: &[(&str, &[&str])] = &[
        ("create", &["table", "index", "unique", "trigger", "view", "materialized", "function", "policy"]),
        ("alter", &["table", "index", "sequence", "type", "domain", "view"]),
        (
            "drop",
            &["table", "index", "view", "materialized", "trigger", "function", "type", "schema", "sequence"],
        ),
        ("truncate", &[]),
        ("update", &[]),
        ("delete", &["from"]),
        ("insert", &["into"]),
        ("reindex", &[]),
        ("cluster", &[]),
        ("lock", &["table"]),
        ("refresh", &["materialized"]),
    ];
    const BETWEEN: &[&str] = &[
        "table",
        "into",
        "from",
        "only",
        "if",
        "not",
        "exists",
        "view",
        "materialized",
        "index",
        "concurrently",
        "unique",
        "trigger",
        "function",
        "policy",
        "type",
        "sequence",
        "schema",
        "domain",
    ];
    let words = words(body);
    let mut found: Vec<String> = Vec::new();
    for (place, word) in words.iter().enumerate() {
        let next = words.get(place + 1).map_or("", String::as_str);
        let Some((_, seconds)) = FIRST.iter().find(|(first, _)| first == word) else { continue };
        // UPDATE OF in a trigger, FOR UPDATE in a query.
        let before = place.checked_sub(1).and_then(|before| words.get(before)).map_or("", String::as_str);
        let is_clause = ["for", "on", "or", "before", "after", "key"].contains(&before);
        if is_clause || !(seconds.is_empty() || seconds.contains(&next)) {
            continue;
        }
        let object = words.iter().skip(place + 1).find(|word| !BETWEEN.contains(&word.as_str()));
        let own = object.is_some_and(|name| {
            let name = name
                .split_once('.')
                .map_or_else(|| Name::bare(name), |(schema, name)| Name::in_schema(schema, name));
            at.catalog.is_new(&name)
        });
        let behind = words.iter().skip(place + 1);
        let between = behind.take_while(|word| BETWEEN.contains(&word.as_str()));
        let between =
            between.filter(|word| !["if", "not", "exists", "concurrently", "only"].contains(&word.as_str()));
        let said: Vec<&str> =
            std::iter::once(word).chain(between).chain(object).map(String::as_str).collect();
        let said = said.join(" ");
        if !own && !found.contains(&said) {
            found.push(said);
        }
    }
    found
}

/// Whether it calls or builds something: then what it does does not stand in it.
fn calls(body: &str) -> bool {
    words(body).iter().any(|word| matches!(word.as_str(), "execute" | "call" | "perform"))
}
