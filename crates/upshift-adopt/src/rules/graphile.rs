//! graphile-migrate: one row a committed file, each hash made of the one before and the file's body.

use super::{Check, PLAIN, Rules, compare};
use crate::checksum;
use crate::row::{Effective, Key};
use crate::shape::{Class, Shape, Strictness};

pub(super) const RULES: Rules = Rules {
    shapes: &[SHAPE],
    effective: |rows| Effective::each(rows, |file| Key::number(file.strip_suffix(".sql")?)),
    check: |done, migration| match &done.checksum {
        Some(known) => {
            compare(migration, |text| checksum::graphile(done.beside.as_deref(), body(text)) == *known)
        }
        None => Check::Unknown("its row has no hash"),
    },
    locks: |_| vec![4_727_445_306_447_283],
    ..PLAIN
};

const SHAPE: Shape = Shape {
    columns: &[
        ("hash", Class::Text),
        ("previous_hash", Class::Text),
        ("filename", Class::Text),
        ("date", Class::Time),
    ],
    strictness: Strictness::NothingElse { words: &[] },
    read: "\
select pg_catalog.row_number() over (order by t.filename) as place, t.filename::varchar as key,
    t.previous_hash::varchar as name, null::varchar as kind, t.hash::varchar as checksum,
    t.date::timestamp with time zone as at, null::bigint as took_ms, false as failed
from old.table t order by 1",
};

/// What stands below the header lines (`--! Hash: …`), which the tool itself writes.
fn body(text: &str) -> &str {
    let mut rest = text;
    while let Some((line, below)) = rest.split_once('\n').filter(|(line, _)| is_header(line)) {
        (_, rest) = (line, below);
    }
    rest
}

/// `--! Name` or `--! Name:…`, the name beginning with a capital letter.
fn is_header(line: &str) -> bool {
    let Some(name) = line.trim_end().strip_prefix("--! ") else { return false };
    let name = name.split(':').next().unwrap_or(name);
    name.starts_with(|c: char| c.is_ascii_uppercase())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}
