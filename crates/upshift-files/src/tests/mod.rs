//! The tables: files in, a picture of the set or the mistakes out.
//!
//! Each `cases/*.txt` holds cases: `## a sentence`, files (`=== path`, then its text), `----`, and what comes of them.
//! `UPSHIFT_UPDATE_CASES=1` writes down what comes of them now; read the difference before you commit it.

mod coverage;
mod property;
mod real;
mod set;

use std::path::{Path, PathBuf};

use crate::*;

fn crate_folder() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// One case of a table.
struct Case {
    name: String,
    input: String,
    expected: String,
}

fn cases_files() -> Vec<PathBuf> {
    let folder = crate_folder().join("src/tests/cases");
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

fn cases(path: &Path) -> Vec<Case> {
    let text = std::fs::read_to_string(path).unwrap();
    let cases = text.split("\n## ").map(|case| case.trim_start_matches("## "));
    cases
        .map(|case| {
            let (name, rest) = case.split_once('\n').unwrap();
            let (input, expected) = rest.split_once("\n----\n").unwrap_or((rest, ""));
            let whole = |text: &str| text.trim_end().to_owned();
            Case { name: name.to_owned(), input: whole(input), expected: whole(expected) }
        })
        .collect()
}

/// What is wanted of a case's files: `layout goose`, `var name=value`, `code 3 name` lines before the first file.
fn outcome(input: &str) -> String {
    let input = input.replace("<NUL>", "\0").replace("<CRLF>", "\r").replace("<BOM>", "\u{feff}");
    let mut parts = input.split("=== ");
    let mut layout = LayoutChoice::Detect;
    let mut vars = None;
    let mut code = Vec::new();
    for line in parts.next().unwrap_or("").lines() {
        match line.split_once(' ') {
            Some(("layout", name)) => layout = LayoutChoice::Is(name.parse().unwrap()),
            Some(("var", "none")) => vars = Some(Vars::new()),
            Some(("var", said)) => {
                let (name, value) = said.split_once('=').unwrap();
                vars = Some(vars.unwrap_or_default().with(name, value));
            }
            Some(("code", version)) => code.push(CodeHeader {
                path: "src/main.rs",
                version: version.parse().unwrap(),
                name: "in_code",
                text: "async fn in_code() {}",
                transaction: Transaction::Off,
                down: CodeDown::Present,
            }),
            _ => panic!("unknown setting `{line}`"),
        }
    }
    let files = parts.map(|part| {
        let (path, text) = part.split_once('\n').unwrap_or((part, ""));
        SourceFile::new(path.trim().to_owned(), text.to_owned())
    });
    match MigrationSet::parse(files.collect(), code, layout) {
        Err(problems) => problems.to_string(),
        Ok(set) => match set.check(vars.as_ref()) {
            Err(problems) => format!("parsed, but:\n{problems}"),
            Ok(()) => picture(&set, vars.as_ref()),
        },
    }
}

/// A set as a person sees it.
fn picture(set: &MigrationSet, vars: Option<&Vars>) -> String {
    let mut lines = vec![format!("layout {}", set.layout())];
    for migration in set {
        let mut line = format!("{}:", migration.label());
        let default = Header::default();
        let header = migration.header();
        if *header != default {
            line += &format!(" {}", header_picture(header));
        }
        match migration.up() {
            Body::Sql(section) => line += &section_picture(section, vars),
            Body::Code(code) => line += &format!("\n  up in Rust, {}", code.path()),
        }
        match migration.down() {
            Down::Sql(section) => line += &section_picture(section, vars),
            Down::Code => line += "\n  down in Rust",
            Down::Absent => {}
            Down::Irreversible { because } => line += &format!("\n  irreversible because {because}"),
        }
        for section in [migration.verify(), migration.guard()].into_iter().flatten() {
            line += &section_picture(section, vars);
        }
        lines.push(line);
    }
    lines.join("\n")
}

fn header_picture(header: &Header) -> String {
    let default = Header::default();
    let mut said = Vec::new();
    if header.phase != default.phase {
        said.push(format!("{:?}", header.phase));
    }
    said.extend(header.backfill.as_ref().map(|backfill| format!("{backfill:?}")));
    if header.transaction != default.transaction {
        said.push("transaction off".to_owned());
    }
    said.extend(header.lock_timeout.map(|limit| format!("lock-timeout {limit:?}")));
    said.extend(header.statement_timeout.map(|limit| format!("statement-timeout {limit:?}")));
    if !header.requires.is_empty() {
        said.push(format!("requires {:?}", header.requires.iter().map(|v| v.number()).collect::<Vec<_>>()));
    }
    said.extend(header.after.map(|delay| format!("after {delay:?}")));
    said.extend(header.switch.as_ref().map(|name| format!("switch {name}")));
    said.extend(header.allows.iter().map(|allow| format!("{allow:?}")));
    if header.substitution != default.substitution {
        said.push(format!("{:?}", header.substitution));
    }
    said.join(", ")
}

fn section_picture(section: &Section, vars: Option<&Vars>) -> String {
    let bound = vars.map_or_else(|| section.clone(), |vars| section.bind(vars).unwrap());
    let off = if section.transaction() == Transaction::Off { " (transaction off)" } else { "" };
    format!("\n  {} at {}:{}{off} {:?}", section.kind(), section.path(), section.position(0), bound.text())
}

#[test]
fn every_case_of_the_tables_comes_out_as_written_down() {
    let update = std::env::var_os("UPSHIFT_UPDATE_CASES").is_some();
    let mut wrong = Vec::new();
    for path in cases_files() {
        let mut text = Vec::new();
        for case in cases(&path) {
            let found = outcome(&case.input).lines().map(str::trim_end).collect::<Vec<_>>().join("\n");
            if found != case.expected {
                wrong.push(format!(
                    "{}: {}\n--- expected\n{}\n--- found\n{found}\n",
                    path.display(),
                    case.name,
                    case.expected
                ));
            }
            text.push(format!("## {}\n{}\n----\n{found}\n", case.name, case.input));
        }
        if update {
            std::fs::write(&path, text.join("\n")).unwrap();
        }
    }
    assert!(update || wrong.is_empty(), "{}", wrong.join("\n"));
}
