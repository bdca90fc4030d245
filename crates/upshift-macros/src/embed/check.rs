//! Reads the folder and checks every file, with the code that the run time uses.

use std::path::{Component, Path, PathBuf};

use proc_macro2::Span;
use syn::Error;
use upshift_files::{
    Body, CodeDown, Diagnostic, Diagnostics, Down, LayoutChoice, MigrationSet, SourceFile, Vars, folder,
};

use super::lint;
use super::parse::Arguments;
use crate::mistake::Mistakes;

/// A folder without a mistake.
pub(crate) struct Folder {
    /// The caller's words: what goes wrong in compiling the expansion is shown there.
    pub span: Span,
    pub root: String,
    pub layout: LayoutChoice,
    /// Paths inside the folder.
    pub files: Vec<String>,
    pub code: Vec<CodeFile>,
    /// What a database is recognised by that has all of it.
    pub fingerprint: String,
    /// A file whose change must make cargo compile again: the schema that lint begins with, as an absolute path.
    pub schema: Option<String>,
    /// What lint says and does not refuse.
    pub warnings: Vec<String>,
}

/// A migration in Rust.
pub(crate) struct CodeFile {
    /// Path inside the folder.
    pub path: String,
    pub down: CodeDown,
}

/// Reads the folder, or tells every mistake in it.
pub(crate) fn check(arguments: Arguments) -> Result<Folder, Mistakes> {
    let span = arguments.folder.span();
    let place = Place::of(&arguments.folder.value()).map_err(|mistake| vec![Error::new(span, mistake)])?;
    let (files, set) = understand(&place.root, arguments.layout).map_err(|found| -> Mistakes {
        found.into_iter().map(|mistake| Error::new(span, place.shown(mistake))).collect()
    })?;
    let warnings = lint::judge(&set, &arguments, |found| place.shown(found))?;
    let code = set.iter().filter_map(|migration| match migration.up() {
        Body::Sql(_) => None,
        Body::Code(code) => {
            let down = if *migration.down() == Down::Code { CodeDown::Present } else { CodeDown::Absent };
            Some(CodeFile { path: code.path().to_owned(), down })
        }
    });
    let code = code.collect();
    let schema = arguments.lint.schema.as_ref().map(|path| absolute(&path.value()));
    let Some(root) = place.root.to_str() else {
        return Err(vec![Error::new(span, "the path of this crate is not UTF-8: move it to one that is")]);
    };
    Ok(Folder {
        span,
        root: root.to_owned(),
        layout: arguments.layout,
        files,
        code,
        fingerprint: set.fingerprint(),
        schema,
        warnings,
    })
}

/// A path of the crate, as `include_str!` takes it.
fn absolute(path: &str) -> String {
    let folder = std::env::var("CARGO_MANIFEST_DIR").unwrap_or_default();
    format!("{folder}/{path}")
}

fn understand(root: &Path, layout: LayoutChoice) -> Result<(Vec<String>, MigrationSet), Diagnostics> {
    let files = folder::read(root)?;
    let paths = files.iter().map(|file| file.path.to_string()).collect();
    let set = MigrationSet::parse(files.clone(), Vec::new(), layout)
        .map_err(|found| with_statements(found, files, layout))?;
    set.check(None::<&Vars>)?;
    Ok((paths, set))
}

/// Adds the mistakes in the statements of the files that have no other, so that all are told at once.
fn with_statements(found: Diagnostics, mut files: Vec<SourceFile>, layout: LayoutChoice) -> Diagnostics {
    files.retain(|file| !found.iter().any(|mistake| mistake.path == file.path));
    // What is missing now was only left out: no new mistake.
    let Ok(rest) = MigrationSet::parse(files, Vec::new(), layout) else { return found };
    match rest.check(None::<&Vars>) {
        Ok(()) => found,
        Err(more) => {
            let all: Vec<Diagnostic> = found.iter().chain(more.iter()).cloned().collect();
            Diagnostics::none_or(all, ()).err().unwrap_or(found)
        }
    }
}

/// Where the folder is, and how it is called to a person.
struct Place {
    root: PathBuf,
    shown: String,
}

impl Place {
    fn of(folder: &str) -> Result<Place, String> {
        let path = Path::new(folder);
        if path.has_root() || path.is_absolute() {
            return Err(format!(
                "`{folder}` is on this machine alone: write the path from the crate's Cargo.toml on, as in `migrations`"
            ));
        }
        let crate_folder = std::env::var_os("CARGO_MANIFEST_DIR")
            .ok_or("cargo did not say where this crate is (CARGO_MANIFEST_DIR): compile it with cargo")?;
        let root = Path::new(&crate_folder).join(path);
        let shown = clickable(&root).unwrap_or_else(|| folder.to_owned());
        if root.is_dir() {
            Ok(Place { root, shown })
        } else if root.exists() {
            Err(format!("`{shown}` is no folder: name the folder the migrations are in"))
        } else {
            Err(format!(
                "the folder `{shown}` does not exist: create it, or correct the path, which begins at the crate's Cargo.toml"
            ))
        }
    }

    /// The mistake, its path as a person can click it.
    fn shown(&self, mut mistake: Diagnostic) -> Diagnostic {
        mistake.path = if Path::new(&mistake.path) == self.root {
            self.shown.clone()
        } else {
            format!("{}/{}", self.shown, mistake.path)
        };
        mistake
    }
}

/// The path from where the compiler runs, as in its own messages; `None` when the folder is not below.
fn clickable(root: &Path) -> Option<String> {
    let here = std::env::current_dir().ok()?;
    let mut plain = PathBuf::new();
    for part in root.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => drop(plain.pop()),
            part => plain.push(part),
        }
    }
    let below = plain.strip_prefix(here).ok()?;
    let parts: Vec<&str> = below.iter().map(|part| part.to_str()).collect::<Option<_>>()?;
    (!parts.is_empty()).then(|| parts.join("/"))
}
