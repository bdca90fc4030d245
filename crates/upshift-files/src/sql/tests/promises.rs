//! What holds for every text.

use std::time::{Duration, Instant};

use proptest::prelude::*;
use proptest::sample::{Index, select};

use crate::sql::{Statement, StatementKind, TokenKind, split, tokens};

/// Pieces that begin, end or hide something.
const PIECES: &[&str] = &[
    " ",
    "\n",
    "\r\n",
    "\t",
    ";",
    ";",
    ";\n",
    "(",
    ")",
    ",",
    ".",
    "'",
    "''",
    "\"",
    "$$",
    "$a$",
    "$",
    "$1",
    "E'",
    "e'",
    "U&'",
    "U&\"",
    "u&",
    "n'",
    "\\",
    "\\'",
    "\\.\n",
    "\n\\.\n",
    "--",
    "-- x\n",
    "-",
    "/",
    "*",
    "/*",
    "*/",
    "/* x */",
    "+",
    "<>",
    "1",
    "1.5",
    "1e5",
    "0x",
    "é",
    "a$",
    "\u{a0}",
    "_",
    "=",
    "[",
    "]",
    ":",
    "@",
    "\u{b}",
    "a",
    "B",
    "as",
    "begin",
    "begin atomic",
    "end",
    "case",
    "when",
    "create function f() returns int ",
    "create procedure p() ",
    "create or replace function ",
    "create rule r as on insert to t do (",
    "copy t from stdin",
    "copy t from stdin;\n",
    "copy ",
    "from stdin",
    "select 1",
    "select ",
    "insert into t values (1)",
    "update ",
    "with a as (",
    "delete from t",
    "commit",
    "rollback to a",
    "create index concurrently i on t (a)",
    "reindex (concurrently) table t",
    "vacuum",
    "alter table t detach partition p concurrently",
    "drop index concurrently a.b",
    "prepare transaction 'a'",
    "create subscription s connection '' publication p with (connect = false)",
    "create schema s ",
    "uescape '!'",
];

/// Statements that are well-formed, each of them one.
const STATEMENTS: &[&str] = &[
    "select 1",
    "select 'a;b', \"c;d\", $$e;f$$, E'g\\';h' /* ; */ -- ;\n",
    "insert into t values ('it''s')",
    "create function f() returns int begin atomic select case when true then 1 end; select 2; end",
    "create rule r as on insert to t do also (delete from a; delete from b)",
    "with a as (select 1) update t set b = a$1 from a",
    "do $do$ begin execute $q$;$q$; end $do$",
    "copy t from stdin;\n1;'\n\\.\nselect 1",
    "create unique index concurrently if not exists i on s.t (a)",
];

fn sql() -> impl Strategy<Value = String> {
    let piece = prop_oneof![12 => select(PIECES).prop_map(str::to_owned), 1 => "\\PC{0,4}"];
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

/// Statements, with one piece put somewhere, or some of the text cut out.
fn mutated() -> impl Strategy<Value = String> {
    let text = prop::collection::vec(select(STATEMENTS), 1..5).prop_map(|all| all.join(";\n"));
    (text, select(PIECES), any::<Index>(), 0..6_usize).prop_map(|(text, piece, place, cut)| {
        let starts: Vec<usize> = text.char_indices().map(|(at, _)| at).collect();
        let at = place.index(starts.len());
        let from = starts[at];
        let to = starts.get(at + cut).copied().unwrap_or(text.len());
        [&text[..from], piece, &text[to..]].concat()
    })
}

fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![4 => sql(), 4 => mutated(), 1 => any::<String>()]
}

/// Whether a text has nothing that would run: white space, comments and semicolons alone.
fn is_inert(text: &str) -> bool {
    let inert =
        |kind| matches!(kind, TokenKind::LineComment | TokenKind::BlockComment | TokenKind::Semicolon);
    tokens(text).all(|token| token.is_ok_and(|token| inert(token.kind)))
}

/// What stands between the statements, without the data of COPY and its last line.
fn gaps(text: &str, statements: &[Statement]) -> Vec<String> {
    let mut gaps = Vec::new();
    let mut at = 0;
    for statement in statements {
        gaps.push(text[at..statement.range.start].to_owned());
        at = statement.range.end;
        if let StatementKind::CopyFromStdin { data } = &statement.kind {
            gaps.push(text[at..data.start].to_owned());
            let rest = &text[data.end..];
            let ended = rest.strip_prefix("\\.").map(|rest| rest.trim_start_matches('\r'));
            at = text.len() - ended.unwrap_or(rest).len();
        }
    }
    gaps.push(text[at..].to_owned());
    gaps
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn between_statements_nothing_runs(text in any_text()) {
        if let Ok(statements) = split(&text) {
            let ends = statements.iter().flat_map(|statement| match &statement.kind {
                StatementKind::CopyFromStdin { data } => vec![statement.range.clone(), data.clone()],
                _ => vec![statement.range.clone()],
            });
            let all: Vec<usize> = ends.flat_map(|range| [range.start, range.end]).collect();
            prop_assert!(all.is_sorted(), "{all:?}");
            prop_assert!(statements.iter().all(|statement| !statement.range.is_empty()));
            for gap in gaps(&text, &statements) {
                prop_assert!(is_inert(&gap), "{gap:?}");
            }
        }
    }

    #[test]
    fn a_statement_alone_is_the_same_statement(text in any_text()) {
        // A byte order mark is part of a name, except at the start of a text.
        let text = text.replace('\u{feff}', "");
        for statement in split(&text).unwrap_or_default() {
            let own = statement.text(&text);
            let mut expected = Statement { range: 0..own.len(), ..statement.clone() };
            if let StatementKind::CopyFromStdin { data } = &mut expected.kind {
                *data = own.len()..own.len();
            }
            prop_assert_eq!(split(own), Ok(vec![expected]), "{:?}", own);
        }
    }

    #[test]
    fn tokens_lie_one_after_the_other_and_an_error_points_into_the_text(text in any_text()) {
        let mut end = 0;
        for token in tokens(&text) {
            let range = match token {
                Ok(token) => token.range,
                Err(error) => error.range,
            };
            prop_assert!(text.get(range.clone()).is_some(), "{range:?}");
            // The NUL byte is told before any token.
            prop_assert!(range.start >= end || text.contains('\0'));
            end = range.end;
        }
    }

    #[test]
    fn quoting_anything_hides_it(
        content in any_text(),
        before in select(STATEMENTS),
        after in select(STATEMENTS),
    ) {
        let content = content.replace('\0', "");
        let count = |text: &str| split(text).map(|statements| statements.len());
        let alone = count(before).and_then(|first| Ok(first + count(after)? + 1));
        let mut tag = "$t$".to_owned();
        while content.contains(tag.trim_end_matches('$')) {
            tag.insert(1, 'x');
        }
        let one_line = content.replace(['\n', '\r'], " ");
        let flat = content.replace(['*', '/'], " ");
        let quoted = [
            format!("'{}'", content.replace('\'', "''")),
            format!("E'{}'", content.replace('\\', "\\\\").replace('\'', "\\'")),
            format!("U&'{}'", content.replace('\'', "''")),
            format!("\"{}\"", content.replace('"', "\"\"")),
            format!("U&\"{}\"", content.replace('"', "\"\"")),
            format!("{tag}{content}{tag}"),
            format!("x -- {one_line}\n"),
            format!("x /* {flat} */"),
            format!("x /* /* {flat} */ {flat} */"),
            format!("({})", "'".to_owned() + &content.replace('\'', "''") + "'"),
        ];
        for quote in quoted {
            let text = format!("{before};\nselect {quote};\n{after};\n");
            prop_assert_eq!(&count(&text), &alone, "{:?}", text);
        }
    }
}

/// Texts of one piece over and over, each a trap for a lexer that looks ahead or back.
const REPEATED: &[&str] = &[
    "$",
    "$a",
    "$a ",
    "$é",
    "$1",
    "(",
    ")",
    "'",
    "' ",
    "\"",
    "/*",
    "/**/",
    "*/",
    "*",
    "--",
    "--\n",
    "-",
    ";",
    "a;",
    ".",
    "E'\\",
    "E'a'\n",
    "E'a' --\n",
    "E'a' ",
    "e",
    "1",
    "1e",
    "1.",
    "0x",
    "u&",
    "\u{a0}",
    "[",
    "\n",
    "a.",
    "a,",
    "a ",
];

/// A beginning, and a piece over and over.
const BEGUN: &[(&str, &str)] = &[
    ("copy t from stdin;", "--\r"),
    ("copy t from stdin;\n", "\\. \n"),
    ("copy t from stdin;\n", "copy t from stdin;\n"),
    ("", "copy t from stdin;\n\\.\n"),
    ("copy ", "from "),
    ("with a as (", "a as ("),
    ("with a as (select 1)", ", a as (select 1)"),
    ("", "with a as ("),
    ("", "with a;"),
    ("create function f() begin atomic ", "case "),
    ("create function f() begin atomic ", "select 1; "),
    ("create function f() ", "begin "),
    ("create schema s ", "index "),
    ("create index concurrently a", ".a"),
    ("drop index concurrently a", ",a"),
    ("alter table a", ".a"),
    ("alter database a", ".a"),
    ("alter subscription a set (", "a, "),
    ("reindex (", "concurrently, "),
    ("cluster (", "("),
    ("cluster ", "(a) "),
    ("create subscription s with ", "(connect"),
    ("", "vacuum;"),
    ("create index concurrently on U&\"", "\\D83D"),
];

/// Half a second is the most that one of these needs without optimisation; were it quadratic, it would need minutes.
#[test]
fn hostile_texts_take_time_in_proportion_to_their_length() {
    let repeated = REPEATED.iter().map(|piece| ("", *piece));
    for (start, piece) in repeated.chain(BEGUN.iter().copied()) {
        let text = start.to_owned() + &piece.repeat(250_000 / piece.len()) + "'";
        let begun = Instant::now();
        let statements = split(&text).map_or(0, |all| all.len());
        let split_again = tokens(&text).filter(Result::is_ok).count();
        assert!(statements <= split_again, "{start:?} {piece:?}");
        assert!(begun.elapsed() < Duration::from_secs(20), "{start:?} {piece:?}");
    }
}
