//! SQL about the migration lock. Written for PostgreSQL 13 to 18; see [`super::sql`].

/// What the key of the migration lock is made of.
pub(crate) const LOCK: &str = "upshift history ";

/// Whether the server process that answers is the one this connection was told of ($2), and only then the session
/// lock: a transaction pooler hands out connections of its own, on which a session lock would be stranded.
pub(crate) const TRY_SESSION_LOCK: &str = "\
select pg_catalog.pg_backend_pid() as pid,
    case when pg_catalog.pg_backend_pid() operator(pg_catalog.=) $2
        then pg_catalog.pg_try_advisory_lock($1) end as locked,
    pg_catalog.current_setting('server_version_num')::integer operator(pg_catalog.>=) 140000
        and pg_catalog.version() operator(pg_catalog.!~*) 'mingw|visual c|windows' as watches_clients";

/// Gives the session lock back.
pub(crate) const RELEASE_SESSION_LOCK: &str = "select pg_catalog.pg_advisory_unlock($1) as released";

/// The lock of the open transaction.
pub(crate) const TRY_TRANSACTION_LOCK: &str = "select pg_catalog.pg_try_advisory_xact_lock($1) as locked";

/// What is told of a session that is in the way (written for an alias `a` of pg_stat_activity, or of the function behind
/// it, which takes a third of the time to plan: a probe asks every few seconds).
macro_rules! holder {
    () => {
        "a.pid, pg_catalog.pg_get_userbyid(a.usesysid)::varchar as role, a.application_name, coalesce(a.client_addr::varchar, 'local') as host,
    coalesce((extract(epoch from pg_catalog.clock_timestamp() operator(pg_catalog.-) a.backend_start)
        operator(pg_catalog.*) 1000)::bigint, 0) as age_ms,
    pg_catalog.left(a.query, 200) as query"
    };
}

/// Who holds the lock with this key in this database.
pub(crate) const LOCK_HOLDER: &str = concat!(
    "select ",
    holder!(),
    "
from pg_catalog.pg_locks l
    cross join lateral pg_catalog.pg_stat_get_activity(l.pid) a
    join pg_catalog.pg_database d on d.oid operator(pg_catalog.=) l.database
where l.locktype operator(pg_catalog.=) 'advisory' and l.granted and l.pid is not null
    and l.objsubid operator(pg_catalog.=) 1 and d.datname operator(pg_catalog.=) pg_catalog.current_database()
    and l.classid::bigint operator(pg_catalog.<<) 32 operator(pg_catalog.|) l.objid::bigint operator(pg_catalog.=) $1"
);

/// Whose open transaction keeps others from the lease, without the lock: of a migrator that is gone, mostly. $1 our schema.
/// The table is not named, since whoever names it waits for it.
pub(crate) const LEASE_HOLDER: &str = concat!(
    "select ",
    holder!(),
    "
from pg_catalog.pg_locks l join pg_catalog.pg_stat_activity a on a.pid operator(pg_catalog.=) l.pid
where l.locktype operator(pg_catalog.=) 'relation' and l.granted
    and l.relation operator(pg_catalog.=) (
        select c.oid from pg_catalog.pg_class c
            join pg_catalog.pg_namespace n on n.oid operator(pg_catalog.=) c.relnamespace
        where n.nspname operator(pg_catalog.=) $1 and c.relname operator(pg_catalog.=) 'lease'
    )
    and l.mode operator(pg_catalog.<>) 'AccessShareLock'
    and l.pid operator(pg_catalog.<>) pg_catalog.pg_backend_pid()
order by a.xact_start"
);

/// Who holds a lock on a table that keeps writers away, or is one. $1 the table's schema, $2 its name.
pub(crate) const TABLE_HOLDER: &str = concat!(
    "select ",
    holder!(),
    "
from pg_catalog.pg_locks l
    join pg_catalog.pg_stat_activity a on a.pid operator(pg_catalog.=) l.pid
    join pg_catalog.pg_class c on c.oid operator(pg_catalog.=) l.relation
    join pg_catalog.pg_namespace n on n.oid operator(pg_catalog.=) c.relnamespace
where l.locktype operator(pg_catalog.=) 'relation' and l.granted
    and n.nspname operator(pg_catalog.=) $1 and c.relname operator(pg_catalog.=) $2
    and l.mode operator(pg_catalog.<>) all (array['AccessShareLock', 'RowShareLock'])
    and l.pid operator(pg_catalog.<>) pg_catalog.pg_backend_pid()
order by a.xact_start"
);

/// Whether any session of this database waits for a lock: what is asked before [`WAITS`], of which the plan alone takes
/// longer than all else that metrics ask.
pub(crate) const ANYBODY_WAITS: &str = "\
select exists (
    select from pg_catalog.pg_stat_get_activity(null) a
    where a.wait_event_type operator(pg_catalog.=) 'Lock'
        and a.datid operator(pg_catalog.=) (
            select d.oid from pg_catalog.pg_database d where d.datname operator(pg_catalog.=) pg_catalog.current_database()
        )
) as waits";

/// Sessions of this database that wait for a lock, beside each session in their way; the longest wait first. Since
/// PostgreSQL 14 a lock says since when it is waited for; before, only when the statement began is known. $1 the key of the
/// migration lock.
pub(crate) const WAITS: &str = "\
select w.pid as waiting_pid, coalesce(w.application_name, '') as waiting_application,
    coalesce(w.usename::varchar, '') as waiting_role, coalesce(pg_catalog.left(w.query, 200), '') as waiting_query,
    coalesce((extract(epoch from pg_catalog.clock_timestamp() operator(pg_catalog.-) s.since)
        operator(pg_catalog.*) 1000)::bigint, 0) as waited_ms,
    exists (
        select from pg_catalog.pg_locks m
        where m.pid operator(pg_catalog.=) w.pid and m.locktype operator(pg_catalog.=) 'advisory' and m.granted
            and m.objsubid operator(pg_catalog.=) 1
            and m.classid::bigint operator(pg_catalog.<<) 32 operator(pg_catalog.|) m.objid::bigint
                operator(pg_catalog.=) $1
    ) as migrates,
    a.pid, coalesce(a.application_name, '') as application, coalesce(a.usename::varchar, '') as role,
    coalesce((extract(epoch from pg_catalog.clock_timestamp() operator(pg_catalog.-) a.xact_start)
        operator(pg_catalog.*) 1000)::bigint, 0) as age_ms,
    coalesce(pg_catalog.left(a.query, 200), '') as query
from pg_catalog.pg_stat_activity w
    cross join lateral (
        select coalesce(pg_catalog.min((pg_catalog.to_jsonb(l) operator(pg_catalog.->>) 'waitstart')::timestamptz),
            w.query_start) as since
        from pg_catalog.pg_locks l where l.pid operator(pg_catalog.=) w.pid and not l.granted
    ) s
    cross join lateral (select distinct b.pid from pg_catalog.unnest(pg_catalog.pg_blocking_pids(w.pid)) as b (pid)) b
    join pg_catalog.pg_stat_activity a on a.pid operator(pg_catalog.=) b.pid
where w.wait_event_type operator(pg_catalog.=) 'Lock'
    and w.datname operator(pg_catalog.=) pg_catalog.current_database()
order by s.since, w.pid, a.pid
limit 200";
