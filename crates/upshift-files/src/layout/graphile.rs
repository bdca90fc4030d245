//! graphile-migrate: `committed/000001-words.sql`, up alone.

use std::sync::Arc;

use super::lines::lines;
use super::{Dialect, Layout, Piece, stranger};
use crate::cut::Role;
use crate::file_name::{self, Named};
use crate::header::Transaction;
use crate::{Diagnostic, MigrationId, SourceFile};

/// What the file is in graphile-migrate's folder, which may be `committed` itself.
///
/// `current.sql` and `current/` are work in progress, not yet a migration; fixtures are compiled into the committed
/// files: both are passed over.
pub(super) fn piece(file: &Arc<SourceFile>) -> Result<Option<Piece>, Diagnostic> {
    let path = &*file.path;
    if path == "current.sql" || path.starts_with("current/") || path.starts_with("fixtures/") {
        return Ok(None);
    }
    let base = path.strip_prefix("committed/").unwrap_or(path);
    let Some(stem) = base.strip_suffix(".sql").filter(|stem| !stem.contains('/')) else {
        return Err(stranger(file, Layout::Graphile));
    };
    let end = stem.find(|c: char| !c.is_ascii_digit()).unwrap_or(stem.len());
    let (digits, rest) = stem.split_at(end);
    let wrong = |message: String| {
        Diagnostic::of_file(path, message)
            .help("graphile-migrate names committed files as in `000001-words.sql`")
    };
    let version = file_name::version(digits)
        .map_err(|error| wrong(format!("the name has no valid version: {error}")))?;
    let name = match rest.strip_prefix('-') {
        Some(name) => name.to_owned(),
        None if rest.is_empty() => String::new(),
        None => return Err(wrong("the name has no `-` after its number".to_owned())),
    };
    let named = Named { id: MigrationId::Version(version), name, role: Role::Whole };
    let body = lines(&file.text).find(|line| !is_header(line.text) && !line.text.trim().is_empty());
    let off = body.is_some_and(|line| line.text.trim_end() == "--! no-transaction");
    let transaction = if off { Transaction::Off } else { Transaction::On };
    Ok(Some(Piece::sql(named, file, Dialect::Upshift).transaction(transaction)))
}

/// `--! Previous: …`: a line the tool writes above the body.
pub(super) fn is_header(line: &str) -> bool {
    line.strip_prefix("--! ").is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_uppercase()))
}
