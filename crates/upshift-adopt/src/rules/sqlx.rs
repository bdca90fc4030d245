//! sqlx: one row a migration, with a SHA-384 of the up file.

use super::{Check, PLAIN, Rules, compare};
use crate::checksum;
use crate::row::{Effective, Key, Outcome, Row};
use crate::shape::{Class, Shape, Strictness};

pub(super) const RULES: Rules = Rules {
    shapes: &[SHAPE],
    effective,
    check: |done, migration| match &done.checksum {
        Some(known) => compare(migration, |text| checksum::sqlx(text) == *known),
        None => Check::Unknown("its row has no checksum"),
    },
    // sqlx-postgres/src/migrate.rs, `generate_lock_id`.
    locks: |table| vec![0x3d32_ad9e * i64::from(checksum::crc32(table.database.bytes()))],
    ..PLAIN
};

const SHAPE: Shape = Shape {
    columns: &[
        ("version", Class::Integer),
        ("description", Class::Text),
        ("installed_on", Class::Time),
        ("success", Class::Boolean),
        ("checksum", Class::Bytes),
        ("execution_time", Class::Integer),
    ],
    strictness: Strictness::AtLeast,
    read: "\
select t.version::bigint as place, t.version::varchar as key, t.description::varchar as name, null::varchar as kind,
    pg_catalog.encode(t.checksum, 'hex')::varchar as checksum, t.installed_on::timestamp with time zone as at,
    case when t.execution_time::bigint operator(pg_catalog.>=) 0
        then t.execution_time::bigint operator(pg_catalog./) 1000000 end as took_ms,
    not t.success as failed
from old.table t order by 1",
};

fn effective(rows: &[Row]) -> Effective {
    let mut effective = Effective::each(rows, Key::number);
    for row in rows.iter().filter(|row| row.outcome == Outcome::Failed) {
        let what = format!("version {} has `success = false`", row.key.as_deref().unwrap_or("?"));
        effective.dirty(what, "put its work right by hand, then set `success`, or delete the row");
    }
    effective
}
