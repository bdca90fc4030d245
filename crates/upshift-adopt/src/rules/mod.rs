//! Each tool's rules: what its rows mean, what it calls a file, how its checksum is compared.

mod alembic;
mod diesel;
mod drizzle;
mod flyway;
mod golang_migrate;
mod goose;
mod graphile;
mod node_pg_migrate;
mod refinery;
mod sqitch;
mod sqlx;
mod tern;
mod umzug;

use upshift_files::{Body, Migration, MigrationSet};

use crate::row::{Effective, Key, Row};
use crate::shape::Shape;
use crate::tool::Tool;

pub use alembic::files as alembic_files;

/// A tool's rules, as values and functions.
pub(crate) struct Rules {
    /// The shapes its table has had.
    pub(crate) shapes: &'static [Shape],
    /// What it has done, by its rows.
    pub(crate) effective: fn(&[Row]) -> Effective,
    /// What its rows cannot say without the files: the ancestors of a revision.
    pub(crate) spread: fn(Effective, &MigrationSet) -> Effective,
    /// What it calls a migration.
    pub(crate) keys: fn(&Migration) -> Vec<Key>,
    /// Whether what it has applied is this text.
    pub(crate) check: fn(&crate::row::Done, &Migration) -> Check,
    /// The advisory locks it migrates under.
    pub(crate) locks: fn(&Table<'_>) -> Vec<i64>,
    /// How a row finds its file.
    pub(crate) matching: Matching,
}

/// How a row finds its file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Matching {
    /// By what the tool knows it by.
    ByKey,
    /// By its checksum as well, as the tool itself does when its way of naming has changed.
    ByKeyOrChecksum,
}

/// Where a table stands: what some lock ids are made of.
pub(crate) struct Table<'t> {
    pub(crate) database: &'t str,
    pub(crate) schema: &'t str,
    pub(crate) name: &'t str,
}

/// What comes of comparing a text with a checksum.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Check {
    /// It is the text.
    Same,
    /// It is, when its lines end as on another system.
    SameButForLineEnds,
    /// It is another one.
    Differs,
    /// Nobody can tell.
    Unknown(&'static str),
}

/// The rules of a tool.
pub(crate) fn of(tool: Tool) -> &'static Rules {
    match tool {
        Tool::Goose => &goose::RULES,
        Tool::Flyway => &flyway::RULES,
        Tool::Alembic => &alembic::RULES,
        Tool::Drizzle => &drizzle::RULES,
        Tool::Umzug => &umzug::RULES,
        Tool::GolangMigrate => &golang_migrate::RULES,
        Tool::Dbmate => &dbmate::RULES,
        Tool::Sqitch => &sqitch::RULES,
        Tool::Graphile => &graphile::RULES,
        Tool::NodePgMigrate => &node_pg_migrate::RULES,
        Tool::Tern => &tern::RULES,
        Tool::Refinery => &refinery::RULES,
        Tool::Sqlx => &sqlx::RULES,
        Tool::Diesel => &diesel::RULES,
    }
}

/// Rules of a tool without checksum, lock and surprises; others say what differs.
const PLAIN: Rules = Rules {
    shapes: &[],
    effective: |rows| Effective::each(rows, Key::number),
    spread: |effective, _| effective,
    keys: by_version,
    check: |_, _| Check::Unknown(NO_CHECKSUM),
    locks: |_| Vec::new(),
    matching: Matching::ByKey,
};

const NO_CHECKSUM: &str = "it keeps no checksum";
const ONE_ROW: &str = "its table has one row, and all up to it counts";

/// The version: of tools that know a migration by its number.
fn by_version(migration: &Migration) -> Vec<Key> {
    migration.version().map(|version| Key::Number(version.number().into())).into_iter().collect()
}

/// The name of the file the up stands in, without folders.
fn base(migration: &Migration) -> &str {
    migration.path().rsplit('/').next().unwrap_or_default()
}

/// Compares the file as it is, with the mark of a byte order that reading took away, and with the ends of lines that a
/// checkout on another system has.
fn compare(migration: &Migration, is_same: impl Fn(&str) -> bool) -> Check {
    let Body::Sql(up) = migration.up() else { return Check::Unknown("its up is Rust code") };
    let text = &*up.file().text;
    if is_same(text) || is_same(&format!("\u{feff}{text}")) {
        return Check::Same;
    }
    let unix = text.replace("\r\n", "\n");
    if is_same(&unix) || is_same(&unix.replace('\n', "\r\n")) {
        return Check::SameButForLineEnds;
    }
    Check::Differs
}

/// dbmate knows a migration by the digits its file's name begins with.
mod dbmate {
    use super::{PLAIN, Rules};
    use crate::shape::{Class, Shape, Strictness};

    pub(super) const RULES: Rules = Rules { shapes: &[SHAPE], ..PLAIN };

    const SHAPE: Shape = Shape {
        columns: &[("version", Class::Text)],
        strictness: Strictness::NothingElse { words: &["migration", "version"] },
        read: "\
select pg_catalog.row_number() over (order by t.version) as place, t.version::varchar as key, null::varchar as name,
    null::varchar as kind, null::varchar as checksum, null::timestamp with time zone as at, null::bigint as took_ms,
    false as failed
from old.table t order by 1",
    };
}
