-- A schema in which everything has a name that PostgreSQL's own catalog has, and springs when it is used.
-- Run with PostgreSQL's own search_path. What it makes is used by whoever lets the schema into his.
create schema evil;
grant usage on schema evil to public;

-- A sequence remembers what a transaction that is rolled back forgets.
create sequence evil.sprung;
create table evil.loot (what text, role name default session_user, query text default current_query());

create function evil.take(what text) returns void language plpgsql security definer set search_path = pg_catalog as $$
begin
    perform nextval('evil.sprung');
    insert into evil.loot (what) values (what);
end $$;

create function evil.spring(what text) returns boolean language plpgsql as $$
begin
    perform evil.take(what);
    return true;
end $$;

-- Every function of the catalog, with the very same arguments. What PL/pgSQL cannot take is left out.
do $$
declare
    it record;
begin
    for it in
        select p.proname, pg_get_function_identity_arguments(p.oid) as arguments, format_type(p.prorettype, null) as result
        from pg_proc p
        where p.pronamespace = 'pg_catalog'::regnamespace and p.prokind = 'f' and not p.proretset
            and p.prorettype not in ('internal'::regtype, 'trigger'::regtype, 'event_trigger'::regtype, 'cstring'::regtype)
            and not 'internal'::regtype = any (p.proargtypes) and not 'cstring'::regtype = any (p.proargtypes)
            and not '"any"'::regtype = any (p.proargtypes) and p.proargnames is null
    loop
        begin
            execute format(
                'create function evil.%I(%s) returns %s language plpgsql as %L',
                it.proname, it.arguments, it.result,
                format('begin perform evil.take(%L); return null; end', it.proname || '(' || it.arguments || ')'));
        exception when others then
            null;
        end;
    end loop;
end $$;

-- Those that count or look at other rows, as aggregates: they do as window functions, too.
create function evil.counted(before bigint) returns bigint language plpgsql as $$
begin
    perform evil.take('aggregate');
    return before + 1;
end $$;
create function evil.kept(before bytea, now bytea) returns bytea language plpgsql as $$
begin
    perform evil.take('aggregate');
    return now;
end $$;
create function evil.joined(before text, now text, between_them text) returns text language plpgsql as $$
begin
    perform evil.take('aggregate');
    return now;
end $$;
create aggregate evil.count(*) (sfunc = evil.counted, stype = bigint, initcond = '0');
create aggregate evil.lag(bytea) (sfunc = evil.kept, stype = bytea);
create aggregate evil.string_agg(text, text) (sfunc = evil.joined, stype = text);

-- Every operator between any two of these types: the catalog has some of them for a pair, and for the others this one
-- fits better than a conversion, wherever in the search_path it stands.
do $$
declare
    kinds text[] := array['text', 'name', 'integer', 'bigint', 'boolean', 'bytea', 'jsonb', 'oid', 'timestamptz', 'interval',
        'numeric', 'double precision', '"char"', 'oid[]', 'text[]'];
    names text[] := array['=', '<>', '<', '>', '<=', '>=', '||', '+', '-', '*', '/', '~~', '!~~', '~', '!~', '~*', '!~*',
        '<<', '>>', '|', '&', '@>', '->', '->>', '?'];
    one text;
    other text;
    sign text;
begin
    foreach one in array kinds loop
        foreach other in array kinds loop
            execute format(
                'create function evil.compare(%1$s, %2$s) returns boolean language plpgsql as %3$L;
                create function evil.combine(%1$s, %2$s) returns %1$s language plpgsql as %4$L',
                one, other,
                format('begin perform evil.take(%L); return true; end', one || ' ? ' || other),
                format('begin perform evil.take(%L); return $1; end', one || ' ? ' || other));
            foreach sign in array names loop
                execute format(
                    'create operator evil.%s (leftarg = %s, rightarg = %s, function = evil.%s)',
                    sign, one, other,
                    case when sign in ('||', '+', '-', '*', '/', '<<', '>>', '|', '&', '->', '->>') then 'combine'
                        else 'compare' end);
            end loop;
        end loop;
    end loop;
end $$;

-- Every type, as a domain whose check springs.
do $$
declare
    it record;
begin
    for it in
        select t.typname, format_type(t.oid, null) as is from pg_type t
        where t.typnamespace = 'pg_catalog'::regnamespace and t.typtype = 'b' and t.typelem = 0
    loop
        execute format(
            'create domain evil.%I as pg_catalog.%I check (evil.spring(%L))', it.typname, it.typname, 'type ' || it.typname);
    end loop;
end $$;

-- Every table and view, and tables called as upshift's own.
do $$
declare
    it name;
begin
    for it in select c.relname from pg_class c where c.relnamespace = 'pg_catalog'::regnamespace and c.relkind in ('r', 'v') loop
        begin
            execute format(
                'create view evil.%1$I as select * from pg_catalog.%1$I where evil.spring(%2$L);
                grant select on evil.%1$I to public', it, 'view ' || it);
        exception when others then
            null;
        end;
    end loop;
    foreach it in array array['format', 'lease', 'history', 'audit'] loop
        execute format(
            'create view evil.%1$I as select evil.spring(%2$L); grant all on evil.%1$I to public', it, 'view ' || it);
    end loop;
end $$;
