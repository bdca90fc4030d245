//! What lint finds in the folders of real projects.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use expect_test::expect_file;
use upshift_files::{LayoutChoice, MigrationSet};
use upshift_lint::{Options, Report, lint};

/// The shared data beside the repository; `None`, and a line that says so, where there is none.
fn data(folder: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data").join(folder);
    if !path.is_dir() {
        eprintln!("skipped: there is no {}", path.display());
        return None;
    }
    Some(path)
}

/// What the rules find in a folder, at the levels they have by themselves.
fn linted(folder: &Path) -> Report {
    let files = upshift_files::folder::read(folder).unwrap();
    let set = MigrationSet::parse(files, Vec::new(), LayoutChoice::Detect).unwrap();
    lint(&set, &Options::default())
}

#[test]
fn what_lint_finds_in_the_285_migrations_of_crates_io() {
    let Some(folder) = data("real/crates-io/migrations") else { return };
    let report = linted(&folder);
    let mut text = String::new();
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for finding in &report.findings {
        let (rule, message) = (&finding.rule, &finding.diagnostic.message);
        writeln!(text, "{} {rule} {message}", finding.migration).unwrap();
        *counts.entry(rule).or_default() += 1;
    }
    for (rule, count) in counts {
        writeln!(text, "# {count} {rule}").unwrap();
    }
    expect_file!["crates-io.txt"].assert_eq(&text);
}

#[test]
fn one_statement_of_crates_io_is_not_understood_because_it_is_none() {
    let Some(folder) = data("real/crates-io/migrations") else { return };
    // Its `;` is missing: the server does not understand it either.
    let places = linted(&folder).not_understood;
    let places: Vec<&str> = places.iter().map(|diagnostic| diagnostic.path.as_str()).collect();
    assert_eq!(places, ["20170318181441_downloads_need_no_id/down.sql"]);
}
