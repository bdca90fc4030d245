//! Nothing is forgotten: every directive, layout and mistake has its case.

use super::*;

fn all_text() -> String {
    cases_files().iter().map(|path| std::fs::read_to_string(path).unwrap()).collect()
}

#[test]
fn every_directive_has_a_case() {
    let text = all_text();
    for word in directive::WORDS {
        assert!(text.contains(&format!("\n-- upshift: {word}")), "no case says `{word}`");
    }
}

#[test]
fn every_layout_has_a_case_that_detects_it_or_asks_for_it() {
    let text = all_text();
    for layout in Layout::all() {
        assert!(text.contains(&format!("----\nlayout {layout}\n")), "no case ends in a {layout} folder");
        assert_eq!(layout.to_string().parse(), Ok(layout));
    }
    assert_eq!(
        "gose".parse::<Layout>().unwrap_err().to_string(),
        "unknown layout `gose`: did you mean `goose`?"
    );
}

/// The texts of the mistakes in the sources; each must be seen in some case's outcome.
#[test]
fn every_mistake_has_a_case() {
    let mut missing = Vec::new();
    // A layout's name is parsed outside of a set, and has its test above.
    let text =
        all_text() + "unknown layout `" + include_str!("../file_name.rs").split("mod tests").last().unwrap();
    for source in sources(&crate_folder().join("src")) {
        let code = std::fs::read_to_string(&source).unwrap();
        for message in messages(code.split("\nmod tests").next().unwrap()) {
            if !message.iter().all(|part| text.contains(part.as_str())) {
                missing.push(format!("{}: {}", source.display(), message.join("…")));
            }
        }
    }
    assert!(missing.is_empty(), "mistakes without a case:\n{}", missing.join("\n"));
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let skipped = [
        "tests",
        "sql",
        "version.rs",
        "checksum.rs",
        "diagnostic.rs",
        "folder.rs",
        "statements.rs",
        "duration.rs",
    ];
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let entries = entries.filter(|path| !skipped.iter().any(|name| path.ends_with(name)));
    entries.flat_map(|path| if path.is_dir() { sources(&path) } else { vec![path] }).collect()
}

/// The help texts and messages: string literals of several words, cut at their placeholders.
fn messages(code: &str) -> Vec<Vec<String>> {
    let code: String =
        code.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n");
    let literals = code.split('"').skip(1).step_by(2);
    let texts = literals.filter(|text| text.matches(' ').count() >= 3 && !text.contains(['\\', '\n']));
    texts
        .map(|text| {
            let plain = text.replace("{{", "\u{1}").replace("}}", "\u{2}");
            let parts = plain.split('{').map(|part| part.split_once('}').map_or(part, |(_, after)| after));
            let parts = parts.map(|part| part.replace('\u{1}', "{").replace('\u{2}', "}"));
            parts.filter(|part| part.trim().len() > 3).collect()
        })
        .collect()
}
