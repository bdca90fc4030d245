//! Layouts where a file's name says it all: upshift's own, and the tools whose names are among its forms.

use std::sync::Arc;

use super::{Content, Dialect, Layout, Piece};
use crate::cut::Role;
use crate::file_name::{self, NameError, Named, Words};
use crate::{Diagnostic, MigrationId, SectionKind, SourceFile, Version};

/// What the file is by its name.
pub(super) fn piece(layout: Layout, file: &Arc<SourceFile>, dialect: Dialect) -> Result<Piece, Diagnostic> {
    let wrong = |error: NameError| Diagnostic::of_file(&*file.path, error.message).help(error.help);
    let path = &*file.path;
    if let Some(stem) = path.strip_suffix(".rs") {
        let base = stem.rsplit('/').next().unwrap_or(stem);
        let (version, name) = file_name::version_and_words(base, Words::Strict).map_err(wrong)?;
        let piece =
            Piece { id: MigrationId::Version(version), name, file: file.clone(), content: Content::Rust };
        return Ok(piece);
    }
    if path.contains('/') && !reads_subfolders(layout) {
        let problem = Diagnostic::of_file(path, format!("{layout} does not read files in subfolders"));
        return Err(problem.help("move it up into the folder itself, or out of it"));
    }
    let named = match layout {
        Layout::Native => file_name::parse(path, Words::Strict),
        Layout::Refinery => refinery(path),
        Layout::Dbmate => dbmate(path),
        _ => file_name::parse(path, Words::Free),
    };
    let named = named.map_err(wrong)?;
    if layout == Layout::GolangMigrate && named.role == Role::Whole {
        let problem =
            Diagnostic::of_file(path, "golang-migrate reads files named `.up.sql` and `.down.sql` alone");
        return Err(problem.help("say in the name which of the two it is"));
    }
    Ok(Piece::sql(named, file, dialect))
}

/// Whether the tool looks for migrations below the folder's top.
fn reads_subfolders(layout: Layout) -> bool {
    matches!(layout, Layout::Native | Layout::Refinery)
}

/// `V1__words.sql`, and `U1__words.sql`, which refinery applies whenever it finds it not applied.
fn refinery(path: &str) -> Result<Named, NameError> {
    let base = path.rsplit('/').next().unwrap_or(path);
    match base.strip_prefix('U').filter(|rest| rest.starts_with(|c: char| c.is_ascii_digit())) {
        Some(rest) => file_name::parse(&format!("V{rest}"), Words::Strict),
        None => file_name::parse(path, Words::Strict),
    }
}

/// dbmate's version is the digits at the beginning, whatever follows them.
fn dbmate(path: &str) -> Result<Named, NameError> {
    let Some(stem) = path.strip_suffix(".sql") else { return Err(file_name::wrong_ending(path)) };
    let end = stem.find(|c: char| !c.is_ascii_digit()).unwrap_or(stem.len());
    if end == 0 {
        return file_name::parse(path, Words::Free);
    }
    let (digits, rest) = stem.split_at(end);
    let version: Version = file_name::version(digits)
        .map_err(|error| NameError::new(format!("`{stem}` has no valid version: {error}"), "shorten it"))?;
    let (rest, role) = file_name::section_of(rest)?;
    let name = rest.trim_start_matches(['_', '-']).to_owned();
    Ok(Named { id: MigrationId::Version(version), name, role })
}

/// `up.sql` in a folder named by version and words, for tools that have no other form.
pub(super) fn in_folder(path: &str) -> Option<(&str, SectionKind)> {
    let (folder, base) = path.split_once('/')?;
    let kind = match base {
        "up.sql" => SectionKind::Up,
        "down.sql" => SectionKind::Down,
        "verify.sql" => SectionKind::Verify,
        "guard.sql" => SectionKind::Guard,
        _ => return None,
    };
    Some((folder, kind))
}
