//! Which layout a folder speaks: the marks of every file, one by one.
//!
//! Only the comments a file begins with are looked at, where a tool's marks stand first in it. A folder without any mark
//! is upshift's own; one with the marks of two tools is an error.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::flyway::{Kind, Script};
use super::{Files, Layout, dbmate, drizzle, goose, graphile, node_pg, sqitch, tern};
use crate::{Diagnostic, SectionKind, SourceFile};

/// The layout the files speak of.
pub(super) fn detect(files: &Files<'_>) -> Result<Layout, Diagnostic> {
    // What a journal or a plan says goes for the whole folder.
    if files.get(sqitch::PLAN).is_some() {
        return Ok(Layout::Sqitch);
    }
    let mut marks: BTreeMap<Layout, &str> = BTreeMap::new();
    for file in files.0 {
        if let Some(layout) = mark(file, files) {
            if file.path == drizzle::JOURNAL {
                return Ok(layout);
            }
            marks.entry(layout).or_insert(&file.path);
        }
    }
    let mut found = marks.into_iter();
    match (found.next(), found.next()) {
        (None, _) => Ok(unmarked(files)),
        (Some((layout, _)), None) => Ok(layout),
        (Some((one, here)), Some((other, there))) => {
            let message =
                format!("this folder speaks of two tools: {one} in `{here}`, and {other} in `{there}`");
            Err(Diagnostic::of_file(here, message)
                .help("say which layout it is, or give each tool's files a folder of its own"))
        }
    }
}

/// The tool a file speaks of.
fn mark(file: &Arc<SourceFile>, files: &Files<'_>) -> Option<Layout> {
    let path = &*file.path;
    let base = path.rsplit('/').next().unwrap_or(path);
    if path == drizzle::JOURNAL {
        return Some(Layout::Drizzle);
    }
    match base {
        "migration.sql" if path.contains('/') => return Some(Layout::DrizzleFolders),
        "metadata.toml" => return Some(Layout::Diesel),
        "up.sql" if path.contains("_diesel_initial_setup/") => return Some(Layout::Diesel),
        "up.sql" | "down.sql" => return None,
        _ if path.starts_with("committed/") => return Some(Layout::Graphile),
        _ => {}
    }
    if begins_with_dotted_time(base) || path.strip_prefix("down/").is_some_and(|up| files.get(up).is_some()) {
        return Some(Layout::Umzug);
    }
    if !path.ends_with(".sql") {
        return None;
    }
    text_mark(&file.text)
}

/// `2026.11.20T10.29.17`
fn begins_with_dotted_time(base: &str) -> bool {
    base.get(..19).is_some_and(|time| {
        time.bytes()
            .zip(*b"dddd.dd.ddTdd.dd.dd")
            .all(|(byte, form)| if form == b'd' { byte.is_ascii_digit() } else { byte == form })
    })
}

/// The tool whose marks stand in the comments a text begins with.
fn text_mark(text: &str) -> Option<Layout> {
    if text.starts_with("-- no-transaction") {
        return Some(Layout::Sqlx);
    }
    for line in text.lines().map(str::trim_end).take_while(|line| line.is_empty() || line.starts_with("--")) {
        if line.starts_with("-- upshift:") {
            return None;
        }
        if goose::annotation(line).is_some() {
            return Some(Layout::Goose);
        }
        if dbmate::directive(line).is_some() {
            return Some(Layout::Dbmate);
        }
        if node_pg::mark(line).is_some_and(|kind| kind == SectionKind::Up) {
            return Some(Layout::NodePgMigrate);
        }
        if line.starts_with("--! ") && graphile::is_header(line) {
            return Some(Layout::Graphile);
        }
    }
    text.contains(tern::MIDDLE).then_some(Layout::Tern)
}

/// The layout of a folder whose texts say nothing: by the forms of its names.
fn unmarked(files: &Files<'_>) -> Layout {
    let sql = || files.0.iter().filter(|file| file.path.ends_with(".sql"));
    let only_folders =
        || sql().all(|file| file.path.ends_with("/up.sql") || file.path.ends_with("/down.sql"));
    let says_upshift = || sql().any(|file| file.text.contains("-- upshift:"));
    if sql().next().is_some() && only_folders() && !says_upshift() {
        return Layout::Diesel;
    }
    let mut versioned = BTreeSet::new();
    let mut flyway = files.0.iter().any(|file| file.path.ends_with(".sql.conf"));
    let mut scripts = 0;
    for file in sql() {
        let Some(script) = Script::of(&file.path) else {
            if file.path.rsplit('/').next().is_some_and(|base| base.starts_with(|c: char| c.is_ascii_digit()))
            {
                return Layout::Native;
            }
            continue;
        };
        let id = script.parts.join(".");
        scripts += usize::from(script.kind != Kind::Repeatable);
        let refinery = matches!(script.kind, Kind::Versioned | Kind::Undo)
            && script.parts.len() == 1
            && !script.description.is_empty()
            && script.description.chars().all(|c| c.is_alphanumeric() || c == '_');
        // An undo script shares its version with the script it reverts; refinery's `U` has one of its own.
        flyway |= !refinery || !versioned.insert(id);
    }
    match (scripts, flyway) {
        (0, _) => Layout::Native,
        (_, true) => Layout::Flyway,
        (_, false) => Layout::Refinery,
    }
}
