//! SQL about the books of backfills. Written for PostgreSQL 13 to 18; see [`super::sql`].
//!
//! What is in braces is put in by [`Books`]: names of the user's table and of its key, quoted, and no values.

use super::key::{Key, Side};
use super::tables::Tables;

/// Begins the books of a backfill over a key, unless they are there. The upper bound is what the last row is now.
///
/// $1 version, $2 name, $3 relation, $4 key, $5 checksum, $6 estimate, $7 rows of the first batch.
const BEGIN: &str = "\
insert into upshift.backfill (version, name, relation, key, checksum, state, holds, pass, frontier, upto, opening, drained,
    rows, spent_ms, estimate, batch, started_at, changed_at)
select $1::bigint, $2::varchar, $3::varchar, $4::varchar[], $5::varchar, 'running', 0, 1, l.key, h.key, true, l.key is null,
    0, 0, $6::bigint, $7::bigint, pg_catalog.clock_timestamp(), pg_catalog.clock_timestamp()
from (values (true)) one (one)
    left join lateral (select {array} as key from {table} t order by {order} limit 1) l on true
    left join lateral (select {array} as key from {table} t order by {backwards} limit 1) h on true
on conflict (version) do nothing";

/// The same for a table without a key. Its ranges are written by [`PAGES`]. Values as in [`BEGIN`].
pub(crate) const BEGIN_PAGES: &str = "\
insert into upshift.backfill (version, name, relation, key, checksum, state, holds, pass, opening, drained, rows, spent_ms,
    estimate, batch, started_at, changed_at)
select $1::bigint, $2::varchar, $3::varchar, $4::varchar[], $5::varchar, 'running', 0, 1, false, true, 0, 0, $6::bigint,
    $7::bigint, pg_catalog.clock_timestamp(), pg_catalog.clock_timestamp()
on conflict (version) do nothing
returning version";

/// Writes the ranges of a pass over a table without a key: runs of pages, partition by partition.
///
/// $1 version, $2 the table and its partitions, $3 pages of a range, $4 bytes of a page.
pub(crate) const PAGES: &str = "\
insert into upshift.backfill_range (version, relation, after, upto, opening, done, rows, spent_ms)
select $1::bigint, l.relation, array[s.page::varchar],
    array[least(s.page operator(pg_catalog.+) $3::bigint, l.pages)::varchar], false, false, 0, 0
from (
    select pg_catalog.format('%I.%I', n.nspname, c.relname) as relation,
        pg_catalog.pg_relation_size(c.oid::pg_catalog.regclass) operator(pg_catalog./) $4::bigint as pages
    from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid operator(pg_catalog.=) c.relnamespace
    where c.oid operator(pg_catalog.=) any ($2::pg_catalog.oid[]) and c.relkind operator(pg_catalog.=) 'r'
) l cross join lateral pg_catalog.generate_series(0, l.pages operator(pg_catalog.-) 1, $3::bigint) s (page)";

/// What the books say of a backfill (written for an alias `b`).
macro_rules! book {
    () => {
        "b.state, b.drained, b.relation as over, b.key as over_key, b.checksum, b.words, b.held, b.holds, b.pass, b.batch, b.estimate,
    b.rows as folded,
    greatest(0, coalesce((extract(epoch from b.held_until operator(pg_catalog.-) pg_catalog.clock_timestamp())
        operator(pg_catalog.*) 1000)::bigint, 0)) as held_ms"
    };
}

/// The book of a backfill. $1 version.
pub(crate) const READ_BOOK: &str =
    concat!("select ", book!(), " from upshift.backfill b where b.version operator(pg_catalog.=) $1::bigint");

/// The same, held until the end of the transaction. $1 version.
pub(crate) const HOLD_BOOK: &str = concat!(
    "select ",
    book!(),
    " from upshift.backfill b where b.version operator(pg_catalog.=) $1::bigint for update"
);

/// A range that nobody is at work on, held until the end of the transaction, while the backfill is running; with the
/// book. $1 version.
macro_rules! taken {
    () => {
        concat!(
            "with book as (
    select ",
            book!(),
            " from upshift.backfill b where b.version operator(pg_catalog.=) $1::bigint
), taken as (
    select r.id, r.relation, r.after, r.upto, r.opening from upshift.backfill_range r
    where r.version operator(pg_catalog.=) $1::bigint and not r.done
        and exists (select from book b where b.state operator(pg_catalog.=) 'running' and b.held_ms operator(pg_catalog.=) 0)
    order by r.id limit 1 for update skip locked
)
"
        )
    };
}

/// Takes a range, and finds where its next batch ends: the key of its $2nd row from there, null when it has no more.
const TAKE: &str = concat!(
    taken!(),
    "select b.*, r.id, r.relation, r.after, r.upto, r.opening, k.key as boundary,
    case when r.id is not null and k.key is null then (select pg_catalog.count(*) from {table} t where {behind} and {within}) end as rest
from book b left join taken r on true
    left join lateral (
        select {array} as key from {table} t where {behind} and {within}
        order by {order} offset $2::bigint limit 1
    ) k on r.id is not null"
);

/// Takes a run of pages. $2 is not looked at.
pub(crate) const TAKE_PAGES: &str = concat!(
    taken!(),
    "select b.*, r.id, r.relation, r.after, r.upto, r.opening, null::varchar[] as boundary, null::bigint as rest
from book b left join taken r on true where $2::bigint is not null"
);

/// Cuts the next range off, behind [`HOLD_BOOK`], and adds up those that are done. $1 version, $2 rows of the range,
/// $3 rows of a batch.
const CUT: &str = "\
with book as (
    select b.frontier, b.upto, b.opening from upshift.backfill b
    where b.version operator(pg_catalog.=) $1::bigint and b.state operator(pg_catalog.=) 'running' and not b.drained
), next as (
    select r.frontier, r.upto, r.opening, k.key
    from (select b.frontier as after, b.frontier, b.upto, b.opening from book b) r left join lateral (
        select {array} as key from {table} t where {behind} and {within}
        order by {order} offset $2::bigint limit 1
    ) k on true
), cut as (
    insert into upshift.backfill_range (version, after, upto, opening, done, rows, spent_ms)
    select $1::bigint, n.frontier, coalesce(n.key, n.upto), n.opening, false, 0, 0 from next n
    returning id
), folded as (
    delete from upshift.backfill_range r where r.version operator(pg_catalog.=) $1::bigint and r.done
    returning r.rows, r.spent_ms
)
update upshift.backfill b
set frontier = coalesce(n.key, n.upto), drained = n.key is null, opening = false, batch = $3::bigint,
    rows = b.rows operator(pg_catalog.+) (select coalesce(pg_catalog.sum(f.rows), 0) from folded f)::bigint,
    spent_ms = b.spent_ms operator(pg_catalog.+) (select coalesce(pg_catalog.sum(f.spent_ms), 0) from folded f)::bigint
from next n where b.version operator(pg_catalog.=) $1::bigint";

/// Writes that a batch is done, in its own transaction; says how long that took, and how many sessions wait for a row
/// of ours now: the first of those that wait for a row waits for our transaction's end.
///
/// $1 version, $2 the range's id, $3 where its next batch begins, $4 rows, $5 worker, $6 `done` or `open`.
pub(crate) const RECORD_BATCH: &str = "\
update upshift.backfill_range r
set after = $3::varchar[], opening = false, done = $6::varchar operator(pg_catalog.=) 'done',
    rows = r.rows operator(pg_catalog.+) $4::bigint, spent_ms = r.spent_ms operator(pg_catalog.+) s.spent_ms,
    worker = $5::varchar, at = pg_catalog.clock_timestamp()
from (
    select (extract(epoch from pg_catalog.clock_timestamp() operator(pg_catalog.-) pg_catalog.transaction_timestamp())
        operator(pg_catalog.*) 1000)::bigint as spent_ms
) s
where r.version operator(pg_catalog.=) $1::bigint and r.id operator(pg_catalog.=) $2::bigint
returning s.spent_ms, (
    select pg_catalog.count(*) from pg_catalog.pg_locks l
    where not l.granted
        and l.transactionid operator(pg_catalog.=) pg_catalog.pg_current_xact_id()::pg_catalog.xid
) as waiting";

/// Holds the backfill for so long, whoever works on it. $1 version, $2 why, $3 milliseconds.
pub(crate) const HOLD: &str = "\
update upshift.backfill b
set held = $2::varchar, holds = b.holds operator(pg_catalog.+) 1,
    held_until = pg_catalog.clock_timestamp() operator(pg_catalog.+)
        pg_catalog.make_interval(secs => $3::double precision operator(pg_catalog./) 1000)
where b.version operator(pg_catalog.=) $1::bigint";

/// Nothing holds it any more. $1 version.
pub(crate) const UNHOLD: &str = "\
update upshift.backfill b set held = null, holds = 0, held_until = null
where b.version operator(pg_catalog.=) $1::bigint and b.holds operator(pg_catalog.>) 0";

/// Says that every range is done, if that is so. $1 version, $2 the pass that was looked at.
pub(crate) const FINISH: &str = "\
update upshift.backfill b
set state = 'finished', held = null, holds = 0, held_until = null, finished_at = pg_catalog.clock_timestamp()
where b.version operator(pg_catalog.=) $1::bigint and b.state operator(pg_catalog.=) 'running' and b.drained
    and b.pass operator(pg_catalog.=) $2::integer and not exists (
        select from upshift.backfill_range r where r.version operator(pg_catalog.=) $1::bigint and not r.done)
returning b.version";

/// Whether a range is left that is not done. $1 version.
pub(crate) const IS_LEFT: &str = "\
select exists (
    select from upshift.backfill_range r where r.version operator(pg_catalog.=) $1::bigint and not r.done) as is_left";

/// Begins another pass over a table without a key, behind [`HOLD_BOOK`]. $1 version, $2 the pass that is over.
pub(crate) const NEXT_PASS: &str = "\
with folded as (
    delete from upshift.backfill_range r where r.version operator(pg_catalog.=) $1::bigint and r.done
    returning r.spent_ms
)
update upshift.backfill b
set pass = b.pass operator(pg_catalog.+) 1, rows = 0,
    spent_ms = b.spent_ms operator(pg_catalog.+) (select coalesce(pg_catalog.sum(f.spent_ms), 0) from folded f)::bigint
where b.version operator(pg_catalog.=) $1::bigint and b.state operator(pg_catalog.=) 'running'
    and b.pass operator(pg_catalog.=) $2::integer
returning b.pass";

/// Changes the state. $1 version, $2 the new one, $3 why (null: nothing is to be said), $4 the states it may have had.
pub(crate) const CHANGE_STATE: &str = "\
update upshift.backfill b
set state = $2::varchar, words = $3::varchar, held = null, holds = 0, held_until = null,
    changed_at = pg_catalog.clock_timestamp()
where b.version operator(pg_catalog.=) $1::bigint and b.state operator(pg_catalog.=) any ($4::varchar[])
returning b.version";

/// The same with a word about who said so. Values as in [`CHANGE_STATE`].
pub(crate) const SAY_STATE: &str = "\
update upshift.backfill b
set state = $2::varchar, held = null, holds = 0, held_until = null, changed_at = pg_catalog.clock_timestamp(),
    words = pg_catalog.concat('by ', session_user, ' because ', $3::varchar)
where b.version operator(pg_catalog.=) $1::bigint and b.state operator(pg_catalog.=) any ($4::varchar[])
returning b.version";

/// Goes on with another text, unless it is cancelled: that one begins anew or not at all. $1 version, $2 its checksum.
pub(crate) const ACCEPT_TEXT: &str = "\
update upshift.backfill b set checksum = $2::varchar
where b.version operator(pg_catalog.=) $1::bigint and b.state operator(pg_catalog.<>) 'cancelled'
returning b.version";

/// Takes the books of a backfill away. $1 version.
pub(crate) const CLEAR: &str = "\
with ranges as (
    delete from upshift.backfill_range r where r.version operator(pg_catalog.=) $1::bigint
)
delete from upshift.backfill b where b.version operator(pg_catalog.=) $1::bigint";

/// The same, if no batch was done. $1 version.
pub(crate) const CLEAR_UNTOUCHED: &str = "\
with untouched as (
    select b.version from upshift.backfill b
    where b.version operator(pg_catalog.=) $1::bigint and b.rows operator(pg_catalog.=) 0
        and b.pass operator(pg_catalog.=) 1 and not exists (
            select from upshift.backfill_range r
            where r.version operator(pg_catalog.=) b.version and r.worker is not null)
), ranges as (
    delete from upshift.backfill_range r using untouched u where r.version operator(pg_catalog.=) u.version
)
delete from upshift.backfill b using untouched u where b.version operator(pg_catalog.=) u.version
returning b.version";

/// Raises when batches of it were done: as one statement it would do their rows again. $1 version.
pub(crate) const REFUSE_TOUCHED: &str = "\
select pg_catalog.concat('upshift: batches of version ', b.version, ' were done already')::integer
from upshift.backfill b
where b.version operator(pg_catalog.=) $1::bigint and (b.rows operator(pg_catalog.>) 0
    or exists (select from upshift.backfill_range r
        where r.version operator(pg_catalog.=) b.version and r.worker is not null))";

/// How far every backfill is that is not applied yet.
pub(crate) const READ_PROGRESS: &str = "\
select b.version, b.name, b.relation, b.state, b.words, b.held, b.estimate, b.batch, b.pass, b.started_at, b.finished_at,
    (b.rows operator(pg_catalog.+) coalesce(pg_catalog.sum(r.rows), 0))::bigint as rows,
    (b.spent_ms operator(pg_catalog.+) coalesce(pg_catalog.sum(r.spent_ms), 0))::bigint as spent_ms,
    coalesce(pg_catalog.array_agg(distinct r.worker) filter (where r.worker is not null and r.at operator(pg_catalog.>)
        (pg_catalog.clock_timestamp() operator(pg_catalog.-) '30 seconds'::interval)), '{}') as workers
from upshift.backfill b left join upshift.backfill_range r on r.version operator(pg_catalog.=) b.version
group by b.version order by b.version";

/// The texts that have the names of a table and of its key in them.
#[derive(Debug, Clone)]
pub(crate) struct Books {
    pub(crate) begin: String,
    pub(crate) take: String,
    pub(crate) cut: String,
}

impl Books {
    /// For this table, quoted, and its key; `None`: it has none.
    pub(crate) fn of(tables: &Tables, table: &str, key: Option<&Key>) -> Books {
        let Some(key) = key else {
            return Books {
                begin: tables.sql(BEGIN_PAGES).into_owned(),
                take: tables.sql(TAKE_PAGES).into_owned(),
                cut: String::new(),
            };
        };
        let part = |column: &'static str| move |at: usize| format!("(r.{column})[{}]", at + 1);
        // The names come last: one of them may look like what stands for another one.
        let with_names = |text: &'static str| {
            let text = tables.sql(text).into_owned();
            [
                ("{behind}", key.condition("t", Side::Behind, part("after"))),
                ("{within}", key.condition("t", Side::UpTo, part("upto"))),
                ("{array}", key.array("t")),
                ("{order}", key.order("t", "")),
                ("{backwards}", key.order("t", " desc")),
                ("{table}", table.to_owned()),
            ]
            .into_iter()
            .fold(text, |text, (place, name)| text.replace(place, &name))
        };
        Books { begin: with_names(BEGIN), take: with_names(TAKE), cut: with_names(CUT) }
    }
}
