//! sqitch: one row a deployed change, with a SHA-1 of its script, beside a log of all that happened.

use upshift_files::Migration;

use super::{Check, PLAIN, Rules, base, compare};
use crate::checksum;
use crate::row::{Done, Effective, Key, Outcome, Row};
use crate::shape::{Class, Shape, Strictness};

pub(super) const RULES: Rules = Rules {
    shapes: &[SHAPE],
    effective,
    keys,
    check: |done, migration| match &done.checksum {
        Some(known) => compare(migration, |text| checksum::sqitch(text) == *known),
        None => Check::Unknown("its row has no hash"),
    },
    locks: |_| vec![75_474_063],
    ..PLAIN
};

/// The changes that stand deployed, and those whose last word in the log is `fail`.
const SHAPE: Shape = Shape {
    columns: &[
        ("change_id", Class::Text),
        ("script_hash", Class::Text),
        ("change", Class::Text),
        ("project", Class::Text),
        ("committed_at", Class::Time),
        ("planned_at", Class::Time),
    ],
    strictness: Strictness::AtLeast,
    read: "\
select pg_catalog.row_number() over (order by a.at, a.key) as place, a.key, a.name, a.kind, a.checksum, a.at,
    null::bigint as took_ms, a.failed
from (
    select t.change::varchar as key, t.project::varchar as name, 'deploy'::varchar as kind,
        t.script_hash::varchar as checksum, t.committed_at::timestamp with time zone as at, false as failed
    from old.table t
    union all
    select e.change::varchar, e.project::varchar, 'fail', null, e.committed_at::timestamp with time zone, true
    from old.schema.events e
    where e.event::varchar operator(pg_catalog.=) 'fail' and not exists (
        select from old.schema.events later
        where later.change_id operator(pg_catalog.=) e.change_id
            and later.committed_at operator(pg_catalog.>) e.committed_at
    )
) a
order by 1",
};

fn effective(rows: &[Row]) -> Effective {
    let mut effective = Effective::default();
    for row in rows {
        match (&row.key, row.outcome) {
            (Some(change), Outcome::Failed) => {
                let what = format!("the deploy of `{change}` failed, and nothing followed");
                effective.dirty(what, "put its work right by hand, then deploy it: `sqitch deploy`");
            }
            (Some(change), Outcome::Done) => {
                effective.done.push(Done::of(row, Key::Name(change.clone())));
            }
            (None, _) => effective.unknown(row),
        }
    }
    effective
}

/// The change: the deploy script's name. A change that was reworked has its older script as `name@tag.sql`.
fn keys(migration: &Migration) -> Vec<Key> {
    let path = migration.path();
    let name = path.strip_prefix("deploy/").unwrap_or_else(|| base(migration));
    let name = name.strip_suffix(".sql").unwrap_or(name);
    let name = name.split('@').next().unwrap_or(name);
    vec![Key::Name(name.to_owned()), Key::Name(migration.name().to_owned())]
}
