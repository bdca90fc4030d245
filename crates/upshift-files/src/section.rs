//! A section: one of the texts of a migration, and where it stands in its file.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use crate::header::{Substitution, Transaction};
use crate::vars::{Binding, bind, in_code};
use crate::{Checksum, Diagnostic, Diagnostics, Position, SourceFile, Vars, sql};

/// What a section is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SectionKind {
    /// Applies the migration.
    Up,
    /// Reverts it.
    Down,
    /// Queries that must be true in every row, right after up.
    Verify,
    /// Queries that must be true in every row, right before up.
    Guard,
}

impl SectionKind {
    /// All of them.
    pub const ALL: [SectionKind; 4] =
        [SectionKind::Up, SectionKind::Down, SectionKind::Verify, SectionKind::Guard];

    /// Its directive, and the word in its file's name: `up`, `down`, `verify`, `guard`.
    pub const fn word(self) -> &'static str {
        match self {
            SectionKind::Up => "up",
            SectionKind::Down => "down",
            SectionKind::Verify => "verify",
            SectionKind::Guard => "guard",
        }
    }
}

impl fmt::Display for SectionKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// One of the texts of a migration. Cheap to clone.
#[derive(Clone)]
pub struct Section(Arc<Inner>);

#[derive(Clone)]
struct Inner {
    file: Arc<SourceFile>,
    kind: SectionKind,
    range: Range<usize>,
    checksum: Checksum,
    transaction: Transaction,
    replace: Replace,
    binding: Option<Binding>,
}

/// How variables enter a section's text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Replace {
    Nothing,
    Vars,
    Flyway,
    /// goose, with the state at the section's first line.
    Envsub(Envsub),
}

/// Whether goose replaces, from this line on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Envsub {
    On,
    Off,
}

impl Section {
    /// The bytes `range` of the file; the caller cuts at character boundaries.
    pub(crate) fn new(
        file: Arc<SourceFile>,
        kind: SectionKind,
        range: Range<usize>,
        transaction: Transaction,
        replace: Replace,
    ) -> Section {
        let checksum = Checksum::of(file.text.get(range.clone()).unwrap_or(""));
        Section(Arc::new(Inner { file, kind, range, checksum, transaction, replace, binding: None }))
    }

    /// A whole text as one section, such as a down that a history kept.
    pub fn of(file: SourceFile, kind: SectionKind, transaction: Transaction) -> Section {
        let range = 0..file.text.len();
        Section::new(Arc::new(file), kind, range, transaction, Replace::Nothing)
    }

    /// The path of the file it stands in.
    pub fn path(&self) -> &str {
        &self.0.file.path
    }

    /// The whole file it stands in, without byte order mark.
    pub fn file(&self) -> &SourceFile {
        &self.0.file
    }

    /// What it is for.
    pub fn kind(&self) -> SectionKind {
        self.0.kind
    }

    /// Whether its statements run together in a transaction.
    pub fn transaction(&self) -> Transaction {
        self.0.transaction
    }

    /// What [`bind`](Section::bind) replaces in its text.
    pub fn substitution(&self) -> Substitution {
        match self.0.replace {
            Replace::Nothing => Substitution::Off,
            Replace::Vars => Substitution::Vars,
            Replace::Flyway => Substitution::Flyway,
            Replace::Envsub(_) => Substitution::Envsub,
        }
    }

    /// The text: as written, or as it is sent once variables are [bound](Section::bind).
    pub fn text(&self) -> &str {
        match &self.0.binding {
            Some(binding) => binding.text(),
            None => self.written(),
        }
    }

    /// The checksum of the text as written, before variables are bound.
    pub fn checksum(&self) -> Checksum {
        self.0.checksum
    }

    /// Its statements, in order; their ranges are bytes of [`text`](Section::text).
    ///
    /// # Errors
    /// The first place where the text cannot be cut: an unterminated quote, a psql command.
    pub fn statements(&self) -> Result<Vec<sql::Statement>, Diagnostic> {
        sql::split(self.text()).map_err(|error| {
            let diagnostic = self.diagnostic(error.range, error.message);
            match error.help {
                Some(help) => diagnostic.help(help),
                None => diagnostic,
            }
        })
    }

    /// A mistake at `range` (bytes of [`text`](Section::text)), shown where it stands in the file.
    pub fn diagnostic(&self, range: Range<usize>, message: impl Into<String>) -> Diagnostic {
        Diagnostic::at(self.path(), &self.0.file.text, self.range_in_file(range), message)
    }

    /// Where the byte `byte` of [`text`](Section::text) stands in the file.
    pub fn position(&self, byte: usize) -> Position {
        Position::of(&self.0.file.text, self.in_file(byte))
    }

    /// Where a part of [`text`](Section::text) stands in the file: its bytes there.
    pub fn range_in_file(&self, range: Range<usize>) -> Range<usize> {
        let start = self.in_file(range.start);
        start..self.in_file(range.end).max(start)
    }

    /// Where the variables of `vars on` stand that are not [bound](Section::bind) yet: bytes of [`text`](Section::text).
    ///
    /// Not those in the bodies of functions, and not those of other tools, which may stand for any text.
    pub fn variables(&self) -> Vec<Range<usize>> {
        match (self.0.replace, &self.0.binding) {
            (Replace::Vars, None) => in_code(self.written()),
            _ => Vec::new(),
        }
    }

    /// The section with the variables' values in its text; positions still point into the file.
    ///
    /// What is replaced and how follows from [`substitution`](Section::substitution); `Off` returns the section as
    /// it is. The checksum stays that of the text as written.
    ///
    /// # Errors
    /// Every variable that has no value, or whose value or place is not allowed.
    pub fn bind(&self, vars: &Vars) -> Result<Section, Diagnostics> {
        if self.0.replace == Replace::Nothing || self.0.binding.is_some() {
            return Ok(self.clone());
        }
        let (binding, wrong) = bind(self.written(), self.0.replace, vars);
        let found = wrong.into_iter().map(|w| self.diagnostic(w.range, w.message).help(w.help)).collect();
        let inner = Inner { binding: Some(binding), ..(*self.0).clone() };
        Diagnostics::none_or(found, Section(Arc::new(inner)))
    }

    /// The line above the section: its directive; `None` when it begins its file.
    pub(crate) fn mark(&self) -> Option<Range<usize>> {
        let above = self.0.file.text.get(..self.0.range.start)?.trim_end();
        let start = above.rfind('\n').map_or(0, |at| at + 1);
        (start < above.len()).then_some(start..above.len())
    }

    fn written(&self) -> &str {
        self.0.file.text.get(self.0.range.clone()).unwrap_or("")
    }

    fn in_file(&self, byte: usize) -> usize {
        let written = self.0.binding.as_ref().map_or(byte, |binding| binding.written(byte));
        (self.0.range.start + written).min(self.0.range.end)
    }
}

impl PartialEq for Section {
    fn eq(&self, other: &Section) -> bool {
        let same = |one: &Inner, two: &Inner| {
            (one.kind, &one.range, one.transaction) == (two.kind, &two.range, two.transaction)
                && one.file == two.file
        };
        Arc::ptr_eq(&self.0, &other.0) || same(&self.0, &other.0) && self.text() == other.text()
    }
}

impl Eq for Section {}

impl fmt::Debug for Section {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {}:{}", self.kind(), self.path(), self.position(0))
    }
}
