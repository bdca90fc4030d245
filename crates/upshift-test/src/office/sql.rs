//! Everything that is said to the office's database. Written for PostgreSQL 13 to 18.

/// What every connection begins with: no call of ours waits without a limit, and no commit for a disk. `create database`
/// writes out what was committed before it, so a database is never there without its row.
pub(super) const BEGIN: &str = "\
    set statement_timeout = '120s';
    set lock_timeout = '30s';
    set synchronous_commit = off";

/// Who asks: the session. It is gone when no session with this number began at this moment.
pub(super) const WHO: &str = "\
    select pid || '/' || extract(epoch from backend_start)
    from pg_stat_activity where pid = pg_backend_pid()";

/// Whether the tables are there.
pub(super) const IS_FURNISHED: &str = "select to_regclass('office.database') is not null";

/// The tables. One program at a time: `if not exists` is no protection against another that makes them too.
pub(super) const FURNISH: &str = "\
    begin;
    select pg_advisory_xact_lock(7594312041203);
    create schema if not exists office;
    create table if not exists office.database (
        id bigint generated always as identity primary key,
        name text not null unique,
        kind text not null check (kind in ('template', 'clone', 'common')),
        state text not null check (state in ('making', 'ready', 'claimed', 'kept', 'done')),
        -- The template's key: for a template its own, else that of the one it was cloned from.
        key text not null,
        -- The session that makes or uses it.
        owner text,
        -- The test that uses it.
        test text,
        -- What a copy does not take over from its template: settings and rights of the database.
        extras text[] not null default '{}',
        made_at timestamptz not null default now(),
        used_at timestamptz not null default now()
    );
    create unique index if not exists database_template_once
        on office.database (kind, key) where kind in ('template', 'common') and state in ('making', 'ready');
    create index if not exists database_kind_state on office.database (kind, state, key);
    commit";

/// A new row, unless somebody else has this template already. `$1` kind, `$2` key, `$3` owner.
pub(super) const NEW: &str = "\
    insert into office.database (name, kind, state, key, owner)
    select 'upshift_test_' || nextval(pg_get_serial_sequence('office.database', 'id')) || '_'
        || substr(md5(random()::text), 1, 6), $1, 'making', $2, $3
    on conflict do nothing
    returning name";

/// It is whole. `$1` name, `$2` state, `$3` owner, `$4` test, `$5` extras.
pub(super) const MADE: &str = "\
    update office.database set state = $2, owner = $3, test = $4, extras = $5, used_at = now() where name = $1";

/// A template or common database that is whole, if it still is what it was made as. What happened to the server in a day
/// (another extension, another role) must not stay hidden: templates are made anew then.
pub(super) const FIND: &str = "\
    update office.database o set used_at = now()
    from pg_database d
    where o.kind = $1 and o.key = $2 and o.state = 'ready' and d.datname = o.name
        and (o.kind <> 'template' or d.datistemplate and not d.datallowconn and o.made_at > now() - interval '1 day')
    returning o.name, o.extras";

/// The one that was made ahead and waits longest. `$1` key, `$2` owner, `$3` test.
pub(super) const CLAIM: &str = "\
    update office.database set state = 'claimed', owner = $2, test = $3, used_at = now()
    where id = (
        select id from office.database where kind = 'clone' and state = 'ready' and key = $1
        order by id limit 1 for update skip locked)
    returning name";

/// How many are ready or on their way.
pub(super) const STOCK: &str = "\
    select count(*) from office.database where kind = 'clone' and state in ('ready', 'making') and key = $1";

/// Nobody needs it any more.
pub(super) const DONE: &str = "update office.database set state = 'done', owner = null where name = $1";

/// The test failed: its database stays.
pub(super) const KEEP: &str = "\
    update office.database set state = 'kept', owner = null, used_at = now() where name = $1";

/// What an earlier run of this test kept.
pub(super) const FORGET_KEPT: &str = "\
    update office.database set state = 'done' where state = 'kept' and test = $1";

/// After the connection was made anew: what the old session owned is ours.
pub(super) const INHERIT: &str = "update office.database set owner = $2 where owner = $1";

/// Sorts out what is of no use any more. Sessions that are gone own nothing; a copy they had begun is whole when the server
/// knows it, since it appears there at its end.
pub(super) const SORT_OUT: &str = "\
    with alive as (
        select pid || '/' || extract(epoch from backend_start) as owner from pg_stat_activity
        where backend_start is not null
    ), old_template as (
        select id from office.database where kind = 'template' and state = 'ready'
        order by used_at desc offset 8
    )
    update office.database o set
        state = case when o.kind = 'clone' and o.state = 'making' and t.id is not null and t.extras = '{}'
            and exists (select from pg_database d where d.datname = o.name) then 'ready' else 'done' end,
        owner = null
    from office.database own left join office.database t
        on t.kind = 'template' and t.key = own.key and t.state = 'ready'
    where own.id = o.id and (
        o.state in ('making', 'claimed') and o.owner not in (select owner from alive)
        or o.state = 'kept' and o.used_at < now() - interval '1 day'
        or o.kind = 'template' and o.state = 'ready'
            and (o.made_at < now() - interval '1 day'
                or not exists (select from pg_database d
                    where d.datname = o.name and d.datistemplate and not d.datallowconn)
                or o.id in (select id from old_template) and o.used_at < now() - interval '10 minutes')
        or o.kind = 'clone' and o.state = 'ready' and t.id is null
        or o.kind = 'common' and o.state = 'ready' and (
            not exists (select from pg_database d where d.datname = o.name)
            or t.id is null and not exists (select from pg_stat_activity a where a.datname = o.name)))";

/// One database to drop, and whether it is a template. Taken by its owner until it has gone or its session ends.
pub(super) const TAKE_DONE: &str = "\
    with taken as (
        select id from office.database
        where state = 'done' and (owner is null or owner not in (
            select pid || '/' || extract(epoch from backend_start) from pg_stat_activity
            where backend_start is not null))
        order by used_at limit 1 for update skip locked
    )
    update office.database o set owner = $1, used_at = now() from taken where o.id = taken.id
    returning o.name, (select datistemplate from pg_database d where d.datname = o.name)";

/// How many wait to be dropped.
pub(super) const DONE_COUNT: &str = "select count(*) from office.database where state = 'done'";

/// It has gone.
pub(super) const GONE: &str = "delete from office.database where name = $1";

/// What `create database … template` leaves behind, as statements with `%I` for the new database's name: settings, rights.
pub(super) const EXTRAS: &str = "\
    select coalesce(array_agg(statement), '{}') from (
        select format('alter database %%I set %I to %s', split_part(one, '=', 1),
            case when split_part(one, '=', 1) in ('search_path', 'temp_tablespaces', 'session_preload_libraries',
                'local_preload_libraries', 'DateStyle')
                then substr(one, strpos(one, '=') + 1)
                else quote_literal(substr(one, strpos(one, '=') + 1)) end) as statement
        from pg_db_role_setting s, unnest(s.setconfig) one
        where s.setrole = 0 and s.setdatabase = (select oid from pg_database where datname = $1)
        union all
        select format('alter role %I in database %%I set %I to %s', r.rolname, split_part(one, '=', 1),
            case when split_part(one, '=', 1) in ('search_path', 'temp_tablespaces', 'session_preload_libraries',
                'local_preload_libraries', 'DateStyle')
                then substr(one, strpos(one, '=') + 1)
                else quote_literal(substr(one, strpos(one, '=') + 1)) end)
        from pg_db_role_setting s join pg_roles r on r.oid = s.setrole, unnest(s.setconfig) one
        where s.setdatabase = (select oid from pg_database where datname = $1)
        union all
        select 'revoke all on database %I from public'
        from pg_database where datname = $1 and datacl is not null
        union all
        select format('grant %s on database %%I to %s%s', a.privilege_type,
            case when a.grantee = 0 then 'public' else quote_ident(r.rolname) end,
            case when a.is_grantable then ' with grant option' else '' end)
        from pg_database d, aclexplode(d.datacl) a left join pg_roles r on r.oid = a.grantee
        where d.datname = $1 and d.datacl is not null and a.grantee <> d.datdba
    ) all_of_them (statement)";

/// How a copy is made quickest. Copying files is half the work of copying through the log, and takes the server's caches
/// along; but it writes everything out first, which takes long unless nothing waits for a disk. Before 15 there is no choice.
pub(super) const STRATEGY: &str = "\
    select case when current_setting('fsync')::bool or current_setting('server_version_num')::int < 150000
        then '' else 'strategy file_copy' end";

/// Ends what is still connected to a database that becomes a template.
pub(super) const EMPTY: &str = "\
    select count(pg_terminate_backend(pid)) from pg_stat_activity where datname = $1 and pid <> pg_backend_pid()";

/// Whether a transaction of a test was committed.
pub(super) const COMMITTED: &str = "select pg_xact_status($1::text::xid8)";
