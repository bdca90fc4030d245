//! SQL about the schema as the last run left it. Written for PostgreSQL 13 to 18; see [`super::sql`].

/// What was done and how far, as one value: a snapshot is of the schema that exactly these migrations made. Neither an
/// accepted checksum nor a kept down is in it, for they change no schema.
macro_rules! history_state {
    () => {
        "pg_catalog.encode(pg_catalog.sha256(pg_catalog.convert_to(coalesce((
    select pg_catalog.string_agg(pg_catalog.concat_ws(' ', h.ordinal, h.state, h.direction, h.statements_done), ','
        order by h.ordinal)
    from upshift.history h), ''), 'UTF8')), 'hex')"
    };
}

/// The major of the server that is asked.
macro_rules! major {
    () => {
        "pg_catalog.current_setting('server_version_num')::integer operator(pg_catalog./) 10000"
    };
}

/// The snapshot that was kept, and whether any migration was applied or reverted since. No row when there is none.
pub(crate) const READ_SNAPSHOT: &str = concat!(
    "\
select s.at, s.token, s.service, s.release, s.filter, s.server, s.fingerprint, s.schema, state.history,
    s.history operator(pg_catalog.=) state.history as is_current, ",
    major!(),
    " as major
from upshift.snapshot s cross join (select ",
    history_state!(),
    " as history) state"
);

/// Whether what [`READ_SNAPSHOT`] said is still so. $1 token, $2 history.
pub(crate) const IS_STILL_KEPT: &str = concat!(
    "\
select exists (
    select from upshift.snapshot s where s.token operator(pg_catalog.=) $1::bigint
) and ",
    history_state!(),
    " operator(pg_catalog.=) $2::varchar as still"
);

/// Keeps a snapshot in the place of the last one, unless the lease is somebody else's now.
/// $1 token, $2 owner, $3 filter, $4 fingerprint, $5 the snapshot's text.
pub(crate) const KEEP_SNAPSHOT: &str = concat!(
    "\
insert into upshift.snapshot as s (at, token, service, release, history, filter, server, fingerprint, schema)
select pg_catalog.statement_timestamp(), l.token, l.service, l.release, ",
    history_state!(),
    ", $3::varchar, ",
    major!(),
    ", $4::varchar, $5::varchar
from upshift.lease l
where l.token operator(pg_catalog.=) $1::bigint and l.owner operator(pg_catalog.=) $2::varchar
on conflict (singleton) do update set at = excluded.at, token = excluded.token, service = excluded.service,
    release = excluded.release, history = excluded.history, filter = excluded.filter, server = excluded.server,
    fingerprint = excluded.fingerprint, schema = excluded.schema
returning s.token"
);

/// Ahead of a write to the history that changes no schema: marks the snapshot unless it is of the history as it is.
pub(crate) const MARK_OUTDATED: &str = concat!(
    "\
update upshift.snapshot s set history = 'outdated' where s.history operator(pg_catalog.<>) ",
    history_state!()
);

/// Behind it: the snapshot is of the history as it is now, unless it is marked.
pub(crate) const FOLLOW_HISTORY: &str = concat!(
    "\
update upshift.snapshot s set history = ",
    history_state!(),
    " where s.history operator(pg_catalog.<>) 'outdated'"
);
