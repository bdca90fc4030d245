//! The house keeps its shape: imports go down only, what is pure stays pure, and SQL has its places.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The floors of the engine, lowest first. A module imports from floors below its own, and from itself.
const FLOORS: &[&[&str]] = &[
    &["answer"],
    &["ident", "backoff", "settings", "code"],
    &["history"],
    &["plan"],
    &["report"],
    &["gate", "progress", "drift"],
    &["event"],
    &["error"],
    &["privilege", "meter"],
    &["session", "source", "facts", "gatekeeper"],
    &["context", "wire"],
    &["spans"],
    &["lock", "resume", "difference", "watch", "around"],
    &["backfill", "recorder"],
    &["execute"],
    &["migrator"],
    &[
        "builder",
        "audit",
        "adopt",
        "redo",
        "renumber",
        "repair",
        "status",
        "fleet",
        "rollout",
        "checked",
        "backfills",
        "offline",
        "health",
        "waits",
    ],
    &["overview"],
    &["gauges"],
];

/// The same for neighbours on one floor that may know each other.
const NEIGHBOURS: &[(&str, &str)] = &[
    ("facts", "session"),
    ("migrator", "audit"),
    ("migrator", "repair"),
    ("renumber", "repair"),
    ("adopt", "audit"),
];

#[test]
fn modules_import_from_their_own_floor_or_below() {
    let floor: BTreeMap<&str, usize> =
        FLOORS.iter().enumerate().flat_map(|(n, names)| names.iter().map(move |name| (*name, n))).collect();
    let mut wrong = Vec::new();
    for (path, text) in sources("upshift") {
        let module = module_of(&path);
        if module == "lib" || path.components().any(|part| part.as_os_str() == "tests") {
            continue;
        }
        let Some(own) = floor.get(module.as_str()) else {
            panic!("{module} has no floor: give it one in FLOORS")
        };
        for imported in imports(&text) {
            let above = floor
                .get(imported.as_str())
                .is_some_and(|other| other > own || other == own && imported != module);
            if above && !NEIGHBOURS.contains(&(module.as_str(), imported.as_str())) {
                wrong.push(format!("{} imports {imported}, which is no floor below", path.display()));
            }
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}

#[test]
fn every_module_has_its_floor_and_every_floor_its_module() {
    let mut modules: Vec<String> = sources("upshift").iter().map(|(path, _)| module_of(path)).collect();
    modules.sort();
    modules.dedup();
    modules.retain(|module| module != "lib");
    let mut floors: Vec<String> =
        FLOORS.iter().flat_map(|names| names.iter().map(ToString::to_string)).collect();
    floors.sort();
    assert_eq!(modules, floors);
}

#[test]
fn what_decides_knows_no_socket_no_clock_and_no_environment() {
    let forbidden =
        ["tokio::", "futures", "std::net", "Instant::now", "SystemTime", "std::env", "std::process"];
    let pure = pure_crates().chain(sources("upshift").into_iter().filter(|(path, _)| {
        ["plan", "history", "gate", "ident", "settings", "report", "progress", "drift"]
            .contains(&module_of(path).as_str())
    }));
    let pure: Vec<_> = pure.collect();
    let is_async = |line: &str| {
        ["async ", "pub async ", "pub(crate) async "].iter().any(|it| line.trim_start().starts_with(it))
    };
    let waiting =
        pure.iter().filter(|(_, text)| code(text).any(is_async)).map(|(path, _)| path).collect::<Vec<_>>();
    assert_eq!(waiting, Vec::<&PathBuf>::new());
    expect_none(pure.into_iter(), &forbidden);
}

#[test]
fn the_library_prints_nothing_reads_no_environment_and_spawns_no_task() {
    // The task of a fleet handle belongs to it, and a goodbye is over in seconds: docs/decisions/0011.
    let owned = |path: &Path| path == Path::new("fleet/mod.rs");
    let spawning = sources("upshift").into_iter().filter(|(path, _)| !owned(path));
    expect_none(spawning, &[".spawn("]);
    let forbidden =
        ["println!", "eprintln!", "print!(", "std::env", "tokio::spawn", "thread::spawn", "static mut"];
    expect_none(sources("upshift").into_iter().chain(pure_crates()), &forbidden);
}

#[test]
fn sql_about_our_own_tables_stands_in_one_place() {
    let forbidden = ["from upshift.", "into upshift.", "update upshift.", "join upshift.", "table upshift."];
    let elsewhere = sources("upshift").into_iter().filter(|(path, _)| !path.starts_with("history"));
    expect_none(elsewhere, &forbidden);
}

/// What is run besides, `search_path.rs` tries. This finds what no test there makes run.
#[test]
fn our_own_sql_names_the_schema_of_everything() {
    let ours = [
        "history/sql.rs",
        "history/lock.rs",
        "history/fleet.rs",
        "history/privilege.rs",
        "execute/catalog.rs",
        "watch.rs",
        "history/backfill.rs",
        "history/snapshot.rs",
        "backfill/catalog.rs",
    ];
    let ours = ours.map(Path::new);
    let operators = [" || \"", " || '", "' ||", " <> ", " like ", " in (", " between ", " !~", " ~ "];
    let names = [
        "::text",
        "::oid",
        "::name",
        "::bytea",
        "::jsonb",
        " count(",
        "(count(",
        " sha256(",
        " now()",
        "collate \\\"",
    ];
    let mut found = Vec::new();
    let adopting = sources("upshift-adopt")
        .into_iter()
        .filter(|(path, _)| path == Path::new("read.rs") || path.starts_with("rules"));
    let of_the_engine = sources("upshift").into_iter().filter(|(path, _)| ours.contains(&path.as_path()));
    for (path, text) in of_the_engine.chain(adopting) {
        for (n, line) in code(&text).enumerate() {
            // Where an assignment cannot stand it is a comparison.
            let compared = line.match_indices(" = ").any(|(at, _)| {
                ["where ", "and ", " on ", "when ", "then "].iter().any(|word| line[..at].contains(word))
            });
            let named = operators.iter().chain(&names).any(|it| line.contains(it));
            if compared || named {
                found.push(format!("{}:{}: {}", path.display(), n + 1, line.trim()));
            }
        }
    }
    assert_eq!(found, Vec::<String>::new());
}

#[test]
fn no_file_is_longer_than_a_reader_can_hold() {
    let crates = [
        "upshift",
        "upshift-adopt",
        "upshift-cli",
        "upshift-files",
        "upshift-generate",
        "upshift-http",
        "upshift-lint",
        "upshift-macros",
        "upshift-recipes",
        "upshift-report",
        "upshift-schema",
        "upshift-test",
    ];
    let long: Vec<String> = crates
        .iter()
        .flat_map(|name| sources(name))
        .filter(|(path, text)| {
            !path.components().any(|part| part.as_os_str() == "tests") && code_lines(text) > 400
        })
        .map(|(path, text)| format!("{}: {} lines", path.display(), code_lines(&text)))
        .collect();
    assert_eq!(long, Vec::<String>::new());
}

/// The crates in which everything is a function of its arguments.
fn pure_crates() -> impl Iterator<Item = (PathBuf, String)> {
    // What is adopted is decided by values; some files ask and act.
    let asks =
        |path: &Path| ["read.rs", "front.rs", "prove.rs", "error.rs"].iter().any(|it| path == Path::new(it));
    let of_adoptions = sources("upshift-adopt").into_iter().filter(move |(path, _)| !asks(path));
    // A snapshot is read in one file, behind a feature.
    let reads = |path: &Path| path == Path::new("read.rs");
    let of_schemas = sources("upshift-schema").into_iter().filter(move |(path, _)| !reads(path));
    // What talks to a server stands in one folder.
    let runs = |path: &Path| path.starts_with("run");
    let of_plans = sources("upshift-generate").into_iter().filter(move |(path, _)| !runs(path));
    let pure = ["upshift-files", "upshift-lint", "upshift-recipes"].into_iter().flat_map(sources);
    pure.chain(of_schemas).chain(of_plans).chain(of_adoptions)
}

/// Fails for every file that has one of the words outside of comments and unit tests.
fn expect_none(files: impl Iterator<Item = (PathBuf, String)>, words: &[&str]) {
    let mut found = Vec::new();
    for (path, text) in files.filter(|(path, _)| !path.components().any(|part| part.as_os_str() == "tests")) {
        for (n, line) in code(&text).enumerate() {
            for word in words.iter().filter(|word| line.contains(**word)) {
                found.push(format!("{}:{}: {word}", path.display(), n + 1));
            }
        }
    }
    assert_eq!(found, Vec::<String>::new());
}

/// The lines before the unit tests, comments left out.
fn code(text: &str) -> impl Iterator<Item = &str> {
    let lines = text.lines().take_while(|line| !line.starts_with("#[cfg(test)]"));
    lines.map(|line| if line.trim_start().starts_with("//") { "" } else { line })
}

fn code_lines(text: &str) -> usize {
    text.lines().take_while(|line| !line.starts_with("#[cfg(test)]")).count()
}

fn sources(name: &str) -> Vec<(PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates").join(name).join("src");
    let mut files = Vec::new();
    collect(&root, &root, &mut files);
    assert!(!files.is_empty(), "no sources in {}", root.display());
    files
}

fn collect(root: &Path, folder: &Path, into: &mut Vec<(PathBuf, String)>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(root, &path, into);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            into.push((path.strip_prefix(root).unwrap().to_owned(), std::fs::read_to_string(&path).unwrap()));
        }
    }
}

/// `plan` for `plan/up.rs`, `lock` for `lock.rs`.
fn module_of(path: &Path) -> String {
    let first = path.components().next().unwrap().as_os_str().to_string_lossy();
    first.trim_end_matches(".rs").to_owned()
}

/// The modules named behind `crate::`, in code.
fn imports(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for line in code(text) {
        for behind in line.split("crate::").skip(1) {
            let name: String = behind.chars().take_while(|c| c.is_ascii_lowercase() || *c == '_').collect();
            found.push(name);
        }
    }
    found
}
