//! Which statements PostgreSQL refuses inside a transaction block (SQLSTATE 25001), as a table.
//!
//! Found by running every line of the test table on servers of the majors 13 to 18.

use super::head::{Head, Significant};
use super::lexer::{Token, TokenKind};
use super::statement::{StatementKind, TransactionBlock};
use TransactionBlock::{Refused, RefusedBefore, RefusedSince};

/// A statement, a condition on the rest of its text, and what the server does with it.
type Rule = (&'static str, When, TransactionBlock);

/// What else must hold of a statement, beyond its beginning. The last of several options of one name counts.
#[derive(Debug, Clone, Copy)]
enum When {
    Always,
    OptionIsOff(&'static str),
    OptionIsThere(&'static str),
    NoneIsOff(&'static [&'static str]),
    /// Somewhere it has these two words.
    Has(&'static str, &'static str),
}

/// Statements that do not run concurrently, by their beginnings (see [`Head::after_beginning`]); the first that fits counts.
const RULES: &[Rule] = &[
    ("create database|tablespace", When::Always, Refused),
    // It creates a replication slot on the other server, unless told not to.
    ("create subscription", When::NoneIsOff(&["connect", "create_slot"]), Refused),
    ("create schema", When::Has("index", "concurrently"), Refused),
    // DROP SUBSCRIPTION drops the slot, if there is one: only the catalog knows.
    ("drop database|tablespace|subscription", When::Always, Refused),
    ("alter type NAME add value", When::Always, RefusedBefore(12)),
    ("alter system", When::Always, Refused),
    ("alter database NAME [set|with] tablespace", When::Always, Refused),
    ("alter subscription NAME refresh", When::Always, RefusedSince(14)),
    ("alter subscription NAME set|add|drop publication", When::NoneIsOff(&["refresh"]), RefusedSince(14)),
    ("alter subscription NAME set (", When::OptionIsThere("failover"), Refused),
    ("alter subscription NAME set (", When::OptionIsOff("two_phase"), Refused),
    ("reindex [()] schema|database|system", When::Always, Refused),
    ("vacuum", When::Always, Refused),
    ("cluster [()] [verbose] END", When::Always, Refused),
    ("discard all", When::Always, Refused),
    ("commit prepared", When::Always, Refused),
    ("rollback prepared", When::Always, Refused),
];

/// What the server does with a statement of this kind inside a transaction block.
pub(super) fn of(kind: &StatementKind, head: &mut Head<'_>) -> TransactionBlock {
    match kind {
        StatementKind::CreateIndexConcurrently { .. }
        | StatementKind::DropIndexConcurrently { .. }
        | StatementKind::DetachPartitionConcurrently { .. }
        | StatementKind::ReindexConcurrently => Refused,
        StatementKind::Query | StatementKind::Insert => TransactionBlock::Allowed,
        _ => {
            let text = head.text;
            let mut fits = |rule: &&Rule| head.after_beginning(rule.0).is_some() && holds(rule.1, text);
            RULES.iter().find(&mut fits).map_or(TransactionBlock::Allowed, |rule| rule.2)
        }
    }
}

/// Whether the statement has the option `name`, and not as `false`.
pub(super) fn option_is_on(text: &str, name: &str) -> bool {
    matches!(option(text, name), Setting::On)
}

fn holds(when: When, text: &str) -> bool {
    match when {
        When::Always => true,
        When::OptionIsOff(name) => matches!(option(text, name), Setting::Off),
        When::OptionIsThere(name) => !matches!(option(text, name), Setting::Missing),
        When::NoneIsOff(names) => !names.iter().any(|name| matches!(option(text, name), Setting::Off)),
        When::Has(first, second) => {
            let is = |token: &Token, word: &str| token.text(text).eq_ignore_ascii_case(word);
            let after_first = Significant::new(text).skip(1);
            Significant::new(text).zip(after_first).any(|(a, b)| is(&a, first) && is(&b, second))
        }
    }
}

#[derive(Debug, Clone, Copy)]
enum Setting {
    Missing,
    On,
    Off,
}

/// The last option `name` in the parentheses of a statement: `(name)`, `(name value)` or `(name = value)`.
fn option(text: &str, name: &str) -> Setting {
    let mut setting = Setting::Missing;
    let mut tokens = Significant::new(text).peekable();
    let mut begins = false;
    while let Some(token) = tokens.next() {
        let word = token.text(text);
        if begins && is_named(word, name) {
            tokens.next_if(|token| token.text(text) == "=");
            let ends = |token: &Token| matches!(token.text(text), "," | ")");
            setting = match tokens.next_if(|token| !ends(token)) {
                Some(value) if is_off(&value, text) => Setting::Off,
                _ => Setting::On,
            };
        }
        begins = matches!(word, "(" | ",");
    }
    setting
}

fn is_named(word: &str, name: &str) -> bool {
    let unquoted = word.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    unquoted.map_or_else(|| word.eq_ignore_ascii_case(name), |exact| exact == name)
}

fn is_off(value: &Token, text: &str) -> bool {
    let value_text = value.text(text);
    match value.kind {
        TokenKind::Number => value_text.bytes().all(|digit| digit == b'0'),
        _ => {
            let plain = value_text.trim_start_matches(['e', 'E']).trim_matches('\'');
            ["false", "off"].iter().any(|off| plain.eq_ignore_ascii_case(off))
        }
    }
}
