//! Where migrations come from: an embedded folder, a folder at run time, an `include_dir::Dir`, Rust functions.

mod kept;

use std::borrow::Cow;
use std::path::{Path, PathBuf};

use upshift_files::{Diagnostics, Layout, LayoutChoice, MigrationSet, SourceFile, Vars, folder};

use crate::code::{CodeMigration, CodePlace};
use crate::error::Error;

pub(crate) use kept::Kept;

/// Where migrations come from: files and Rust code, nothing understood yet.
///
/// `embed_migrations!` makes one at compile time, fit for a `const` or a `static`; [`Source::folder`] reads one at run
/// time. [`Source::with`] adds Rust migrations.
#[derive(Debug, Clone)]
pub struct Source {
    origin: Origin,
    added: Vec<SourceFile>,
    code: Cow<'static, [CodeMigration]>,
    layout: LayoutChoice,
    /// [`MigrationSet::fingerprint`], where it was known at compile time.
    fingerprint: Option<&'static str>,
}

#[derive(Debug, Clone)]
enum Origin {
    Embedded { root: &'static str, files: &'static [SourceFile] },
    Given(Vec<SourceFile>),
    Folder(PathBuf),
}

impl Source {
    /// Files and code that a macro put into the binary; `root` is the folder at build time.
    #[doc(hidden)]
    pub const fn embedded(
        root: &'static str,
        files: &'static [SourceFile],
        code: &'static [CodeMigration],
    ) -> Source {
        Source {
            origin: Origin::Embedded { root, files },
            added: Vec::new(),
            code: Cow::Borrowed(code),
            layout: LayoutChoice::Detect,
            fingerprint: None,
        }
    }

    /// Files made or read by the program itself.
    ///
    /// ```
    /// use upshift::{Source, SourceFile};
    /// let source = Source::files([SourceFile::new("1_users.sql", "create table users (id bigint primary key);")]);
    /// assert_eq!(source.set()?.len(), 1);
    /// # Ok::<(), upshift::Error>(())
    /// ```
    pub fn files(files: impl IntoIterator<Item = SourceFile>) -> Source {
        Source {
            origin: Origin::Given(files.into_iter().collect()),
            added: Vec::new(),
            code: Cow::Borrowed(&[]),
            layout: LayoutChoice::Detect,
            fingerprint: None,
        }
    }

    /// A folder, read anew whenever the migrations are asked for.
    ///
    /// Rust files in it are refused then: Rust code must be compiled in.
    pub fn folder(path: impl AsRef<Path>) -> Source {
        Source {
            origin: Origin::Folder(path.as_ref().to_owned()),
            added: Vec::new(),
            code: Cow::Borrowed(&[]),
            layout: LayoutChoice::Detect,
            fingerprint: None,
        }
    }

    /// The same with Rust migrations, each an async function under `#[upshift::migration]`.
    pub fn with(mut self, code: impl IntoIterator<Item = CodeMigration>) -> Source {
        self.code.to_mut().extend(code);
        self.fingerprint = None;
        self
    }

    /// The same with more files, such as one that a test adds to the embedded folder.
    ///
    /// ```
    /// use upshift::{Source, SourceFile};
    /// let source = Source::files([SourceFile::new("1_users.sql", "create table users ();")]);
    /// let more = source.with_files([SourceFile::new("2_orders.sql", "create table orders ();")]);
    /// assert_eq!(more.set()?.len(), 2);
    /// # Ok::<(), upshift::Error>(())
    /// ```
    pub fn with_files(mut self, files: impl IntoIterator<Item = SourceFile>) -> Source {
        self.added.extend(files);
        self.fingerprint = None;
        self
    }

    /// The same, read as this tool writes its files instead of finding out.
    pub const fn layout(mut self, layout: Layout) -> Source {
        self.layout = LayoutChoice::Is(layout);
        self.fingerprint = None;
        self
    }

    /// The same, with what a database that has all of it is recognised by: the macro has read the files.
    #[doc(hidden)]
    pub const fn settled_as(mut self, fingerprint: &'static str) -> Source {
        self.fingerprint = Some(fingerprint);
        self
    }

    /// What a database that has all of it is recognised by, where that is known without reading the files.
    ///
    /// # Errors
    /// As [`Source::set`] for a folder that has other files than the binary.
    pub(crate) fn fingerprint(&self) -> Result<Option<&'static str>, Error> {
        if self.fingerprint.is_some() {
            self.refuse_stale()?;
        }
        Ok(self.fingerprint)
    }

    /// Whether it has the same migrations whenever it is asked.
    fn is_fixed(&self) -> bool {
        match self.origin {
            Origin::Embedded { .. } | Origin::Given(_) => true,
            Origin::Folder(_) => false,
        }
    }

    fn refuse_stale(&self) -> Result<(), Error> {
        match &self.origin {
            Origin::Embedded { root, files } => refuse_stale(root, files),
            Origin::Given(_) | Origin::Folder(_) => Ok(()),
        }
    }

    /// The migrations, understood: ordered, unique, checked.
    ///
    /// # Errors
    /// Every mistake in the files at once ([`Error::diagnostics`]). In debug builds also a folder that has other files
    /// than the binary, which means that cargo did not notice a new file ([`Error::is_stale`]).
    pub fn set(&self) -> Result<MigrationSet, Error> {
        self.refuse_stale()?;
        let mut files = match &self.origin {
            Origin::Embedded { files, .. } => files.to_vec(),
            Origin::Given(files) => files.clone(),
            Origin::Folder(path) => folder::read(path).map_err(Error::files)?,
        };
        files.extend(self.added.iter().cloned());
        self.refuse_uncompiled(&files).map_err(|found| self.wrong(found))?;
        let headers = self.code.iter().filter_map(|code| match code.place {
            CodePlace::Function(header) => Some(header),
            CodePlace::File(_) => None,
        });
        MigrationSet::parse(files, headers.collect(), self.layout).map_err(|found| self.wrong(found))
    }

    /// What [`Source::set`] leaves out to be quick at boot: every statement of every section is read.
    ///
    /// `embed_migrations!` has done it at compile time; a test of a folder or of files wants it.
    ///
    /// # Errors
    /// Every mistake at once ([`Error::diagnostics`]).
    pub fn check(&self) -> Result<MigrationSet, Error> {
        let set = self.set()?;
        set.check(None::<&Vars>).map_err(|found| self.wrong(found))?;
        Ok(set)
    }

    /// These mistakes, each where a person would look for it.
    pub(crate) fn wrong(&self, found: Diagnostics) -> Error {
        Error::files(found.shown(|path| self.shown(path)))
    }

    /// A file as a person would look for it: with the folder's name in front, where there is a folder.
    pub fn shown(&self, path: &str) -> String {
        let root = match &self.origin {
            Origin::Embedded { root, .. } => Path::new(root).file_name().map(Path::new),
            Origin::Folder(path) => Some(path.as_path()),
            Origin::Given(_) => None,
        };
        let added = self.added.iter().any(|file| file.path == path);
        match root {
            Some(root) if !added => root.join(path).display().to_string(),
            _ => path.to_owned(),
        }
    }

    /// The functions behind a Rust migration, found by where its text stands.
    pub(crate) fn code(&self, path: &str) -> Option<&CodeMigration> {
        self.code.iter().find(|code| match code.place {
            CodePlace::Function(header) => header.path == path,
            CodePlace::File(file) => file == path,
        })
    }

    fn refuse_uncompiled(&self, files: &[SourceFile]) -> Result<(), Diagnostics> {
        let rust = files.iter().filter(|file| file.path.ends_with(".rs"));
        let lost = rust.filter(|file| self.code(&file.path).is_none());
        let found = lost.map(|file| {
            upshift_files::Diagnostic::of_file(
                file.path.clone(),
                "a Rust migration cannot be read at run time: it must be compiled in",
            )
            .help(
                "embed the folder with `upshift::embed_migrations!`, or add the function with `Source::with`",
            )
        });
        Diagnostics::none_or(found.collect(), ())
    }
}

impl From<&Source> for Source {
    fn from(source: &Source) -> Source {
        source.clone()
    }
}

#[cfg(feature = "include-dir")]
impl From<&'static include_dir::Dir<'static>> for Source {
    /// The UTF-8 files of an embedded folder; what is no migration file is left out, as in a folder on disk.
    fn from(dir: &'static include_dir::Dir<'static>) -> Source {
        fn collect(dir: &'static include_dir::Dir<'static>, into: &mut Vec<SourceFile>) {
            for file in dir.files() {
                let path = file.path().to_string_lossy().replace('\\', "/");
                if upshift_files::is_migration_file(&path) {
                    // A text that is no UTF-8 keeps its replacement characters: the checks then point at them.
                    into.push(SourceFile::new(path, String::from_utf8_lossy(file.contents())));
                }
            }
            dir.dirs().for_each(|inner| collect(inner, into));
        }
        let mut files = Vec::new();
        collect(dir, &mut files);
        Source::files(files)
    }
}

/// In debug builds, whether the folder still has exactly the files that were embedded.
///
/// No macro on stable Rust notices a *new* file by itself, and a migration that silently is not there is the worst
/// failure there is. A folder that does not exist is another machine: nothing to compare with.
fn refuse_stale(root: &str, embedded: &[SourceFile]) -> Result<(), Error> {
    if !cfg!(debug_assertions) || !Path::new(root).is_dir() {
        return Ok(());
    }
    let Ok(found) = folder::list(Path::new(root)) else { return Ok(()) };
    let new: Vec<String> =
        found.into_iter().filter(|path| !embedded.iter().any(|file| file.path == *path)).collect();
    if new.is_empty() { Ok(()) } else { Err(Error::stale(root, new)) }
}
