//! node-pg-migrate: one row a migration, the file's name without its ending.

use upshift_files::Migration;

use super::{PLAIN, Rules, base};
use crate::row::{Effective, Key};
use crate::shape::{Class, Shape, Strictness};

pub(super) const RULES: Rules = Rules {
    shapes: &[SHAPE],
    effective: |rows| Effective::each(rows, |text| Some(Key::Name(text.to_owned()))),
    keys,
    locks: |_| vec![7_241_865_325_823_964],
    ..PLAIN
};

const SHAPE: Shape = Shape {
    columns: &[("id", Class::Integer), ("name", Class::Text), ("run_on", Class::Time)],
    strictness: Strictness::NothingElse { words: &[] },
    read: "\
select t.id::bigint as place, t.name::varchar as key, null::varchar as name, null::varchar as kind,
    null::varchar as checksum, t.run_on::timestamp with time zone as at, null::bigint as took_ms, false as failed
from old.table t order by 1",
};

fn keys(migration: &Migration) -> Vec<Key> {
    let stem = base(migration).trim_end_matches(".sql");
    let bare = stem.strip_suffix(".up").unwrap_or(stem);
    [stem, bare].map(|name| Key::Name(name.to_owned())).into()
}
