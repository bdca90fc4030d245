//! Links between pages lead somewhere, and every page is in the table of contents.

use std::path::Path;

use crate::book::{Page, files, pages, read, root};

/// The targets of `[…](…)` of a page outside of its blocks, with their lines.
fn links(page: &Page) -> Vec<(usize, &str)> {
    let mut fenced = false;
    let mut found = Vec::new();
    for (number, line) in page.text.lines().enumerate() {
        fenced ^= line.starts_with("```");
        if fenced {
            continue;
        }
        let targets = line.split("](").skip(1).filter_map(|rest| rest.split(')').next());
        found.extend(targets.map(|target| (number + 1, target)));
    }
    found
}

/// What a heading is called in an address, as GitHub and mdBook do it.
fn anchor(heading: &str) -> String {
    let letters = heading.trim().to_lowercase();
    let kept = letters.chars().filter(|it| it.is_alphanumeric() || matches!(it, ' ' | '-' | '_'));
    kept.map(|it| if it == ' ' { '-' } else { it }).collect()
}

fn has_anchor(text: &str, wanted: &str) -> bool {
    let headings = text.lines().filter(|line| line.starts_with('#'));
    headings.map(|line| anchor(line.trim_start_matches('#'))).any(|it| it == wanted)
        || text.contains(&format!("id=\"{wanted}\""))
}

#[test]
fn every_link_leads_somewhere() {
    let mut wrong = Vec::new();
    for page in pages() {
        let folder = root().join(&page.path).parent().map(Path::to_owned).unwrap();
        for (line, target) in links(&page).into_iter().filter(|(_, target)| !target.contains("://")) {
            let (path, wanted) = target.split_once('#').unwrap_or((target, ""));
            let file = if path.is_empty() { root().join(&page.path) } else { folder.join(path) };
            let there = match (file.exists(), wanted) {
                (true, "") => true,
                (true, wanted) => has_anchor(&std::fs::read_to_string(&file).unwrap(), wanted),
                (false, _) => false,
            };
            if !there {
                wrong.push(format!("{}:{line}: {target}", page.path));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_page_is_in_the_table_of_contents_once() {
    let contents = read("docs/SUMMARY.md");
    for path in files("docs", ".md").iter().filter(|path| *path != "docs/SUMMARY.md") {
        let link = format!("]({})", path.trim_start_matches("docs/"));
        assert_eq!(contents.matches(&link).count(), 1, "{path} in docs/SUMMARY.md");
    }
}
