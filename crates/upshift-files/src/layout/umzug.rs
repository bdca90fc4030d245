//! umzug, its SQL files: `x.sql` with `down/x.sql`, or `x.up.sql` with `x.down.sql`.

use std::sync::Arc;

use super::{Dialect, Files, Layout, Piece, stranger};
use crate::cut::Role;
use crate::file_name::{self, Named};
use crate::{Diagnostic, MigrationId, SectionKind, SourceFile};

/// What the file is in umzug's folder. The version is the digits of its prefix: `2026.11.20T10.29.17` is
/// 20261120102917.
pub(super) fn piece(file: &Arc<SourceFile>, files: &Files<'_>) -> Result<Option<Piece>, Diagnostic> {
    let path = &*file.path;
    let Some(stem) = path.strip_suffix(".sql") else {
        let error = file_name::wrong_ending(path);
        return Err(Diagnostic::of_file(path, error.message).help(error.help));
    };
    let (stem, role) = match stem.strip_prefix("down/") {
        Some(stem) if files.get(&format!("{stem}.sql")).is_none() => {
            let problem = Diagnostic::of_file(path, "a down without its up");
            return Err(problem.help(format!("write `{stem}.sql`, or delete this file")));
        }
        Some(stem) => (stem, Role::Only(SectionKind::Down)),
        None if stem.contains('/') => return Err(stranger(file, Layout::Umzug)),
        None if files.get(&format!("down/{path}")).is_some() => (stem, Role::Only(SectionKind::Up)),
        None => file_name::section_of(stem)
            .map_err(|error| Diagnostic::of_file(path, error.message).help(error.help))?,
    };
    let is_time = |c: char| c.is_ascii_digit() || matches!(c, '.' | 'T' | '-');
    let end = stem.find(|c: char| !is_time(c)).unwrap_or(stem.len());
    let digits: String = stem[..end].chars().filter(char::is_ascii_digit).collect();
    let name = stem[end..].trim_start_matches(['_', '-', '.']).to_owned();
    let version = file_name::version(&digits).map_err(|error| {
        let problem = Diagnostic::of_file(path, format!("the name has no valid version: {error}"));
        problem.help("begin it with a time, as in `2026.05.14T09.30.00.add-status.sql`")
    })?;
    let named = Named { id: MigrationId::Version(version), name, role };
    Ok(Some(Piece::sql(named, file, Dialect::Upshift)))
}
