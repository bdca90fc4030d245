//! SQL about the migration lock. Written for PostgreSQL 13 to 18; see [`super::sql`].

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

/// What is told of a session that is in the way (written for an alias `a` of pg_stat_activity).
macro_rules! holder {
    () => {
        "a.pid, a.usename::varchar as role, a.application_name, coalesce(a.client_addr::varchar, 'local') as host,
    (extract(epoch from pg_catalog.clock_timestamp() operator(pg_catalog.-) a.backend_start)
        operator(pg_catalog.*) 1000)::bigint as age_ms,
    pg_catalog.left(a.query, 200) as query"
    };
}

/// Who holds the lock with this key in this database.
pub(crate) const LOCK_HOLDER: &str = concat!(
    "select ",
    holder!(),
    "
from pg_catalog.pg_locks l
    join pg_catalog.pg_stat_activity a on a.pid operator(pg_catalog.=) l.pid
    join pg_catalog.pg_database d on d.oid operator(pg_catalog.=) l.database
where l.locktype operator(pg_catalog.=) 'advisory' and l.granted and l.objsubid operator(pg_catalog.=) 1
    and d.datname operator(pg_catalog.=) pg_catalog.current_database()
    and l.classid::bigint operator(pg_catalog.<<) 32 operator(pg_catalog.|) l.objid::bigint operator(pg_catalog.=) $1"
);

/// Whose open transaction keeps others from the lease, without the lock: of a migrator that is gone, mostly.
pub(crate) const LEASE_HOLDER: &str = concat!(
    "select ",
    holder!(),
    "
from pg_catalog.pg_locks l join pg_catalog.pg_stat_activity a on a.pid operator(pg_catalog.=) l.pid
where l.locktype operator(pg_catalog.=) 'relation' and l.granted
    and l.relation operator(pg_catalog.=) (select t.tableoid from upshift.lease t)
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
