//! drizzle-kit: 0.x knows a migration by the time it was generated, 1.0 by its folder; both keep a SHA-256.

use upshift_files::Migration;

use super::{Check, Matching, PLAIN, Rules, compare};
use crate::checksum;
use crate::row::{Done, Effective, Key, Row};
use crate::shape::{Class, Shape, Strictness};

pub(super) const RULES: Rules = Rules {
    shapes: &[ONE, ZERO],
    effective,
    keys,
    check: |done, migration| match &done.checksum {
        Some(known) => compare(migration, |text| checksum::drizzle(text) == *known),
        None => Check::Unknown("its row has no hash"),
    },
    matching: Matching::ByKeyOrChecksum,
    ..PLAIN
};

const ZERO: Shape = Shape {
    columns: &[("id", Class::Integer), ("hash", Class::Text), ("created_at", Class::Integer)],
    strictness: Strictness::NothingElse { words: &[] },
    read: "\
select t.id::bigint as place, t.created_at::varchar as key, null::varchar as name, 'journal' as kind,
    t.hash::varchar as checksum, null::timestamp with time zone as at, null::bigint as took_ms, false as failed
from old.table t order by 1",
};

const ONE: Shape = Shape {
    columns: &[
        ("id", Class::Integer),
        ("hash", Class::Text),
        ("created_at", Class::Integer),
        ("name", Class::Text),
        ("applied_at", Class::Time),
    ],
    strictness: Strictness::AtLeast,
    read: "\
select t.id::bigint as place, coalesce(t.name::varchar, t.created_at::varchar) as key, t.created_at::varchar as name,
    case when t.name is null then 'journal' else 'folder' end as kind, t.hash::varchar as checksum,
    t.applied_at::timestamp with time zone as at, null::bigint as took_ms, false as failed
from old.table t order by 1",
};

/// 0.x runs what is newer than the newest row, so what is older and has none was passed over, in silence.
fn effective(rows: &[Row]) -> Effective {
    let mut effective = Effective::default();
    for row in rows {
        let key = match row.kind.as_deref() {
            Some("folder") => row.key.clone().map(Key::Name),
            _ => row.key.as_deref().and_then(Key::number),
        };
        match key {
            Some(key) => effective.done.push(Done::of(row, key)),
            None => effective.unknown(row),
        }
    }
    let numbers = effective.done.iter().map(|done| &done.key).filter(|key| matches!(key, Key::Number(_)));
    if numbers.clone().count() == effective.done.len() {
        effective.passed_over = numbers.max().cloned();
    }
    effective
}

fn keys(migration: &Migration) -> Vec<Key> {
    match migration.path().rsplit_once('/') {
        Some((folder, _)) => vec![Key::Name(folder.to_owned())],
        None => super::by_version(migration),
    }
}
