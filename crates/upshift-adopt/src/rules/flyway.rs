//! Flyway: a log of what happened, which is replayed.

use upshift_files::{Migration, MigrationId};

use super::{Check, PLAIN, Rules, Table, base, compare};
use crate::checksum;
use crate::row::{Done, Effective, Key, Mark, Outcome, Row};
use crate::shape::{Class, Shape, Strictness};

pub(super) const RULES: Rules = Rules {
    shapes: &[SHAPE],
    effective,
    keys,
    check,
    locks: |table| vec![LOCK + i64::from(java_hash(table))],
    ..PLAIN
};

/// "Flyway" in bytes (PostgreSQLAdvisoryLockTemplate.java).
const LOCK: i64 = 77_431_708_279_161;

const SHAPE: Shape = Shape {
    columns: &[
        ("installed_rank", Class::Integer),
        ("version", Class::Text),
        ("description", Class::Text),
        ("type", Class::Text),
        ("script", Class::Text),
        ("checksum", Class::Integer),
        ("installed_on", Class::Time),
        ("execution_time", Class::Integer),
        ("success", Class::Boolean),
    ],
    strictness: Strictness::AtLeast,
    read: "\
select t.installed_rank::bigint as place, t.version::varchar as key, t.description::varchar as name,
    t.type::varchar as kind, t.checksum::varchar as checksum, t.installed_on::timestamp with time zone as at,
    t.execution_time::bigint as took_ms, not t.success as failed
from old.table t order by 1",
};

/// Replays the rows: an `UNDO_` takes its version back, a `DELETE` the latest row of its migration, a baseline covers
/// what is below it, and of a repeatable the latest row counts.
fn effective(rows: &[Row]) -> Effective {
    let mut effective = Effective::default();
    for row in rows {
        let kind = row.kind.as_deref().unwrap_or("");
        let Some(key) = key(row) else {
            if kind != "SCHEMA" {
                effective.unknown(row);
            }
            continue;
        };
        let before = effective.done.iter().rposition(|done| done.key == key);
        if row.outcome == Outcome::Failed {
            let what = format!("{key} has `success = false`");
            effective.dirty(what, "put its work right by hand, then `flyway repair`");
        } else if kind == "SCHEMA" {
            continue;
        } else if kind.starts_with("UNDO_") || kind == "DELETE" {
            effective.done.extract_if(before.map_or(0..0, |at| at..at + 1), |_| true).for_each(drop);
        } else if matches!(kind, "BASELINE" | "SQL_BASELINE") {
            effective.up_to = Some(Mark { key, why: "below Flyway's baseline", at: row.at });
        } else {
            effective.done.extract_if(before.map_or(0..0, |at| at..at + 1), |_| true).for_each(drop);
            effective.done.push(Done::of(row, key));
        }
    }
    effective
}

fn key(row: &Row) -> Option<Key> {
    match &row.key {
        Some(version) => dotted(version),
        None => row.name.clone().map(Key::Repeatable),
    }
}

/// `1.10.0` is 1.10: parts are numbers, and zeros at the end do not count (MigrationVersion.java).
fn dotted(version: &str) -> Option<Key> {
    let mut parts: Vec<u128> =
        version.split(['.', '_']).map(|part| part.parse().ok()).collect::<Option<_>>()?;
    while parts.len() > 1 && parts.last() == Some(&0) {
        parts.pop();
    }
    Some(Key::Dotted(parts))
}

fn keys(migration: &Migration) -> Vec<Key> {
    if let MigrationId::Repeatable(name) = migration.id() {
        return vec![Key::Repeatable(name.replace('_', " ")), Key::Repeatable(name.clone())];
    }
    let base = base(migration);
    let stem = base.get(..base.len().saturating_sub(4)).unwrap_or(base);
    let named = stem.strip_prefix(['V', 'B']).map(|rest| rest.split_once("__").map_or(rest, |(it, _)| it));
    let number = || migration.version().map(|version| Key::Dotted(vec![version.number().into()]));
    named.and_then(dotted).or_else(number).into_iter().collect()
}

/// A repeatable's checksum is of the text after its placeholders were replaced, whose values nobody has kept.
fn check(done: &Done, migration: &Migration) -> Check {
    let Some(known) = done.checksum.as_deref().and_then(|text| text.parse::<i32>().ok()) else {
        return Check::Unknown("its row has no checksum");
    };
    match compare(migration, |text| checksum::flyway(text) == known) {
        Check::Differs if matches!(done.key, Key::Repeatable(_)) && has_placeholder(migration) => {
            Check::Unknown("its checksum is of the text with placeholders replaced")
        }
        check => check,
    }
}

fn has_placeholder(migration: &Migration) -> bool {
    migration.sections().any(|section| section.text().contains("${"))
}

/// `String.hashCode` of `"schema"."table"`, over UTF-16 units as Java has them.
fn java_hash(table: &Table<'_>) -> i32 {
    let name = format!("\"{}\".\"{}\"", table.schema, table.name);
    name.encode_utf16().fold(0, |hash: i32, unit| hash.wrapping_mul(31).wrapping_add(i32::from(unit)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lock_is_made_of_the_tables_name() {
        let table = Table { database: "app", schema: "public", name: "flyway_schema_history" };
        assert_eq!((RULES.locks)(&table), [77_433_833_903_597]);
    }

    #[test]
    fn versions_compare_part_by_part() {
        assert_eq!(dotted("1.0"), dotted("1"));
        assert_eq!(dotted("0"), Some(Key::Dotted(vec![0])));
        assert!(dotted("1.9") < dotted("1.10"));
        assert_eq!(dotted("1.x"), None);
    }

    #[test]
    fn the_log_is_replayed() {
        let row = |place, key: &str, kind: &str, outcome| Row {
            place,
            key: (!key.is_empty()).then(|| key.to_owned()),
            name: Some("a view".to_owned()),
            kind: Some(kind.to_owned()),
            outcome,
            ..Row::default()
        };
        let effective = effective(&[
            row(1, "1", "BASELINE", Outcome::Done),
            row(2, "2", "SQL", Outcome::Done),
            row(3, "3", "SQL", Outcome::Done),
            row(4, "", "SQL", Outcome::Done),
            row(5, "3", "UNDO_SQL", Outcome::Done),
            row(6, "2", "DELETE", Outcome::Done),
            row(7, "4.0", "JDBC", Outcome::Done),
            row(8, "", "SQL", Outcome::Done),
            row(9, "5", "SQL", Outcome::Failed),
        ]);
        let done: Vec<String> = effective.done.iter().map(|done| done.key.to_string()).collect();
        assert_eq!(done, ["4", "R__a view"]);
        assert_eq!(effective.up_to.map(|mark| mark.key), dotted("1"));
        assert_eq!(effective.faults.len(), 1);
    }
}
