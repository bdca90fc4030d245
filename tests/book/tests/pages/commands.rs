//! Every command that a page shows is one of the program's grammar, arguments included.

use clap::Args as _;

use crate::book::{Page, blocks, files, pages, read, spans};

/// What clap says about the words behind `upshift`, or nothing.
fn refusal(words: &[String]) -> Option<String> {
    let grammar = upshift_cli::Cli::augment_args(clap::Command::new("upshift").version("0"));
    let line = std::iter::once("upshift").chain(words.iter().map(String::as_str));
    match grammar.try_get_matches_from(line) {
        Ok(_) => None,
        Err(answer) if !answer.use_stderr() => None,
        Err(answer) => Some(answer.to_string()),
    }
}

/// The words of a shell's line: quotes hold them together, `#`, `>`, `|` and `&&` end them. Variables stay words.
fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    for letter in line.chars() {
        match (quote, letter) {
            (Some(mark), letter) if mark == letter => quote = None,
            (Some(_), letter) => word.get_or_insert_default().push(letter),
            (None, '\'' | '"') => {
                quote = Some(letter);
                word.get_or_insert_default();
            }
            (None, ' ') => words.extend(word.take()),
            (None, letter) => word.get_or_insert_default().push(letter),
        }
    }
    words.extend(word);
    let end =
        words.iter().position(|word| word.starts_with(['#', '>', '|', '&', ';', '<']) || word == "2>&1");
    words.truncate(end.unwrap_or(words.len()));
    words
}

/// The commands of a page: `upshift …` at the beginning of a line of a block or behind `$ `, and spans of its text.
fn commands(page: &Page) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for block in blocks(page) {
        // A backslash at a line's end goes on with the next.
        let text = block.text.replace("\\\n", " ");
        let begins: &[&str] = match block.language() {
            "sh" => &["upshift "],
            // What a command printed stands there as well.
            "console" => &["$ upshift "],
            "yaml" => &["upshift ", "- upshift ", "- run: upshift "],
            _ => &[],
        };
        for line in text.lines().map(str::trim_start) {
            let rest = begins.iter().find_map(|begin| line.strip_prefix(begin));
            found.extend(rest.map(|rest| (block.place(), rest.to_owned())));
        }
    }
    for (line, span) in spans(page) {
        if let Some(rest) = span.strip_prefix("upshift ") {
            found.push((format!("{}:{line}", page.path), rest.to_owned()));
        }
    }
    found
}

#[test]
fn every_command_of_every_page_is_one_of_the_program() {
    let (mut wrong, mut right) = (Vec::new(), 0);
    for page in pages() {
        for (place, line) in commands(&page) {
            match refusal(&words(&line)) {
                None => right += 1,
                Some(said) => wrong.push(format!("{place}: upshift {line}\n{said}")),
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(right > 100, "{right}");
}

/// `["upshift", "wait"]` of a manifest; a service's own program has the commands behind `migrate`.
#[test]
fn every_command_of_the_manifests_is_one_of_the_program() {
    let mut right = 0;
    for path in files("docs", ".yaml") {
        let text = read(&path);
        let lists = text.lines().filter_map(|line| line.trim().split_once(": [")?.1.strip_suffix(']'));
        for list in lists {
            let Ok(words) = serde_json::from_str::<Vec<String>>(&format!("[{list}]")) else { continue };
            let [first, rest @ ..] = words.as_slice() else { continue };
            if matches!(first.as_str(), "upshift" | "migrate") {
                assert_eq!(refusal(rest), None, "{path}: {list}");
                right += 1;
            }
        }
    }
    assert!(right > 3, "{right}");
}

#[test]
fn what_is_no_command_is_found() {
    for line in ["upp", "up --too 7", "baseline", "up --to seven", "status --stat pending"] {
        assert!(refusal(&words(line)).is_some(), "{line}");
    }
}

#[test]
fn a_line_of_a_shell_is_read_as_a_shell_reads_it() {
    assert_eq!(words("lint --format sarif > lint.sarif"), ["lint", "--format", "sarif"]);
    assert_eq!(words("new \"add status\" # a note"), ["new", "add status"]);
}
