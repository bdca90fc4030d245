//! goose: one row a migration and direction; the newest row of a version counts.

use std::collections::BTreeMap;

use super::{PLAIN, Rules};
use crate::row::{Done, Effective, Key, Row};
use crate::shape::{Class, Shape, Strictness};

pub(super) const RULES: Rules = Rules { shapes: &[SHAPE], effective, locks: |_| vec![LOCK], ..PLAIN };

/// Of `lock.NewPostgresSessionLocker`, which the command line does not take.
const LOCK: i64 = 4_097_083_626;

const SHAPE: Shape = Shape {
    columns: &[
        ("id", Class::Integer),
        ("version_id", Class::Integer),
        ("is_applied", Class::Boolean),
        ("tstamp", Class::Time),
    ],
    strictness: Strictness::AtLeast,
    read: "\
select t.id::bigint as place, t.version_id::varchar as key, null::varchar as name,
    case when t.is_applied then 'up' else 'down' end as kind, null::varchar as checksum,
    t.tstamp::timestamp with time zone as at, null::bigint as took_ms, false as failed
from old.table t order by 1",
};

/// A down deletes its row since v3; before, it wrote one with `is_applied = false`. Version 0 is the table itself.
fn effective(rows: &[Row]) -> Effective {
    let mut effective = Effective::default();
    let mut newest: BTreeMap<Key, &Row> = BTreeMap::new();
    for row in rows {
        match row.key.as_deref().and_then(Key::number) {
            Some(Key::Number(0)) => {}
            Some(key) => drop(newest.insert(key, row)),
            None => effective.unknown(row),
        }
    }
    let mut up: Vec<(Key, &Row)> =
        newest.into_iter().filter(|(_, row)| row.kind.as_deref() == Some("up")).collect();
    up.sort_by_key(|(_, row)| row.place);
    effective.done = up.into_iter().map(|(key, row)| Done::of(row, key)).collect();
    effective
}
