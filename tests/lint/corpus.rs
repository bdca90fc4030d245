//! Other people's SQL: all of it is read, replayed and judged without a panic, and what is not understood is counted.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use expect_test::{expect, expect_file};
use proptest::prelude::*;
use upshift_files::sql::split;
use upshift_lint::effect::{Major, effects};
use upshift_lint::statement::Statement;
use upshift_lint::{Catalog, read};

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()) {
            if entry.is_dir() {
                folders.push(entry);
            } else if entry.extension().is_some_and(|extension| extension == "sql") {
                found.push(entry);
            }
        }
    }
    found.sort();
    found
}

/// Reads, judges and replays a text, and says what was not understood: where each ends, and how many there are.
fn replay(text: &str) -> (usize, Vec<String>) {
    let mut catalog = Catalog::default();
    let mut unknown = Vec::new();
    let cuts = split(text).unwrap_or_default();
    for cut in &cuts {
        let statement = read(text, cut);
        if let Statement::Unknown { words, at } = &statement {
            let rest: String =
                text.get(*at..).unwrap_or("").chars().take_while(|c| *c != '\n').take(30).collect();
            unknown.push(format!("{words} … {rest}").trim_end().to_owned());
        }
        for major in [13, 18] {
            effects(&statement, &catalog, Major(major));
        }
        catalog.apply(&statement);
    }
    (cuts.len(), unknown)
}

/// What a folder's files say that lint does not understand, by file.
fn not_understood(folder: &Path) -> (String, String) {
    let (mut statements, mut unknown, mut text) = (0, 0, String::new());
    for file in files(folder) {
        let (count, left) = replay(&std::fs::read_to_string(&file).unwrap());
        statements += count;
        unknown += left.len();
        for line in left {
            writeln!(text, "{}: {line}", file.strip_prefix(folder).unwrap().display()).unwrap();
        }
    }
    (format!("{statements} statements, {unknown} not understood"), text)
}

#[test]
fn what_is_not_understood_of_the_corpus_is_listed() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/sql-corpus");
    let (counts, list) = not_understood(&folder);
    expect!["3468 statements, 117 not understood"].assert_eq(&counts);
    expect_file!["../fixtures/sql-corpus/not-understood.txt"].assert_eq(&list);
}

#[test]
fn the_migrations_of_crates_io_are_understood() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data/real/crates-io");
    if !folder.is_dir() {
        eprintln!("skipped: there is no {}", folder.display());
        return;
    }
    let (counts, list) = not_understood(&folder);
    expect![[r#"
        1102 statements, 1 not understood
        migrations/20170318181441_downloads_need_no_id/down.sql: alter table crate_downloads … ALTER TABLE crate_downloads AL
    "#]].assert_eq(&format!("{counts}\n{list}"));
}

/// Statements of every kind, to be cut and shuffled.
const SEEDS: &str = concat!(
    include_str!("../fixtures/locks/setup.sql"),
    include_str!("../fixtures/locks/setup_more.sql"),
    include_str!("../fixtures/locks/cases.sql"),
);

fn words() -> Vec<&'static str> {
    SEEDS.split_inclusive(|c: char| c.is_whitespace() || "(),;.'".contains(c)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn no_text_makes_lint_panic(text in "\\PC{0,400}") {
        replay(&text);
    }

    #[test]
    fn no_order_of_words_makes_lint_panic(picked in prop::collection::vec(any::<prop::sample::Index>(), 1..200)) {
        let words = words();
        let text: String = picked.iter().map(|index| *index.get(&words)).collect();
        replay(&text);
    }

    #[test]
    fn no_cut_makes_lint_panic(from in 0..SEEDS.len(), length in 0_usize..4000) {
        let text: String = SEEDS.chars().skip(from).take(length).collect();
        replay(&text);
    }
}

/// A table has at most 1,600 columns.
const SIZE: usize = 120;

/// How long it takes to replay a text.
fn took(text: &str) -> Duration {
    let began = Instant::now();
    replay(text);
    began.elapsed()
}

#[test]
fn what_is_twice_as_long_takes_no_more_than_about_twice_as_long() {
    let shapes: [fn(usize) -> String; 9] = [
        |n| format!("select {}", "(".repeat(n)),
        |n| format!("alter table t add check {}a{}", "(".repeat(n), ")".repeat(n)),
        |n| format!("alter table t add check (a {})", "+ a ".repeat(n)),
        |n| format!("alter table t add check (a = 1 {})", "and a = 1 ".repeat(n)),
        |n| format!("create table t (a int default {}1)", "- ".repeat(n)),
        |n| format!("select * from t {}", ", t ".repeat(n)),
        |n| format!("create table t ({}z int)", "a int, ".repeat(n)),
        |n| format!("alter table t {}", "add check ((((, ".repeat(n)),
        |n| format!("alter table t set (a = {}", "( ".repeat(n)),
    ];
    for shape in shapes {
        // What is measured at the size is compared with eight times of it: 64 times as long would be quadratic.
        let (one, eight) = (took(&shape(SIZE)), took(&shape(8 * SIZE)));
        let limit = one.max(Duration::from_millis(20)) * 30;
        let shown: String = shape(8).chars().take(60).collect();
        assert!(eight < limit, "{shown}: {one:?}, eight times as long: {eight:?}");
    }
}
