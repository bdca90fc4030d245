//! Where a page names a test, the test is there.

use crate::book::{pages, read, root, spans};

#[test]
fn every_test_that_a_page_names_exists() {
    let mut named = 0;
    for page in pages() {
        for (line, span) in spans(&page) {
            let Some((file, function)) = span.split_once(".rs::") else { continue };
            if !file.starts_with("tests/") && !file.starts_with("crates/") {
                continue;
            }
            named += 1;
            let text = read(&format!("{file}.rs"));
            let is_there = text.contains(&format!("fn {function}("));
            assert!(is_there, "{}:{line}: {file}.rs has no {function}", page.path);
        }
    }
    assert!(named > 90, "{named}");
}

#[test]
fn every_file_that_a_page_names_exists() {
    for page in pages().iter().filter(|page| !page.path.starts_with("docs/decisions/")) {
        for (line, span) in spans(page) {
            let path = span.split("::").next().unwrap_or_default();
            let ours = ["tests/", "crates/", "scripts/", "benches/", "docs/", "migrations-example/"];
            if !ours.iter().any(|folder| path.starts_with(folder)) || path.contains([' ', '*', '{', '…']) {
                continue;
            }
            assert!(root().join(path).exists(), "{}:{line}: there is no {path}", page.path);
        }
    }
}
