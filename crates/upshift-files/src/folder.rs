//! A folder of migrations on disk, read at run time or in the macro.

use std::io;
use std::path::Path;

use crate::{Diagnostic, Diagnostics, SourceFile, is_migration_file};

/// Deeper than this no folder of migrations is: a guard against links that run in circles.
const DEEPEST: usize = 16;

/// Reads every [file of migrations](is_migration_file) below `path`, sorted by path.
///
/// # Errors
/// When the folder is missing, holds no migration, or cannot be read; and for every file that cannot be read or is not
/// UTF-8, with the place of the wrong byte.
pub fn read(path: &Path) -> Result<Vec<SourceFile>, Diagnostics> {
    let shown = path.display().to_string();
    let names = list(path).map_err(|error| {
        let (message, help) = match error.kind() {
            io::ErrorKind::NotFound => (
                "there is no such folder".to_owned(),
                "create it, or correct the path: it is relative to where the program runs",
            ),
            io::ErrorKind::NotADirectory => {
                ("this is no folder".to_owned(), "name the folder the migrations are in")
            }
            _ => (format!("this folder cannot be read: {error}"), "see to it that the program may read it"),
        };
        Diagnostic::of_file(&*shown, message).help(help)
    })?;
    if names.is_empty() {
        let problem = Diagnostic::of_file(&*shown, "there are no migrations in this folder");
        return Err(problem
            .help("write the first, named as in `20260514093000_words.sql`, or correct the path")
            .into());
    }
    let mut files = Vec::with_capacity(names.len());
    let mut problems = Vec::new();
    for name in names {
        match std::fs::read(path.join(&name)) {
            Ok(bytes) => match String::from_utf8(bytes) {
                Ok(text) => files.push(SourceFile::new(name, text)),
                Err(error) => problems.push(not_utf8(name, &error)),
            },
            Err(error) => {
                let problem = Diagnostic::of_file(name, format!("this file cannot be read: {error}"));
                problems.push(problem.help("see to it that the program may read it"));
            }
        }
    }
    Diagnostics::none_or(problems, files)
}

/// The paths of the [files of migrations](is_migration_file) below `path`, with `/` between their parts, sorted.
///
/// # Errors
/// When a folder cannot be read, a name is not UTF-8, or folders are nested deeper than 16.
pub fn list(path: &Path) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    collect(path, "", 0, &mut names)?;
    names.sort();
    Ok(names)
}

fn collect(folder: &Path, inside: &str, depth: usize, names: &mut Vec<String>) -> io::Result<()> {
    if depth > DEEPEST {
        let message = format!("`{inside}` is nested deeper than {DEEPEST} folders");
        return Err(io::Error::other(message));
    }
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        let Some(base) = path.file_name() else { continue };
        let Some(base) = base.to_str() else {
            let message = format!("the name of `{}` is not UTF-8", path.display());
            return Err(io::Error::new(io::ErrorKind::InvalidData, message));
        };
        let name = if inside.is_empty() { base.to_owned() } else { format!("{inside}/{base}") };
        if base.starts_with('.') {
            continue;
        }
        if path.is_dir() {
            collect(&path, &name, depth + 1, names)?;
        } else if is_migration_file(&name) {
            names.push(name);
        }
    }
    Ok(())
}

fn not_utf8(name: String, error: &std::string::FromUtf8Error) -> Diagnostic {
    let at = error.utf8_error().valid_up_to();
    let valid = String::from_utf8_lossy(&error.as_bytes()[..at]);
    let place = crate::Position::of(&valid, valid.len());
    let message = format!("this file is not UTF-8: the byte {at}, at {place}, is wrong");
    Diagnostic::of_file(name, message).help("save it as UTF-8")
}
