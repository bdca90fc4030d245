//! diesel: one row a migration, the version as text without its dashes.

use super::{PLAIN, Rules};
use crate::row::{Effective, Key};
use crate::shape::{Class, Shape, Strictness};

pub(super) const RULES: Rules = Rules {
    shapes: &[SHAPE],
    effective: |rows| Effective::each(rows, |text| Key::number(&text.replace('-', ""))),
    ..PLAIN
};

const SHAPE: Shape = Shape {
    columns: &[("version", Class::Text), ("run_on", Class::Time)],
    strictness: Strictness::NothingElse { words: &[] },
    read: "\
select pg_catalog.row_number() over (order by t.run_on, t.version) as place, t.version::varchar as key,
    null::varchar as name, null::varchar as kind, null::varchar as checksum,
    t.run_on::timestamp with time zone as at, null::bigint as took_ms, false as failed
from old.table t order by 1",
};
