//! golang-migrate: one row, the version everything up to which counts, and whether its last step did not finish.

use super::{Check, ONE_ROW, PLAIN, Rules, Table};
use crate::checksum::crc32;
use crate::row::{Done, Effective, Key, Mark, Outcome, Row};
use crate::shape::{Class, Shape, Strictness};

pub(super) const RULES: Rules =
    Rules { shapes: &[SHAPE], effective, locks, check: |_, _| Check::Unknown(ONE_ROW), ..PLAIN };

const SHAPE: Shape = Shape {
    columns: &[("version", Class::Integer), ("dirty", Class::Boolean)],
    strictness: Strictness::NothingElse { words: &[] },
    read: "\
select t.version::bigint as place, t.version::varchar as key, null::varchar as name, null::varchar as kind,
    null::varchar as checksum, null::timestamp with time zone as at, null::bigint as took_ms, t.dirty as failed
from old.table t order by 1",
};

fn effective(rows: &[Row]) -> Effective {
    let mut effective = Effective::default();
    let row = match rows {
        [] => return effective,
        [row] => row,
        more => {
            more.iter().for_each(|row| effective.unknown(row));
            return effective;
        }
    };
    let Some(key) = row.key.as_deref().and_then(Key::number) else {
        effective.unknown(row);
        return effective;
    };
    if row.outcome == Outcome::Failed {
        let what = format!("version {key} is dirty: it was begun and did not finish");
        effective.dirty(what, "put its work right by hand, then `migrate force VERSION`");
    }
    effective.up_to = Some(Mark { key: key.clone(), why: ONE_ROW, at: None });
    effective.done = vec![Done::of(row, key)];
    effective
}

/// database/util.go: CRC-32 times a salt. The database is `app` for a program that gave its own connection, and `/app`
/// for one that gave an address (postgres.go); both are taken.
fn locks(table: &Table<'_>) -> Vec<i64> {
    let id = |database: &str| {
        let name = [table.schema, table.name, database].join("\0");
        i64::from(crc32(name.bytes()).wrapping_mul(1_486_364_155))
    };
    vec![id(table.database), id(&format!("/{}", table.database))]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lock_has_two_keys() {
        let table = Table { database: "app", schema: "public", name: "schema_migrations" };
        assert_eq!(locks(&table), [1_787_120_056, 1_726_534_663]);
    }
}
