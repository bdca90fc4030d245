//! Every SQL text that reads or writes upshift's own tables.
//!
//! Written for PostgreSQL 13 to 18. The schema stands as `upshift.` in all of them; [`Tables::sql`] puts the configured
//! one in its place. Values are always bound.
//!
//! Nothing is looked up along the search_path, in which somebody else may be able to write: functions, operators and
//! types stand with the catalog's name, as in pg_dump's own queries. What the grammar itself knows needs none:
//! `coalesce`, `extract`, `bigint`, and `varchar`, which is why casts go there and not to `text`.

pub(crate) use super::lock::{
    LEASE_HOLDER, LOCK, LOCK_HOLDER, RELEASE_SESSION_LOCK, TABLE_HOLDER, TRY_SESSION_LOCK,
    TRY_TRANSACTION_LOCK,
};
pub(crate) use super::tables::{FORMAT, FORMAT_LOCK, NAMES, Tables};

/// Everything a plan needs, in one query. One row at least when the tables are there.
///
/// Where the database is settled as $1 (null: as nothing), the history is not even looked at: the answer is one row,
/// however many migrations there are. Few columns in the other case: the state is null for what is applied whole, which
/// is all of a thousand rows but one, and the phase for an expand.
pub(crate) const READ: &str = "\
select f.version as format, h.ordinal, h.version, h.name, h.up_checksum, h.down_checksum,
    case when h.state operator(pg_catalog.<>) 'applied'
        then pg_catalog.concat_ws(' ', h.state, h.direction, coalesce(h.statements_done, 0)) end as unfinished,
    case when h.phase operator(pg_catalog.<>) 'expand' then h.phase end as later,
    exists (select from upshift.format s where s.settled operator(pg_catalog.=) $1) as settled
from upshift.format f left join upshift.history h
    on not exists (select from upshift.format s where s.settled operator(pg_catalog.=) $1)";

/// Says that the history is that of a set of migrations and of nothing else, if it is. Any write to the history takes it
/// back (trigger `history_unsettles`), by whomever. What a baseline has accepted is as good as applied. $1 token, $2 owner, $3 the set's fingerprint.
pub(crate) const SETTLE: &str = "\
update upshift.format f set settled = $3::varchar from upshift.lease l
where l.token operator(pg_catalog.=) $1::bigint and l.owner operator(pg_catalog.=) $2::varchar
    and $3::varchar operator(pg_catalog.=) (
        select pg_catalog.encode(pg_catalog.sha256(pg_catalog.convert_to(coalesce(pg_catalog.string_agg(
            pg_catalog.concat(coalesce(h.version::varchar, pg_catalog.concat('R__', h.name)), ' ',
                coalesce(h.up_checksum, '-'), ' ', coalesce(h.down_checksum, '-'), ' ',
                case when h.state operator(pg_catalog.=) 'baseline' then 'applied' else h.state end, pg_catalog.chr(10)),
            '' order by h.version, h.name collate pg_catalog.\"C\"), ''), 'UTF8')), 'hex')
        from upshift.history h
    )";

/// What `status` shows beside [`READ`].
pub(crate) const READ_DETAILS: &str = "\
select h.ordinal, h.applied_at, h.duration_ms, h.role, h.service, h.release, h.host, h.error, h.phase
from upshift.history h order by h.ordinal";

/// The text of a migration as it was applied.
pub(crate) const READ_TEXTS: &str = "\
select h.up, h.down, h.irreversible, h.indexes_before, h.error
from upshift.history h where h.ordinal operator(pg_catalog.=) $1";

/// Takes the lease for this owner; gives its fencing token and the number of the last audit row. Runs under the lock.
pub(crate) const TAKE_LEASE: &str = "\
update upshift.lease
set token = token operator(pg_catalog.+) 1, owner = $1, service = $2, release = $3,
    host = coalesce($4, pg_catalog.host(pg_catalog.inet_client_addr()), 'local'), since = pg_catalog.clock_timestamp()
returning token, audit_id";

/// Raises unless the lease is still ours and every step before this one has written its row.
///
/// $1 token, $2 owner, $3 the number of the audit row before this step's: each step writes exactly one, together with
/// its history row, so the number tells whether its predecessor is done, be it an apply, a revert or a repeatable.
/// A cast of the message to a number is the shortest way for a plain query to raise an error with words of ours.
pub(crate) const GUARD: &str = "\
select pg_catalog.concat('upshift: ', case when l.token is null then 'the lease was taken by another migrator'
    else 'the migration before this one did not finish' end)::integer
from (values (true)) one (one) left join upshift.lease l
    on l.token operator(pg_catalog.=) $1::bigint and l.owner operator(pg_catalog.=) $2::varchar
where l.token is null or l.audit_id operator(pg_catalog.<>) $3::bigint";

/// Records an applied migration, and its audit row, in the migration's own transaction.
///
/// $12 phase, $13 up checksum, $14 down checksum, $15 verify checksum, $16 guard checksum, $17 up, $18 down,
/// $19 irreversible, $20 state, $21 number of statements done (null unless statement by statement).
pub(crate) const RECORD_APPLIED: &str = concat!(
    "with ",
    audit_row!(),
    applied_row!(),
    "
from facts a
returning duration_ms"
);

/// Records a backfill that is applied, and its audit row, in its last transaction and before its books are cleared. Values
/// as in [`RECORD_APPLIED`].
///
/// The row's duration counts from when the backfill began, whoever did which part of it; the answer is the transaction's.
pub(crate) const RECORD_BACKFILLED: &str = concat!(
    "with ",
    audit_row!(concat!(
        "(select ",
        milliseconds_since!("b.started_at"),
        " from upshift.backfill b where b.version operator(pg_catalog.=) $8::bigint)"
    )),
    applied_row!(),
    "
from facts a
returning ",
    milliseconds_since!("pg_catalog.transaction_timestamp()"),
    " as duration_ms"
);

/// Records a migration that another tool has applied, and its audit row. Values as in [`RECORD_APPLIED`], and $22 when it
/// was applied (microseconds since 1970; null: unknown, so now), $23 milliseconds it took then (null: unknown).
pub(crate) const RECORD_ADOPTED: &str = concat!(
    "with ",
    audit_row!(),
    "
insert into upshift.history (version, name, phase, state, direction, statements_done, up_checksum, down_checksum,
    verify_checksum, guard_checksum, up, down, irreversible, applied_at, duration_ms, role, service, release, host,
    token)
select a.version, a.name, $12::varchar, $20::varchar, 'up', $21::integer, $13::varchar, $14::varchar, $15::varchar,
    $16::varchar, $17::varchar, $18::varchar, $19::varchar,
    coalesce(timestamp with time zone '1970-01-01 00:00:00+00' operator(pg_catalog.+)
        ($22::bigint operator(pg_catalog.*) interval '1 microsecond'), a.at),
    coalesce($23::bigint, 0), a.role, a.service, a.release, a.host, a.token
from facts a
returning duration_ms"
);

/// Records a repeatable migration that was applied again, in its own transaction. Values as in [`RECORD_APPLIED`].
pub(crate) const RECORD_REPEATED: &str = concat!(
    "with ",
    audit_row!(),
    ", removed as (
    delete from upshift.history h using facts a where h.version is null and h.name operator(pg_catalog.=) a.name
    returning h.ordinal
)",
    applied_row!(),
    "
-- Counting what was removed makes the server remove it first.
from facts a, (select pg_catalog.count(*) from removed) gone
returning duration_ms"
);

/// Takes a reverted migration out of the history, with its audit row. Raises when the row is not there.
///
/// What the repeatables made may stand on it and be gone with it: without a checksum they are applied again.
/// $12 milliseconds (null: those of this transaction).
pub(crate) const RECORD_REVERTED: &str = concat!(
    "with ",
    audit_row!("$12"),
    ", removed as (
    delete from upshift.history h using facts a
    where ",
    its_row!(),
    "
    returning h.ordinal
), unsettled as (
    update upshift.history h set up_checksum = null from facts a where a.version is not null and h.version is null
)
",
    has_row!("r.ordinal"),
    " left join removed r on true"
);

/// Only the audit row: an attempt that failed, or what was said about the history.
pub(crate) const RECORD_AUDIT: &str = concat!("with ", audit_row!(), " select a.duration_ms from facts a");

/// Writes the place of a migration that runs statement by statement, in the statement's own transaction where it has
/// one. $1 token, $2 owner, $3 version, $4 name, $5 statements done, $6 error, $7 the indexes that are there before the
/// next statement. The words of the error hang on a column, since the planner computes what is constant even in a branch
/// that is never taken.
pub(crate) const RECORD_PLACE: &str = concat!(
    "with ",
    fence!(),
    ", placed as (
    update upshift.history h
    set statements_done = $5::integer, error = $6::varchar, indexes_before = $7::pg_catalog.oid[],
        token = ",
    ours!("(select f.token from fence f)"),
    "
    where case when $3::bigint is null then h.version is null and h.name operator(pg_catalog.=) $4::varchar
        else h.version operator(pg_catalog.=) $3::bigint end
    returning h.ordinal
)
select case when p.ordinal is null
    then pg_catalog.concat('upshift: the history has no row for ', p.ordinal, $4::varchar)::integer else 1 end
from (values (true)) one (one) left join placed p on true"
);

/// Marks a migration that runs statement by statement as begun: a row in state `failed` until its end is written.
/// It takes the place of a repeatable's former row. Values as in [`RECORD_APPLIED`]; writes no audit row of its own
/// beyond the attempt's.
pub(crate) const RECORD_BEGUN: &str = concat!(
    "with ",
    fence!(),
    ", removed as (
    delete from upshift.history h
    where $3::bigint is null and h.version is null and h.name operator(pg_catalog.=) $4::varchar
    returning h.ordinal
)
insert into upshift.history (version, name, phase, state, direction, statements_done, error, up_checksum,
    down_checksum, verify_checksum, guard_checksum, up, down, irreversible, applied_at, duration_ms, role, service,
    release, host, token)
select $3::bigint, $4::varchar, $5::varchar, 'failed', 'up', 0, 'did not finish', $6::varchar, $7::varchar, $8::varchar,
    $9::varchar, $10::varchar, $11::varchar, $12::varchar, pg_catalog.statement_timestamp(), 0, session_user::varchar,
    $13::varchar, $14::varchar, coalesce($15::varchar, pg_catalog.host(pg_catalog.inet_client_addr()), 'local'),
    ",
    ours!("(select f.token from fence f)"),
    "
from (select pg_catalog.count(*) from removed) gone"
);

/// Ends a migration that ran statement by statement: up is now applied, with the texts of today, since what failed may
/// have been mended meanwhile. $12 number of statements, $13 milliseconds (null: those of this transaction), $14 to $21
/// as $12 to $19 in [`RECORD_APPLIED`].
pub(crate) const RECORD_ENDED: &str = concat!(
    "with ",
    audit_row!("$13"),
    ", ended as (
    update upshift.history h
    set name = a.name, state = 'applied', direction = 'up', error = null, indexes_before = null, statements_done = $12::integer,
        applied_at = a.at, duration_ms = a.duration_ms, token = a.token, phase = $14::varchar,
        up_checksum = $15::varchar, down_checksum = $16::varchar, verify_checksum = $17::varchar,
        guard_checksum = $18::varchar, up = $19::varchar, down = $20::varchar, irreversible = $21::varchar
    from facts a
    where ",
    its_row!(),
    "
    returning h.ordinal
)
",
    has_row!("e.ordinal"),
    " left join ended e on true"
);

/// Turns an applied row into one whose down is on its way, statement by statement. $1 token, $2 owner, $3 ordinal,
/// $4 down checksum, $5 down (null: code): the down that runs, which may have been edited since.
pub(crate) const RECORD_DOWN_BEGUN: &str = concat!(
    "with ",
    fence!(),
    "
update upshift.history h
set state = 'failed', direction = 'down', statements_done = 0, error = 'did not finish',
    down_checksum = coalesce($4::varchar, h.down_checksum), down = coalesce($5::varchar, h.down),
    token = ",
    ours!("(select f.token from fence f)"),
    "
where h.ordinal operator(pg_catalog.=) $3"
);

/// Keeps the texts of today for a migration that goes on in the middle: the next attempt compares with what ran last.
/// $1 token, $2 owner, $3 ordinal, $4 up checksum, $5 up, $6 down checksum, $7 down (null: as it is).
pub(crate) const RECORD_GOES_ON: &str = concat!(
    "with ",
    fence!(),
    "
update upshift.history h
set up_checksum = coalesce($4::varchar, h.up_checksum), up = coalesce($5::varchar, h.up),
    down_checksum = coalesce($6::varchar, h.down_checksum), down = coalesce($7::varchar, h.down),
    token = ",
    ours!("(select f.token from fence f)"),
    "
where h.ordinal operator(pg_catalog.=) $3"
);

/// Accepts the text of today for an applied migration, with its audit row. $12 up checksum, $13 up.
pub(crate) const REPAIR_CHECKSUM: &str = concat!(
    "with ",
    audit_row!(),
    ", repaired as (
    update upshift.history h set name = a.name, up_checksum = $12::varchar, up = $13::varchar, token = a.token
    from facts a
    where ",
    its_row!(),
    "
    returning h.ordinal
)
",
    has_row!("r.ordinal"),
    " left join repaired r on true"
);

/// Keeps an edited down of an applied migration, with its audit row. $12 down checksum, $13 down, $14 irreversible.
pub(crate) const RECORD_DOWN_TEXT: &str = concat!(
    "with ",
    audit_row!(),
    ", recorded as (
    update upshift.history h
    set down_checksum = $12::varchar, down = $13::varchar, irreversible = $14::varchar, token = a.token
    from facts a
    where ",
    its_row!(),
    "
)
select a.duration_ms from facts a"
);

/// Every audit row with what its hash and its predecessor's should be, and how many rows the lease remembers.
pub(crate) const VERIFY_AUDIT: &str = concat!(
    "select a.id, a.name, a.hash operator(pg_catalog.=)
        pg_catalog.sha256(a.previous_hash operator(pg_catalog.||) pg_catalog.convert_to(",
    audit_content!(),
    ", 'UTF8')) as own,
    a.previous_hash operator(pg_catalog.=) coalesce(pg_catalog.lag(a.hash) over (order by a.id), '') as linked,
    a.id operator(pg_catalog.=) pg_catalog.row_number() over (order by a.id) as counted,
    l.audit_id as last_id,
    case when a.id operator(pg_catalog.=) l.audit_id
        then a.hash operator(pg_catalog.=) l.audit_hash end as ending
from upshift.lease l left join upshift.audit a on true order by a.id"
);

/// The audit, oldest first.
pub(crate) const READ_AUDIT: &str = "\
select a.id, a.at, a.action, a.outcome, a.version, a.name, a.checksum, a.detail, a.duration_ms, a.role, a.service,
    a.release, a.host from upshift.audit a order by a.id";
