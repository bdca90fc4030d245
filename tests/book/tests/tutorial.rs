//! The tutorial is played as it stands: its files are written, its commands run, and what they print is compared.
//! `UPSHIFT_TELL=1` writes what they print into the page.

use std::path::{Path, PathBuf};
use std::process::Command;

use upshift_test::Server;

const PAGE: &str = "docs/tutorial.md";

/// A part of the page, in the order of the page.
enum Part {
    /// What nobody runs.
    Words(String),
    /// A file and its text.
    File(String, String),
    /// Commands of a `console` block, each with what it prints.
    Commands(Vec<(String, String)>),
}

#[tokio::test]
async fn what_the_tutorial_shows_is_what_happens() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(PAGE);
    let text = std::fs::read_to_string(&page).unwrap();
    let stage = Stage::new();
    let (mut told, mut commands) = (String::new(), 0);
    for part in parts(&text) {
        match part {
            Part::Words(words) => told.push_str(&words),
            Part::File(path, text) => {
                stage.write(&path, &text);
                told.push_str(&text);
            }
            Part::Commands(shown) => {
                for (command, _) in shown {
                    commands += 1;
                    told.push_str(&format!("$ {command}\n{}", stage.run(&command)));
                }
            }
        }
    }
    if std::env::var_os("UPSHIFT_TELL").is_some() {
        std::fs::write(&page, told).unwrap();
        return;
    }
    assert!(commands > 15, "{commands}");
    for (shown, real) in text.lines().zip(told.lines()) {
        assert_eq!(timeless(shown), timeless(real), "in {PAGE}; all of it now:\n{told}");
    }
    assert_eq!(text.lines().count(), told.lines().count(), "{told}");
}

fn parts(text: &str) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut path = None;
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        parts.push(Part::Words(format!("{line}\n")));
        let block = |lines: &mut std::iter::Peekable<std::str::Lines<'_>>| {
            let mut block = String::new();
            while let Some(line) = lines.next_if(|line| *line != "```") {
                block.push_str(line);
                block.push('\n');
            }
            block
        };
        match line {
            "```console" => parts.push(Part::Commands(commands(&block(&mut lines)))),
            "```sql" | "```toml" if path.is_some() => {
                parts.push(Part::File(path.take().unwrap_or_default(), block(&mut lines)));
            }
            _ => {
                let name = line.strip_prefix('`').and_then(|line| line.strip_suffix('`'));
                path = name.filter(|name| !name.contains([' ', '`'])).map(str::to_owned);
            }
        }
    }
    parts
}

fn commands(block: &str) -> Vec<(String, String)> {
    let mut commands: Vec<(String, String)> = Vec::new();
    for line in block.lines() {
        match (line.strip_prefix("$ "), commands.last_mut()) {
            (Some(command), _) => commands.push((command.to_owned(), String::new())),
            (None, Some((_, shown))) => *shown = format!("{shown}{line}\n"),
            (None, None) => {}
        }
    }
    commands
}

/// A folder with the program on its path, and a server.
struct Stage {
    folder: PathBuf,
    server: Server,
}

impl Stage {
    fn new() -> Stage {
        let folder = std::env::temp_dir().join(format!("upshift-tutorial-{}", std::process::id()));
        std::fs::create_dir_all(folder.join("bin")).unwrap();
        let program = folder.join("bin/upshift");
        std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_upshift-of-the-book"), program).unwrap();
        Stage { folder, server: Server::start().unwrap() }
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.folder.join("orders").join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    /// What a command prints, to both of its outputs.
    fn run(&self, command: &str) -> String {
        let folder = self.folder.join("orders");
        std::fs::create_dir_all(&folder).unwrap();
        let path = std::env::var("PATH").unwrap_or_default();
        let output = Command::new("sh")
            .args(["-c", &format!("{{ {command}; }} 2>&1")])
            .current_dir(folder)
            .env("PATH", format!("{}:{path}", self.folder.join("bin").display()))
            .env("DATABASE_URL", self.server.url("postgres"))
            .output()
            .unwrap();
        String::from_utf8(output.stdout).unwrap()
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// A line without what is of the moment: durations, dates, process ids, and the spaces that depend on them.
fn timeless(line: &str) -> String {
    let number = |word: &str| word.parse::<f64>().is_ok();
    let mut words = line.split_whitespace().peekable();
    let mut kept = Vec::new();
    while let Some(word) = words.next() {
        let unit = words.peek().copied().unwrap_or_default().trim_end_matches([',', ';']);
        if number(word) && matches!(unit, "ms" | "s") {
            words.next();
            // A fast machine takes `under 1 ms`.
            kept.pop_if(|before| *before == "under");
            kept.push("TOOK");
        } else if word.len() >= 8
            && word.chars().all(|it| it.is_ascii_digit() || matches!(it, '-' | ':'))
            && word.contains(['-', ':'])
        {
            kept.push("TIME");
        } else {
            kept.push(word);
        }
    }
    kept.join(" ")
}
