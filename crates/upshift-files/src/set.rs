//! All migrations of a source: understood, ordered, unique.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::Arc;

use sha2::{Digest, Sha256};

use crate::assemble::{self, Assembled};
use crate::header::Substitution;
use crate::layout::{self, Files, Layout, LayoutChoice, Piece};
use crate::migration::{Body, Down, Migration, MigrationId};
use crate::{
    CodeHeader, Diagnostic, Diagnostics, Section, SectionKind, SourceFile, Vars, Version, is_migration_file,
    vars,
};

/// All migrations of a source: versioned ones ascending, each version once, then repeatables by name.
///
/// ```
/// use upshift_files::{LayoutChoice, MigrationSet, SourceFile};
/// let files = vec![SourceFile::embedded("20260514093000_add_status.sql", "alter table orders add status text;")];
/// let set = MigrationSet::parse(files, Vec::new(), LayoutChoice::Detect)?;
/// assert_eq!(set.versioned()[0].label(), "20260514093000_add_status");
/// # Ok::<(), upshift_files::Diagnostics>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MigrationSet {
    layout: Layout,
    ordered: Vec<Migration>,
    /// How many of `ordered` are versioned.
    versioned: usize,
}

impl MigrationSet {
    /// Understands the files of a source and the Rust migrations beside them.
    ///
    /// Files that are [no part of a folder of migrations](is_migration_file) are passed over. Statements are not split
    /// yet: that is [`check`](MigrationSet::check)'s part, so that a boot with nothing to do stays cheap.
    ///
    /// # Errors
    /// All mistakes at once, each with its place and what to write instead.
    pub fn parse(
        files: Vec<SourceFile>,
        code: Vec<CodeHeader>,
        layout: LayoutChoice,
    ) -> Result<MigrationSet, Diagnostics> {
        let (files, mut problems) = prepare(files);
        let files = Files(&files);
        let layout = match layout::choose(layout, &files) {
            Ok(layout) => layout,
            Err(problem) => {
                problems.push(problem);
                return Diagnostics::none_or(
                    problems,
                    MigrationSet { layout: Layout::Native, ordered: Vec::new(), versioned: 0 },
                );
            }
        };
        let (pieces, wrong) = layout::pieces(layout, &files);
        problems.extend(wrong);
        // A version whose files have a mistake of their own is there all the same.
        let mut named: BTreeSet<Version> = pieces.iter().filter_map(Piece::version).collect();
        named.extend(code.iter().map(|header| header.version));
        let (mut all, wrong) = assemble::assemble(layout, pieces);
        problems.extend(wrong);
        all.extend(code.into_iter().map(assemble::of_code));
        all.sort_by(|one, other| one.migration.id.cmp(&other.migration.id));
        for pair in all.windows(2) {
            if let [one, other] = pair
                && one.migration.id == other.migration.id
            {
                problems.push(assemble::twin_version(
                    &one.migration.id,
                    one.migration.path(),
                    other.migration.path(),
                ));
            }
        }
        problems.extend(requirements(&all, &named));
        let ordered: Vec<Migration> = all.into_iter().map(|one| one.migration).collect();
        let versioned = ordered.partition_point(|migration| migration.version().is_some());
        Diagnostics::none_or(problems, MigrationSet { layout, ordered, versioned })
    }

    /// Checks what [`parse`](MigrationSet::parse) leaves out: every section is cut into statements, and, when `vars` are
    /// given, bound.
    ///
    /// # Errors
    /// All mistakes at once: unterminated quotes, psql commands, variables without value, sections without a statement.
    pub fn check(&self, vars: Option<&Vars>) -> Result<(), Diagnostics> {
        let sections = self.iter().flat_map(|migration| {
            migration.sections().map(|section| (section, Emptiness::of(self.layout, migration, section)))
        });
        Diagnostics::none_or(
            sections.flat_map(|(section, emptiness)| check_section(emptiness, section, vars)).collect(),
            (),
        )
    }

    /// The layout the files were read by.
    pub fn layout(&self) -> Layout {
        self.layout
    }

    /// All of them, in the order an empty database gets them.
    pub fn iter(&self) -> impl Iterator<Item = &Migration> {
        self.ordered.iter()
    }

    /// The versioned ones, ascending.
    pub fn versioned(&self) -> &[Migration] {
        &self.ordered[..self.versioned]
    }

    /// The repeatable ones, by name.
    pub fn repeatables(&self) -> &[Migration] {
        &self.ordered[self.versioned..]
    }

    /// The migration of a version.
    pub fn get(&self, version: Version) -> Option<&Migration> {
        let found = self.versioned().binary_search_by_key(&Some(version), Migration::version);
        found.ok().and_then(|at| self.ordered.get(at))
    }

    /// What a database that has all of them applied, and nothing else, is recognised by.
    ///
    /// SHA-256 over a line for each migration in its order: version (or `R__` and name), checksum of its up, checksum of
    /// its down (`-` where there is none in SQL) and the word `applied`, parted by blanks; as 64 hexadecimal digits. The
    /// database computes the same from its history.
    pub fn fingerprint(&self) -> String {
        let mut lines = String::new();
        for migration in self.iter() {
            let up = match migration.up() {
                Body::Sql(section) => section.checksum(),
                Body::Code(code) => code.checksum(),
            };
            let down = match migration.down() {
                Down::Sql(section) => section.checksum().to_string(),
                Down::Code | Down::Absent | Down::Irreversible { .. } => "-".to_owned(),
            };
            lines.push_str(&match migration.id() {
                MigrationId::Version(version) => format!("{} {up} {down} applied\n", version.number()),
                MigrationId::Repeatable(_) => format!("{} {up} {down} applied\n", migration.id()),
            });
        }
        let digest = Sha256::digest(lines);
        digest.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// The highest version.
    pub fn head(&self) -> Option<Version> {
        self.versioned().last().and_then(Migration::version)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.ordered.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.ordered.is_empty()
    }
}

/// Sorts out what is no migration, sorts by path, takes byte order marks away.
pub(crate) fn prepare(files: Vec<SourceFile>) -> (Vec<Arc<SourceFile>>, Vec<Diagnostic>) {
    let mut problems = Vec::new();
    let mut kept = Vec::with_capacity(files.len());
    for mut file in files.into_iter().filter(|file| is_migration_file(&file.path)) {
        if file.text.starts_with('\u{feff}') {
            file.text = match file.text {
                Cow::Borrowed(text) => Cow::Borrowed(text.trim_start_matches('\u{feff}')),
                Cow::Owned(text) => Cow::Owned(text.trim_start_matches('\u{feff}').to_owned()),
            };
        }
        if let Some(at) = file.text.find('\0') {
            let problem = Diagnostic::at(&*file.path, &file.text, at..at + 1, "a NUL byte");
            problems
                .push(problem.help("PostgreSQL takes no such text: save the file as UTF-8, not as UTF-16"));
            continue;
        }
        kept.push(Arc::new(file));
    }
    kept.sort_by(|one, other| one.path.cmp(&other.path));
    for pair in kept.windows(2) {
        if let [one, other] = pair
            && one.path == other.path
        {
            problems.push(
                Diagnostic::of_file(&*one.path, "this path stands twice in the source")
                    .help("keep one of them"),
            );
        }
    }
    kept.dedup_by(|other, one| one.path == other.path);
    (kept, problems)
}

/// What each migration requires is among the versions that files are named by, and older.
fn requirements(all: &[Assembled], versions: &BTreeSet<Version>) -> Vec<Diagnostic> {
    let mut problems = Vec::new();
    for one in all {
        for (required, place) in &one.draft.requires {
            let wrong =
                |message: String| Diagnostic::at(&*one.file.path, &one.file.text, place.clone(), message);
            if !versions.contains(required) {
                let known: Vec<String> = versions.iter().map(Version::to_string).collect();
                let known: Vec<&str> = known.iter().map(String::as_str).collect();
                let help = match crate::word::nearest(&required.to_string(), &known) {
                    Some(near) => format!("did you mean {near}?"),
                    None => "name a version of this folder".to_owned(),
                };
                problems.push(wrong(format!("required version {required} is not in the set")).help(help));
            } else if one.migration.version().is_some_and(|own| *required >= own) {
                let problem = wrong(format!("required version {required} is not older than this migration"));
                problems
                    .push(problem.help("a migration requires earlier ones: give this one a later version"));
            }
        }
    }
    problems
}

/// What a section without a statement is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Emptiness {
    /// A mistake.
    Forgotten,
    /// As it should be: of another tool's, a down that does nothing, or a backfill whose batches are Rust code.
    Meant,
}

impl Emptiness {
    fn of(layout: Layout, migration: &Migration, section: &Section) -> Emptiness {
        let is_in_rust = section.kind() == SectionKind::Up && migration.header().backfill.is_some();
        if layout != Layout::Native || section.kind() == SectionKind::Down || is_in_rust {
            return Emptiness::Meant;
        }
        Emptiness::Forgotten
    }
}

/// What is wrong in one section.
fn check_section(emptiness: Emptiness, section: &Section, vars: Option<&Vars>) -> Vec<Diagnostic> {
    let bound = match (section.substitution(), vars) {
        (Substitution::Off | Substitution::Vars, None) => section.clone(),
        // Pasted text may change where statements end: without values nothing can be said.
        (_, None) => return Vec::new(),
        (_, Some(vars)) => match section.bind(vars) {
            Ok(bound) => bound,
            Err(found) => return found.into_iter().collect(),
        },
    };
    match bound.statements() {
        Err(problem) => vec![problem],
        Ok(statements) => {
            let mut problems = Vec::new();
            if statements.is_empty() && emptiness == Emptiness::Forgotten {
                let problem =
                    section.diagnostic(0..0, format!("the {} section has no statement", section.kind()));
                problems.push(problem.help("write one, or delete the section"));
            }
            if section.substitution() == Substitution::Off
                && let Some(range) = vars::in_code(section.text()).into_iter().next()
            {
                let problem =
                    section.diagnostic(range, "a variable, and yet the header does not say `vars on`");
                problems.push(problem.help("add `-- upshift: vars on` above the first statement"));
            }
            problems
        }
    }
}

impl<'s> IntoIterator for &'s MigrationSet {
    type Item = &'s Migration;
    type IntoIter = std::slice::Iter<'s, Migration>;

    fn into_iter(self) -> Self::IntoIter {
        self.ordered.iter()
    }
}
