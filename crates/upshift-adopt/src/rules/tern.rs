//! tern: one row, how many of the files are applied.

use super::{Check, ONE_ROW, PLAIN, Rules};
use crate::row::{Done, Effective, Key, Mark, Row};
use crate::shape::{Class, Shape, Strictness};

pub(super) const RULES: Rules = Rules {
    shapes: &[SHAPE],
    effective,
    locks: |_| vec![9_628_173_550_095_224],
    check: |_, _| Check::Unknown(ONE_ROW),
    ..PLAIN
};

const SHAPE: Shape = Shape {
    columns: &[("version", Class::Integer)],
    strictness: Strictness::NothingElse { words: &["version", "migration"] },
    read: "\
select t.version::bigint as place, t.version::varchar as key, null::varchar as name, null::varchar as kind,
    null::varchar as checksum, null::timestamp with time zone as at, null::bigint as took_ms, false as failed
from old.table t order by 1",
};

fn effective(rows: &[Row]) -> Effective {
    let mut effective = Effective::default();
    match rows {
        [row] => match row.key.as_deref().and_then(Key::number) {
            Some(Key::Number(0)) => {}
            Some(key) => {
                effective.up_to = Some(Mark { key: key.clone(), why: ONE_ROW, at: None });
                effective.done = vec![Done::of(row, key)];
            }
            None => effective.unknown(row),
        },
        rows => rows.iter().for_each(|row| effective.unknown(row)),
    }
    effective
}
