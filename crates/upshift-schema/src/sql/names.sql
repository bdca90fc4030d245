with
-- What an extension made is said by the extension's name and version.
member as materialized (
    select d.classid, d.objid from pg_depend d
    where d.deptype = 'e' and d.refclassid = 'pg_extension'::regclass
),
-- An extension may make a schema in which a person makes tables: it counts, though it is no fact of its own.
ns as materialized (
    select n.oid, n.nspname, quote_ident(n.nspname) as id, n.nspacl, n.nspowner,
        exists (select from member m where m.classid = 'pg_namespace'::regclass and m.objid = n.oid) as is_member
    from pg_namespace n
    where n.nspname !~ '^pg_' and n.nspname <> 'information_schema' :schemas
),
-- Types of the schemas that are left out: casts and transforms of them are, too.
foreign_type as (
    select t.oid from pg_type t join pg_namespace n on n.oid = t.typnamespace
    where n.nspname !~ '^pg_' and n.nspname <> 'information_schema' and not exists (select from ns where ns.oid = n.oid)
),
rel as materialized (
    select c.oid, c.relname, c.relkind, c.relowner, c.relacl, c.reloptions, c.relpersistence, c.relispartition,
        c.relreplident, c.relrowsecurity, c.relforcerowsecurity, c.relam, c.reltablespace, c.reltoastrelid,
        c.reloftype, c.relpartbound, concat(ns.id, '.', quote_ident(c.relname)) as id
    from pg_class c join ns on ns.oid = c.relnamespace
    where c.relkind in ('r', 'p', 'v', 'm', 'f', 'S', 'c', 'i', 'I')
        and not exists (select from member m where m.classid = 'pg_class'::regclass and m.objid = c.oid)
),
tab as materialized (
    select rel.*, case relkind when 'v' then 'view' when 'm' then 'materialized view' when 'f' then 'foreign table'
        else 'table' end as kind
    from rel where relkind in ('r', 'p', 'v', 'm', 'f')
),
proc as materialized (
    select p.oid, p.prokind, p.proowner, p.proacl, p.proparallel,
        concat(ns.id, '.', quote_ident(p.proname), '(', oidvectortypes(p.proargtypes), ')') as id
    from pg_proc p join ns on ns.oid = p.pronamespace
    where not exists (select from member m where m.classid = 'pg_proc'::regclass and m.objid = p.oid)
        -- The constructors of range types.
        and not exists (
            select from pg_depend d
            where d.classid = 'pg_proc'::regclass and d.objid = p.oid and d.deptype = 'i'
        )
),
typ as materialized (
    select t.oid, t.typname, t.typtype, t.typowner, t.typacl, t.typrelid, t.typbasetype, t.typtypmod, t.typcollation,
        t.typdefaultbin, t.typdefault, t.typnotnull, t.typisdefined, t.typinput, t.typoutput, t.typreceive, t.typsend,
        t.typmodin, t.typmodout, t.typanalyze, t.typlen, t.typbyval, t.typalign, t.typstorage, t.typcategory,
        t.typispreferred, t.typdelim, t.typelem, t.typsubscript,
        concat(ns.id, '.', quote_ident(t.typname)) as id, ns.id as schema
    from (values (null::regproc)) absent (typsubscript) -- PostgreSQL 14
    cross join lateral (
        select oid, typname, typtype, typowner, typacl, typrelid, typbasetype, typtypmod, typcollation,
            typdefaultbin, typdefault, typnotnull, typisdefined, typinput, typoutput, typreceive, typsend, typmodin,
            typmodout, typanalyze, typlen, typbyval, typalign, typstorage, typcategory, typispreferred, typdelim,
            typelem, typsubscript, typnamespace, typarray
        from pg_type
    ) t
    join ns on ns.oid = t.typnamespace
    where (
            t.typtype in ('e', 'd', 'r')
            or (t.typtype = 'c' and exists (select from pg_class c where c.oid = t.typrelid and c.relkind = 'c'))
            or (t.typtype in ('b', 'p') and not exists (select from pg_type e where e.typarray = t.oid))
        )
        and not exists (select from member m where m.classid = 'pg_type'::regclass and m.objid = t.oid)
),
-- The options that are not what the type and the direction of the sequence give.
sequence_option as (
    select s.seqrelid, concat_ws(' ', format_type(s.seqtypid, null),
        case when s.seqstart <> case when s.seqincrement > 0 then s.seqmin else s.seqmax end
            then concat('START ', s.seqstart) end,
        case when s.seqincrement <> 1 then concat('INCREMENT ', s.seqincrement) end,
        case when s.seqmin <> case when s.seqincrement > 0 then 1 else limits.lowest end
            then concat('MINVALUE ', s.seqmin) end,
        case when s.seqmax <> case when s.seqincrement > 0 then limits.highest else -1 end
            then concat('MAXVALUE ', s.seqmax) end,
        case when s.seqcache <> 1 then concat('CACHE ', s.seqcache) end,
        case when s.seqcycle then 'CYCLE' end) as text
    from pg_sequence s
    join (values
        ('smallint'::regtype, -32768::bigint, 32767::bigint),
        ('integer'::regtype, -2147483648, 2147483647),
        ('bigint'::regtype, -9223372036854775808, 9223372036854775807)
    ) limits (type, lowest, highest) on limits.type = s.seqtypid
),
sequence_owner as (
    select d.objid, d.refobjid, d.refobjsubid, d.deptype from pg_depend d
    where d.classid = 'pg_class'::regclass and d.refclassid = 'pg_class'::regclass
        and d.deptype in ('a', 'i') and d.refobjsubid > 0
        and exists (select from pg_sequence s where s.seqrelid = d.objid)
),
space as (select s.oid, concat('TABLESPACE ', quote_ident(s.spcname)) as text from pg_tablespace s),
-- What pg_get_indexdef does not tell; of a constraint's index it is asked nothing, so the parameters are here, too.
index_option as (
    select x.indexrelid, concat_ws(' ',
        case when not x.indisvalid then 'INVALID' end,
        case when x.indisclustered then 'CLUSTER' end,
        space.text,
        (select concat('STATISTICS (', string_agg(concat(a.attnum, '=', a.attstattarget), ', ' order by a.attnum), ')')
            from pg_attribute a where a.attrelid = x.indexrelid and a.attstattarget >= 0
            having count(*) > 0)) as text,
        'WITH (' || array_to_string(r.reloptions, ', ') || ')' as parameters
    from pg_index x join rel r on r.oid = x.indexrelid left join space on space.oid = r.reltablespace
),
-- Options of foreign data. What is secret in them stays on the server.
fdw_option as (
    select o.classid, o.objid, (
        select string_agg(
            regexp_replace(item, '^([^=]*(?:pass|secret|token|credential)[^=]*)=.*$', '\1=(secret)', 'i'),
            ', ' order by n)
        from unnest(o.options) with ordinality item (item, n)
    ) as text
    from (
        select 'pg_foreign_data_wrapper'::regclass, oid, fdwoptions from pg_foreign_data_wrapper
        union all select 'pg_foreign_server'::regclass, oid, srvoptions from pg_foreign_server
        union all select 'pg_foreign_table'::regclass, ftrelid, ftoptions from pg_foreign_table
        union all select 'pg_user_mapping'::regclass, umid, umoptions from pg_user_mappings
    ) o (classid, objid, options)
),
-- Every object: what it is, who owns it, who may use it. Without a definition it is none of the facts, but may be
-- commented on.
object (classid, objid, kind, id, owner, acl, acl_kind, definition) as materialized (
