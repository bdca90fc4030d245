//! SQL about who is alive and what operators said. Written for PostgreSQL 13 to 18; see [`super::sql`].

/// What the key of the fleet's advisory lock is made of.
pub(crate) const FLEET: &str = "upshift fleet ";

/// Lets every statement of this transaction see what was committed before it, whatever the database's default or the
/// file's own BEGIN says: who waits for the fleet's lock would judge what was there before the wait. Ahead of any query.
pub(crate) const SEES_OTHERS: &str = "set transaction isolation level read committed";

/// Keeps contracts away for this transaction: whoever joins, or comes back after its lease, takes it. $1 the fleet's key.
pub(crate) const JOINING: &str = "select pg_catalog.pg_advisory_xact_lock_shared($1)::varchar";

/// Keeps everybody from joining for this transaction: the contract's. $1 the fleet's key.
pub(crate) const FENCING: &str = "select pg_catalog.pg_advisory_xact_lock($1)::varchar";

/// The contracts that are applied, or on their way, and not among $1 (versions): what the caller's code cannot bear.
pub(crate) const READ_FENCES: &str = "\
select h.version, h.name from upshift.history h
where h.phase operator(pg_catalog.=) 'contract' and h.version is not null
    and h.version operator(pg_catalog.<>) all ($1::bigint[])
    and not (h.state operator(pg_catalog.=) 'failed' and h.direction operator(pg_catalog.=) 'down')
order by h.version";

/// Registers an instance, or registers it again. Raises nothing and writes nothing where a fence stands.
///
/// $1 id, $2 service, $3 release, $4 host, $5 contracts, $6 milliseconds of the lease.
pub(crate) const JOIN: &str = "\
insert into upshift.instance as i (id, service, release, host, application, role, address, contracts, joined_at,
    seen_at, expires_at)
select $1::varchar, $2::varchar, $3::varchar, $4::varchar, pg_catalog.current_setting('application_name'),
    session_user::varchar, coalesce(pg_catalog.host(pg_catalog.inet_client_addr()), 'local'), $5::bigint[], t.now, t.now,
    t.now operator(pg_catalog.+) pg_catalog.make_interval(secs => $6::double precision operator(pg_catalog./) 1000)
from (select pg_catalog.clock_timestamp() as now) t
where not exists (
    select from upshift.history h
    where h.phase operator(pg_catalog.=) 'contract' and h.version is not null
        and h.version operator(pg_catalog.<>) all ($5::bigint[])
        and not (h.state operator(pg_catalog.=) 'failed' and h.direction operator(pg_catalog.=) 'down')
)
on conflict (id) do update set seen_at = excluded.seen_at, expires_at = excluded.expires_at, left_at = null,
    contracts = excluded.contracts, application = excluded.application, role = excluded.role,
    address = excluded.address
returning i.id";

/// A heartbeat: prolongs a lease that is not over. No row: it is over, or the registration is gone.
/// $1 id, $2 milliseconds of the lease, $3 when its process looked at the switches (null: it has none). That is what it
/// was seen at: what happened later it has not heard of, whatever becomes of the answer to this.
pub(crate) const RENEW: &str = "\
update upshift.instance i
set seen_at = coalesce($3::timestamptz, t.now),
    expires_at = t.now operator(pg_catalog.+) pg_catalog.make_interval(secs => $2::double precision operator(pg_catalog./) 1000)
from (select pg_catalog.clock_timestamp() as now) t
where i.id operator(pg_catalog.=) $1::varchar and i.left_at is null and i.expires_at operator(pg_catalog.>) t.now
returning i.id";

/// An instance says goodbye, or an operator says that it is gone. $1 id.
pub(crate) const LEAVE: &str = "\
update upshift.instance i set left_at = pg_catalog.clock_timestamp()
where i.id operator(pg_catalog.=) $1::varchar and i.left_at is null
returning i.id";

/// Takes out what is long gone; a day is as long as anybody asks who was there.
pub(crate) const FORGET_OLD: &str = "\
delete from upshift.instance i
where coalesce(i.left_at, i.expires_at) operator(pg_catalog.<)
    (pg_catalog.clock_timestamp() operator(pg_catalog.-) '1 day'::interval)";

/// Everybody who was registered in the last day. One row at least, for the clock.
pub(crate) const READ_INSTANCES: &str = "\
select t.now, i.id, i.service, i.release, i.host, i.application, i.role, i.address, i.contracts, i.joined_at, i.seen_at,
    i.expires_at, i.left_at
from (select pg_catalog.clock_timestamp() as now) t left join upshift.instance i
    on coalesce(i.left_at, i.expires_at) operator(pg_catalog.>=) (t.now operator(pg_catalog.-) '1 day'::interval)
order by i.joined_at, i.id";

/// What operators said.
pub(crate) const READ_WORDS: &str = "\
select w.kind, w.version, w.reason, w.role, w.at from upshift.word w order by w.at";

/// Every other session of this database. What the role may not see of it reads as empty: without pg_read_all_stats that
/// is nearly all of another role's, even what kind of process it is.
pub(crate) const READ_SESSIONS: &str = "\
select a.pid, coalesce(a.usename::varchar, '') as role, coalesce(a.application_name, '') as application,
    coalesce(pg_catalog.host(a.client_addr), 'local') as address, a.xact_start
from pg_catalog.pg_stat_activity a
where a.datname operator(pg_catalog.=) pg_catalog.current_database()
    and coalesce(a.backend_type, 'client backend') operator(pg_catalog.=) 'client backend'
    and a.pid operator(pg_catalog.<>) pg_catalog.pg_backend_pid()
order by a.pid";

/// Prepared transactions of this database.
pub(crate) const READ_PREPARED: &str = "\
select p.gid, p.owner::varchar as role, p.prepared from pg_catalog.pg_prepared_xacts p
where p.database operator(pg_catalog.=) pg_catalog.current_database() order by p.prepared";

/// When each migration was applied.
pub(crate) const READ_APPLIED_AT: &str = "\
select h.version, h.applied_at from upshift.history h
where h.version is not null and h.state operator(pg_catalog.<>) 'failed'";

/// The database's clock when this arrived: before anything is seen that is asked for behind it.
pub(crate) const READ_CLOCK: &str = "select pg_catalog.statement_timestamp() as now";

/// To whom each switch that operators have set shows the new shape.
pub(crate) const READ_SWITCHES: &str =
    "select s.name, s.percentage, s.keys, s.at from upshift.switch s order by s.name";

/// Sets a switch. $1 name, $2 percentage, $3 keys.
pub(crate) const SET_SWITCH: &str = "\
insert into upshift.switch (name, percentage, keys, role, at)
values ($1::varchar, $2::integer, $3::varchar[], session_user::varchar, pg_catalog.clock_timestamp())
on conflict (name) do update set percentage = excluded.percentage, keys = excluded.keys, role = excluded.role,
    at = excluded.at";

/// Those of $1 (versions) that are applied whole.
pub(crate) const READ_APPLIED: &str = "\
select h.version from upshift.history h
where h.version operator(pg_catalog.=) any ($1::bigint[]) and h.state operator(pg_catalog.<>) 'failed'";

/// Writes an operator's word; it takes the place of an earlier one. $1 kind, $2 version (null: all), $3 reason.
pub(crate) const SAY: &str = "\
with gone as (
    delete from upshift.word w
    where w.kind operator(pg_catalog.=) $1::varchar
        and coalesce(w.version, -1) operator(pg_catalog.=) coalesce($2::bigint, -1)
    returning w.kind
)
insert into upshift.word (kind, version, reason, role, at)
select $1::varchar, $2::bigint, $3::varchar, session_user::varchar, pg_catalog.clock_timestamp()
from (select pg_catalog.count(*) from gone) counted";

/// Takes back the operators' words of this kind about one migration. $1 kind, $2 version.
pub(crate) const UNSAY_OF: &str = "\
delete from upshift.word w
where w.kind operator(pg_catalog.=) $1::varchar and w.version operator(pg_catalog.=) $2::bigint";

/// Takes the operators' words of this kind back. $1 kind.
pub(crate) const UNSAY: &str = "\
delete from upshift.word w where w.kind operator(pg_catalog.=) $1::varchar returning w.kind";
