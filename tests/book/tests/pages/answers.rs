//! What the runbook says that commands answer stands in their sources: whoever is called at night looks for these words.

use crate::book::{files, read};

/// The answers in the first cells of the runbook's tables, without what differs each time: `…` and numbers.
fn answers(page: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (number, line) in page.lines().enumerate() {
        let Some(cell) = line.strip_prefix("| ").and_then(|row| row.split(" | ").next()) else { continue };
        for span in cell.split('`').skip(1).step_by(2).filter(|span| span.contains(' ')) {
            if span.starts_with("upshift ") {
                continue;
            }
            // The doctor's grade and subject stand before its words.
            let words = match span.split_once("  ") {
                Some((_, rest)) => rest.trim_start().split_once(' ').map_or("", |(_, words)| words),
                None => span,
            };
            let pieces = words.split(|it: char| it == '…' || it.is_ascii_digit());
            let pieces = pieces.map(|piece| piece.trim_matches([' ', ',', ':']));
            found.extend(pieces.filter(|piece| piece.len() > 5).map(|piece| (number + 1, piece.to_owned())));
        }
    }
    found
}

#[test]
fn every_answer_of_the_runbook_is_one_that_is_given() {
    let sources: Vec<String> = ["crates/upshift/src", "crates/upshift-cli/src", "crates/upshift-files/src"]
        .iter()
        .flat_map(|folder| files(folder, ".rs"))
        .map(|path| {
            let text = read(&path);
            // A string that goes on behind a backslash is one line.
            let parts: Vec<&str> = text
                .split("\\\n")
                .enumerate()
                .map(|(at, part)| if at == 0 { part } else { part.trim_start() })
                .collect();
            parts.concat()
        })
        .collect();
    let answers = answers(&read("docs/guides/runbook.md"));
    assert!(answers.len() > 15, "{answers:?}");
    for (line, words) in answers {
        assert!(
            sources.iter().any(|source| source.contains(&words)),
            "docs/guides/runbook.md:{line}: nothing answers `{words}`"
        );
    }
}
