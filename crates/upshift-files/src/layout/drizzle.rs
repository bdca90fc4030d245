//! drizzle: 0.x with its journal, 1.0 with a folder a migration. Up alone; `--> statement-breakpoint` is a comment.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::journal::{self, Entry};
use super::{Dialect, Files, Layout, Piece, stranger};
use crate::cut::Role;
use crate::file_name::{self, Named, Words};
use crate::{Diagnostic, MigrationId, SourceFile, Version};

pub(super) const JOURNAL: &str = "meta/_journal.json";

/// The journal's entries, in its order.
pub(super) fn pieces(files: &Files<'_>) -> Vec<Result<Option<Piece>, Diagnostic>> {
    let Some(journal) = files.get(JOURNAL) else {
        let problem = Diagnostic::of_file(JOURNAL, "a drizzle folder has a journal, and this one has none");
        return vec![Err(
            problem.help("embed or read the folder that holds `meta`; for drizzle 1.0 say `drizzle-folders`")
        )];
    };
    let entries = match journal::read(journal) {
        Ok(entries) => entries,
        Err(problem) => return vec![Err(problem)],
    };
    let tags: BTreeSet<String> = entries.iter().map(|entry| format!("{}.sql", entry.tag)).collect();
    let unknown = files.0.iter().filter(|file| file.path != JOURNAL && !tags.contains(&*file.path));
    let unknown = unknown.map(|file| {
        let problem = Diagnostic::of_file(
            &*file.path,
            "this file is not in `meta/_journal.json`, so drizzle never runs it",
        );
        Err(problem.help("generate it with drizzle-kit, or move it out of the folder"))
    });
    let mut latest = 0;
    let known = entries.iter().map(|entry| {
        let piece = piece(entry, latest, journal, files);
        latest = latest.max(entry.when);
        piece.map(Some)
    });
    known.collect::<Vec<_>>().into_iter().chain(unknown).collect()
}

fn piece(entry: &Entry, latest: u64, journal: &SourceFile, files: &Files<'_>) -> Result<Piece, Diagnostic> {
    let wrong = |message: String| Diagnostic::at(&*journal.path, &journal.text, entry.place.clone(), message);
    let tag = &entry.tag;
    let Some(file) = files.get(&format!("{tag}.sql")) else {
        return Err(wrong(format!("the journal names `{tag}.sql`, which is not in the folder"))
            .help("restore the file, or delete the entry"));
    };
    if entry.when <= latest {
        let problem = wrong(format!(
            "`{tag}` is not later than the entries before it: drizzle would skip it in silence"
        ));
        return Err(problem.help("give it a greater `when`, unless it is applied somewhere"));
    }
    let Some(version) = Version::new(entry.when) else {
        return Err(wrong(format!("`when` of `{tag}` has more than 18 digits"))
            .help("it is the time in milliseconds"));
    };
    let name = tag.trim_start_matches(|c: char| c.is_ascii_digit()).trim_start_matches('_').to_owned();
    let named = Named { id: MigrationId::Version(version), name, role: Role::Whole };
    Ok(Piece::sql(named, file, Dialect::Upshift))
}

/// `20261120102828_init/migration.sql`, for every folder.
///
/// drizzle knows its migrations by the folder's name, and two may be of one second; then the later name gets the next
/// free number for its version.
pub(super) fn folder_pieces(files: &Files<'_>) -> Vec<Result<Option<Piece>, Diagnostic>> {
    let mut least = 0;
    files.0.iter().map(|file| folder_piece(file, &mut least).map(Some)).collect()
}

fn folder_piece(file: &Arc<SourceFile>, least: &mut u64) -> Result<Piece, Diagnostic> {
    let path = &*file.path;
    let Some(folder) = path.strip_suffix("/migration.sql").filter(|folder| !folder.contains('/')) else {
        return Err(stranger(file, Layout::DrizzleFolders));
    };
    let (version, name) = file_name::version_and_words(folder, Words::Free).map_err(|error| {
        Diagnostic::of_file(path, error.message).help("name the folder as in `20260514093000_add_status`")
    })?;
    let version = Version::new(version.number().max(*least)).unwrap_or(version);
    *least = version.number() + 1;
    let named = Named { id: MigrationId::Version(version), name, role: Role::Whole };
    Ok(Piece::sql(named, file, Dialect::Upshift))
}
