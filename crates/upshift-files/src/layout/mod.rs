//! The layouts of a migration folder: upshift's own, and those of other tools, whose files run as they are.
//!
//! A layout says which files belong to the folder, and what each one's name means: a [`Piece`]. Tools that mark
//! sections inside of a file have a [`Dialect`] as well. upshift's header directives are understood in all of them, and
//! its section directives wherever the tool has no marks of its own.

mod dbmate;
mod detect;
mod diesel;
mod drizzle;
mod flat;
mod flyway;
mod goose;
mod graphile;
mod journal;
mod lines;
mod node_pg;
mod sqitch;
mod tern;
mod umzug;

use std::fmt;
use std::ops::Range;
use std::str::FromStr;
use std::sync::Arc;

use crate::cut::Manner;
use crate::file_name::Named;
use crate::header::Transaction;
use crate::section::Replace;
use crate::{Diagnostic, MigrationId, SectionKind, SourceFile, Version, word};

/// Which layout a folder's files are read by.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum LayoutChoice {
    /// The one its names and texts speak of; an error when they speak of two.
    #[default]
    Detect,
    /// This one.
    Is(Layout),
}

/// How the files of a folder are named and marked. `Display` is the tool's usual name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Layout {
    /// upshift's own.
    Native,
    /// goose: `-- +goose Up` and `-- +goose Down` in one file.
    Goose,
    /// dbmate: `-- migrate:up` and `-- migrate:down` in one file.
    Dbmate,
    /// Flyway: `V1__words.sql`, `U1__words.sql`, `R__words.sql`.
    ///
    /// When a version of the folder has several parts (`1.2`, `1_2`), all are scaled to four digits a part, four parts
    /// at most: `1.2.3` is 1000200030000. A folder of whole numbers stays as it is.
    Flyway,
    /// refinery: `V1__words.sql`, `U1__words.sql`.
    Refinery,
    /// sqlx: `1_words.sql`, `1_words.up.sql` and `1_words.down.sql`, with `-- no-transaction` as the first bytes.
    Sqlx,
    /// golang-migrate: `1_words.up.sql` and `1_words.down.sql`.
    GolangMigrate,
    /// diesel: a folder a migration, with `up.sql`, `down.sql` and `metadata.toml`.
    Diesel,
    /// drizzle 0.x: `meta/_journal.json` says the order; the version is the journal's `when`.
    Drizzle,
    /// drizzle 1.0: a folder a migration, with `migration.sql`. Where two are of one second, the later name gets the next
    /// free number for its version.
    DrizzleFolders,
    /// node-pg-migrate, its SQL files: `-- Up Migration` and `-- Down Migration` in one file, or pairs.
    NodePgMigrate,
    /// umzug, its SQL files: `x.sql` and `down/x.sql`, or pairs.
    Umzug,
    /// graphile-migrate: `committed/000001-words.sql`.
    Graphile,
    /// sqitch: `sqitch.plan` says the order, `deploy/x.sql` is up and `revert/x.sql` down; the version is when the change was
    /// planned. Where two are of one second, the later one gets the next free number.
    Sqitch,
    /// tern without templates: `---- create above / drop below ----` between up and down.
    Tern,
}

const NAMES: [(Layout, &str); 15] = [
    (Layout::Native, "upshift"),
    (Layout::Goose, "goose"),
    (Layout::Dbmate, "dbmate"),
    (Layout::Flyway, "flyway"),
    (Layout::Refinery, "refinery"),
    (Layout::Sqlx, "sqlx"),
    (Layout::GolangMigrate, "golang-migrate"),
    (Layout::Diesel, "diesel"),
    (Layout::Drizzle, "drizzle"),
    (Layout::DrizzleFolders, "drizzle-folders"),
    (Layout::NodePgMigrate, "node-pg-migrate"),
    (Layout::Umzug, "umzug"),
    (Layout::Graphile, "graphile-migrate"),
    (Layout::Sqitch, "sqitch"),
    (Layout::Tern, "tern"),
];

impl Layout {
    /// All of them.
    pub fn all() -> impl Iterator<Item = Layout> {
        NAMES.iter().map(|(layout, _)| *layout)
    }
}

impl fmt::Display for Layout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(NAMES.iter().find(|(layout, _)| layout == self).map_or("", |(_, name)| name))
    }
}

/// A text that names no layout.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown layout `{name}`: {help}")]
pub struct LayoutError {
    name: String,
    help: String,
}

impl FromStr for Layout {
    type Err = LayoutError;

    fn from_str(text: &str) -> Result<Layout, LayoutError> {
        let names = NAMES.map(|(_, name)| name);
        NAMES
            .iter()
            .find(|(_, name)| *name == text)
            .map(|(layout, _)| *layout)
            .ok_or_else(|| LayoutError { name: text.to_owned(), help: word::did_you_mean(text, &names) })
    }
}

/// One file's part in a migration, told by its name (and by companion files).
#[derive(Debug, Clone)]
pub(crate) struct Piece {
    pub id: MigrationId,
    pub name: String,
    pub file: Arc<SourceFile>,
    pub content: Content,
}

/// What a file holds.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Content {
    Sql(Manner),
    Rust,
}

impl Piece {
    pub(crate) fn sql(named: Named, file: &Arc<SourceFile>, dialect: Dialect) -> Piece {
        let transaction = Transaction::On;
        let manner = Manner { role: named.role, dialect, transaction, replace: Replace::Nothing };
        Piece { id: named.id, name: named.name, file: file.clone(), content: Content::Sql(manner) }
    }

    /// The version its name says; a repeatable's says none.
    pub(crate) fn version(&self) -> Option<Version> {
        match self.id {
            MigrationId::Version(version) => Some(version),
            MigrationId::Repeatable(_) => None,
        }
    }

    pub(crate) fn transaction(mut self, transaction: Transaction) -> Piece {
        if let Content::Sql(manner) = &mut self.content {
            manner.transaction = transaction;
        }
        self
    }
}

/// The files of a folder, sorted by path.
pub(crate) struct Files<'f>(pub &'f [Arc<SourceFile>]);

impl Files<'_> {
    pub(crate) fn get(&self, path: &str) -> Option<&Arc<SourceFile>> {
        self.0.binary_search_by(|file| (*file.path).cmp(path)).ok().and_then(|at| self.0.get(at))
    }
}

/// Finds the layout of a folder.
pub(crate) fn choose(choice: LayoutChoice, files: &Files<'_>) -> Result<Layout, Diagnostic> {
    match choice {
        LayoutChoice::Is(layout) => Ok(layout),
        LayoutChoice::Detect => detect::detect(files),
    }
}

/// Tells what each file of the folder is, and which are nothing the layout knows.
pub(crate) fn pieces(layout: Layout, files: &Files<'_>) -> (Vec<Piece>, Vec<Diagnostic>) {
    let all: Vec<Result<Option<Piece>, Diagnostic>> = match layout {
        Layout::Flyway => flyway::pieces(files),
        Layout::Drizzle => drizzle::pieces(files),
        Layout::DrizzleFolders => drizzle::folder_pieces(files),
        Layout::Sqitch => sqitch::pieces(files),
        layout => files.0.iter().map(|file| piece(layout, file, files)).collect(),
    };
    let mut pieces = Vec::new();
    let mut problems = Vec::new();
    for one in all {
        match one {
            Ok(piece) => pieces.extend(piece),
            Err(problem) => problems.push(problem),
        }
    }
    (pieces, problems)
}

fn piece(layout: Layout, file: &Arc<SourceFile>, files: &Files<'_>) -> Result<Option<Piece>, Diagnostic> {
    match layout {
        Layout::Native
        | Layout::Refinery
        | Layout::GolangMigrate
        | Layout::Flyway
        | Layout::Drizzle
        | Layout::DrizzleFolders
        | Layout::Sqitch => flat::piece(layout, file, Dialect::Upshift).map(Some),
        Layout::Sqlx => {
            let piece = flat::piece(layout, file, Dialect::Upshift)?;
            let off = file.text.starts_with("-- no-transaction");
            Ok(Some(piece.transaction(if off { Transaction::Off } else { Transaction::On })))
        }
        Layout::Goose => flat::piece(layout, file, Dialect::Goose).map(Some),
        Layout::Dbmate => flat::piece(layout, file, Dialect::Dbmate).map(Some),
        Layout::Tern => flat::piece(layout, file, Dialect::Tern).map(Some),
        Layout::NodePgMigrate => flat::piece(layout, file, Dialect::NodePg).map(Some),
        Layout::Diesel => diesel::piece(file, files),
        Layout::Umzug => umzug::piece(file, files),
        Layout::Graphile => graphile::piece(file),
    }
}

/// Whose marks cut a file into sections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    Upshift,
    Goose,
    Dbmate,
    Tern,
    NodePg,
}

impl fmt::Display for Dialect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Dialect::Upshift => "upshift",
            Dialect::Goose => "goose",
            Dialect::Dbmate => "dbmate",
            Dialect::Tern => "tern",
            Dialect::NodePg => "node-pg-migrate",
        })
    }
}

/// A section as a tool's marks cut it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct MarkedSection {
    pub kind: SectionKind,
    /// The line that begins it; empty for text that needs none.
    pub mark: Range<usize>,
    pub body: Range<usize>,
    pub transaction: Transaction,
    pub replace: Replace,
}

impl MarkedSection {
    pub(crate) fn new(kind: SectionKind, mark: Range<usize>, body: Range<usize>) -> MarkedSection {
        MarkedSection { kind, mark, body, transaction: Transaction::On, replace: Replace::Nothing }
    }
}

impl Dialect {
    /// The sections a tool's marks cut the file into; `None` when the file has no marks of that tool, and needs none.
    pub(crate) fn sections(self, file: &SourceFile) -> Result<Option<Vec<MarkedSection>>, Vec<Diagnostic>> {
        match self {
            Dialect::Upshift => Ok(None),
            Dialect::Goose => goose::sections(file),
            Dialect::Dbmate => dbmate::sections(file),
            Dialect::Tern => tern::sections(file),
            Dialect::NodePg => Ok(node_pg::sections(file)),
        }
    }
}

/// The mistake of a file that is no part of the layout.
pub(crate) fn stranger(file: &SourceFile, layout: Layout) -> Diagnostic {
    Diagnostic::of_file(&*file.path, format!("this file is none that {layout} knows"))
        .help("move it out of the folder, or say which layout the folder has")
}
