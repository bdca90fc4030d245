//! umzug, and sequelize-cli on top of it: one row a migration, the file's name with its ending.

use upshift_files::Migration;

use super::{PLAIN, Rules, base};
use crate::row::{Effective, Key};
use crate::shape::{Class, Shape, Strictness};

pub(super) const RULES: Rules = Rules {
    shapes: &[TIMED, BARE],
    effective: |rows| Effective::each(rows, |text| Some(Key::Name(text.to_owned()))),
    keys,
    ..PLAIN
};

/// One column of names is what many tables have: the table's name must speak of migrations, as `SequelizeMeta` does and
/// `SequelizeData`, the seeds, does not.
const WORDS: &[&str] = &["meta", "migration", "umzug"];

const BARE: Shape = Shape {
    columns: &[("name", Class::Text)],
    strictness: Strictness::NothingElse { words: WORDS },
    read: "\
select pg_catalog.row_number() over (order by t.name) as place, t.name::varchar as key, null::varchar as name,
    null::varchar as kind, null::varchar as checksum, null::timestamp with time zone as at, null::bigint as took_ms,
    false as failed
from old.table t order by 1",
};

const TIMED: Shape = Shape {
    columns: &[("name", Class::Text), ("createdAt", Class::Time), ("updatedAt", Class::Time)],
    strictness: Strictness::NothingElse { words: WORDS },
    read: "\
select pg_catalog.row_number() over (order by t.name) as place, t.name::varchar as key, null::varchar as name,
    null::varchar as kind, null::varchar as checksum, t.\"createdAt\"::timestamp with time zone as at,
    null::bigint as took_ms, false as failed
from old.table t order by 1",
};

/// The file's name; without its ending, and without `.up`, for programs whose `resolve` takes those away. A file that
/// was translated from JavaScript is known by the name it had.
fn keys(migration: &Migration) -> Vec<Key> {
    let base = base(migration);
    let stem = base.strip_suffix(".sql").unwrap_or(base);
    let bare = stem.strip_suffix(".up").unwrap_or(stem);
    let translated = ["js", "cjs", "mjs", "ts", "cts"].map(|ending| format!("{bare}.{ending}"));
    let names = [base, stem, bare].map(str::to_owned).into_iter().chain([format!("{bare}.sql")]);
    names.chain(translated).map(Key::Name).collect()
}
