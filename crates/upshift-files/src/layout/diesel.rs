//! diesel: a folder a migration, named by version and words, with `up.sql`, `down.sql`, `metadata.toml`.

use std::sync::Arc;

use super::lines::lines;
use super::{Dialect, Files, Layout, Piece, flat, stranger};
use crate::cut::Role;
use crate::file_name::{self, Named, Words};
use crate::header::Transaction;
use crate::{Diagnostic, MigrationId, SourceFile, word};

/// What the file is in a folder of diesel migrations.
///
/// diesel looks at folders alone: an SQL file beside them is no migration of its, and is passed over when its name does
/// not begin with a version. When it does, it was meant as a migration, and is refused.
pub(super) fn piece(file: &Arc<SourceFile>, files: &Files<'_>) -> Result<Option<Piece>, Diagnostic> {
    let path = &*file.path;
    if let Some((folder, kind)) = flat::in_folder(path) {
        let (version, name) = file_name::version_and_words(folder, Words::Free).map_err(|error| {
            Diagnostic::of_file(path, error.message)
                .help("name the folder as in `2026-05-14-093000_add_status`")
        })?;
        let named = Named { id: MigrationId::Version(version), name, role: Role::Only(kind) };
        let piece = Piece::sql(named, file, Dialect::Upshift);
        return match files.get(&format!("{folder}/metadata.toml")) {
            Some(metadata) => Ok(Some(piece.transaction(transaction(metadata)?))),
            None => Ok(Some(piece)),
        };
    }
    if path.ends_with(".rs") {
        return flat::piece(Layout::Diesel, file, Dialect::Upshift).map(Some);
    }
    let begins_with_digit = path.starts_with(|c: char| c.is_ascii_digit());
    match path.rsplit_once('/') {
        Some((folder, "metadata.toml")) if files.get(&format!("{folder}/up.sql")).is_some() => Ok(None),
        None if path.ends_with(".sql") && !begins_with_digit => Ok(None),
        None if path.ends_with(".sql") => {
            let stem = path.trim_end_matches(".sql");
            let problem = Diagnostic::of_file(path, "a diesel migration is a folder, and this is a file");
            Err(problem.help(format!("move it to `{stem}/up.sql`")))
        }
        _ => Err(stranger(file, Layout::Diesel)),
    }
}

/// `run_in_transaction` of a `metadata.toml`; diesel takes a file without it for `false`.
fn transaction(metadata: &SourceFile) -> Result<Transaction, Diagnostic> {
    let mut transaction = Transaction::Off;
    for line in lines(&metadata.text) {
        let said = line.text.split('#').next().unwrap_or("").trim();
        if said.is_empty() {
            continue;
        }
        let wrong =
            |message: String| Diagnostic::at(&*metadata.path, &metadata.text, line.range.clone(), message);
        let (key, value) = said.split_once('=').map_or((said, ""), |(key, value)| (key.trim(), value.trim()));
        transaction = match (key, value) {
            ("run_in_transaction", "true") => Transaction::On,
            ("run_in_transaction", "false") => Transaction::Off,
            ("run_in_transaction", _) => {
                return Err(wrong(format!("`{value}` is neither `true` nor `false`"))
                    .help("write `run_in_transaction = false`"));
            }
            _ => {
                let help = word::did_you_mean(key, &["run_in_transaction"]);
                return Err(wrong(format!("unknown setting `{key}`")).help(help));
            }
        };
    }
    Ok(transaction)
}
