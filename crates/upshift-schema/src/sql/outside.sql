    select 'pg_foreign_data_wrapper'::regclass, f.oid, 'foreign data wrapper', quote_ident(f.fdwname), f.fdwowner,
        f.fdwacl, 'F',
        concat_ws(' ', 'HANDLER ' || nullif(f.fdwhandler, 0)::regproc,
            'VALIDATOR ' || nullif(f.fdwvalidator, 0)::regproc, 'OPTIONS (' || o.text || ')')
    from pg_foreign_data_wrapper f
    left join fdw_option o on o.classid = 'pg_foreign_data_wrapper'::regclass and o.objid = f.oid
    union all
    select 'pg_foreign_server'::regclass, s.oid, 'server', quote_ident(s.srvname), s.srvowner, s.srvacl, 'S',
        concat_ws(' ', 'WRAPPER', quote_ident(f.fdwname), 'TYPE ' || quote_literal(s.srvtype),
            'VERSION ' || quote_literal(s.srvversion), 'OPTIONS (' || o.text || ')')
    from pg_foreign_server s join pg_foreign_data_wrapper f on f.oid = s.srvfdw
    left join fdw_option o on o.classid = 'pg_foreign_server'::regclass and o.objid = s.oid
    union all
    select 'pg_user_mapping'::regclass, m.umid, 'user mapping',
        concat(quote_ident(m.srvname), ' FOR ', case when m.umuser = 0 then 'PUBLIC' else quote_ident(m.usename) end),
        null, null, null,
        coalesce('OPTIONS (' || o.text || ')', '')
    from pg_user_mappings m
    left join fdw_option o on o.classid = 'pg_user_mapping'::regclass and o.objid = m.umid
    union all
    select 'pg_event_trigger'::regclass, e.oid, 'event trigger', quote_ident(e.evtname), e.evtowner, null, null,
        concat_ws(' ', 'ON', e.evtevent, 'WHEN TAG IN (' || array_to_string(e.evttags, ', ') || ')', 'EXECUTE',
            e.evtfoid::regprocedure, case e.evtenabled when 'D' then 'DISABLED' when 'R' then 'ENABLED REPLICA'
                when 'A' then 'ENABLED ALWAYS' end)
    from pg_event_trigger e
    union all
    select 'pg_publication'::regclass, p.oid, 'publication', quote_ident(p.pubname), p.pubowner, null, null,
        concat_ws(' ', case when p.puballtables then 'FOR ALL TABLES' end, 'PUBLISH',
            concat_ws(', ', case when p.pubinsert then 'insert' end, case when p.pubupdate then 'update' end,
                case when p.pubdelete then 'delete' end, case when p.pubtruncate then 'truncate' end),
            case when p.pubviaroot then 'VIA ROOT' end,
            case when p.pubgencols = 's' then 'GENERATED COLUMNS STORED' end)
    from (values (null::"char")) absent (pubgencols) -- PostgreSQL 18
    cross join lateral (
        select oid, pubname, pubowner, puballtables, pubinsert, pubupdate, pubdelete, pubtruncate, pubviaroot,
            pubgencols
        from pg_publication
    ) p
    union all
    select null::oid, null::oid, 'publication table', concat(quote_ident(p.pubname), ' OF ', t.id), null, null, null,
        concat_ws(' ',
            (select concat('(', string_agg(quote_ident(a.attname), ', ' order by a.attnum), ')')
                from unnest(r.prattrs) k join pg_attribute a on a.attrelid = r.prrelid and a.attnum = k
                having count(*) > 0),
            'WHERE (' || pg_get_expr(r.prqual, r.prrelid) || ')')
    from (values (null::int2vector, null::pg_node_tree)) absent (prattrs, prqual) -- PostgreSQL 15
    cross join lateral (select prpubid, prrelid, prattrs, prqual from pg_publication_rel) r
    join pg_publication p on p.oid = r.prpubid join tab t on t.oid = r.prrelid
    union all
    -- Its catalog is there from PostgreSQL 15 on; what its rows tie together is known to pg_depend.
    select null, null, 'publication schema', concat(quote_ident(p.pubname), ' OF ', ns.id), null, null, null, ''
    from pg_depend d join pg_publication p on p.oid = d.refobjid
    join pg_depend other on other.classid = d.classid and other.objid = d.objid
        and other.refclassid = 'pg_namespace'::regclass
    join ns on ns.oid = other.refobjid
    where d.classid = to_regclass('pg_catalog.pg_publication_namespace') and d.refclassid = 'pg_publication'::regclass
    union all
    -- What it connects to may hold a password, and only a superuser may read it; in PostgreSQL 13 neither may anybody else
    -- read its oid and its synchronous_commit.
    select null, null, 'subscription', quote_ident(s.subname), s.subowner, null, null,
        concat_ws(' ', 'TO', array_to_string(s.subpublications, ', '), case when not s.subenabled then 'DISABLED' end,
            'SLOT ' || quote_literal(s.subslotname), case when s.subbinary then 'BINARY' end,
            case when s.substream not in ('f', 'false') then concat('STREAMING ', s.substream) end,
            case when s.subtwophasestate <> 'd' then 'TWO_PHASE' end,
            case when s.subdisableonerr then 'DISABLE_ON_ERROR' end,
            case when not s.subpasswordrequired then 'NO PASSWORD REQUIRED' end,
            case when s.subrunasowner then 'RUN_AS_OWNER' end,
            case when s.suborigin <> 'any' then concat('ORIGIN ', s.suborigin) end,
            case when s.subfailover then 'FAILOVER' end)
    from (values (null::boolean, null::text, null::"char", null::boolean, null::boolean, null::boolean, null::text,
        null::boolean)) absent
        (subbinary, substream, subtwophasestate, subdisableonerr, subpasswordrequired, subrunasowner, suborigin,
            subfailover) -- 14, 14, 15, 15, 16, 16, 16, 17
    cross join lateral (
        select subdbid, subname, subowner, subenabled, subslotname, subpublications, subbinary,
            substream::text as substream, subtwophasestate, subdisableonerr, subpasswordrequired, subrunasowner,
            suborigin, subfailover
        from pg_subscription
    ) s
    where s.subdbid = (select d.oid from pg_database d where d.datname = current_database())
),
