    select 'pg_class'::regclass, r.oid, 'sequence', r.id, r.relowner, r.relacl, 's',
        case when d.deptype is distinct from 'i' then concat_ws(' ', s.text,
            case when r.relpersistence = 'u' then 'UNLOGGED' end,
            'OWNED BY ' || o.id || '.' || quote_ident(a.attname)) end
    from rel r join sequence_option s on s.seqrelid = r.oid
    left join sequence_owner d on d.objid = r.oid
    left join tab o on o.oid = d.refobjid
    left join pg_attribute a on a.attrelid = d.refobjid and a.attnum = d.refobjsubid
    where r.relkind = 'S'
    union all
    select 'pg_class'::regclass, t.oid, t.kind, t.id, t.relowner, t.relacl, 'r',
        concat_ws(' ',
            case when t.relpersistence = 'u' then 'UNLOGGED' end,
            case when t.relkind = 'p' then concat('PARTITION BY ', pg_get_partkeydef(t.oid)) end,
            (select concat(case when t.relispartition then 'PARTITION OF ' else 'INHERITS ' end,
                    string_agg(i.inhparent::regclass::text, ', ' order by i.inhseqno))
                from pg_inherits i where i.inhrelid = t.oid having count(*) > 0),
            case when t.relispartition then pg_get_expr(t.relpartbound, t.oid) end,
            'OF ' || nullif(t.reloftype, 0)::regtype,
            case when t.relrowsecurity then 'ROW LEVEL SECURITY' end,
            case when t.relforcerowsecurity then 'FORCE ROW LEVEL SECURITY' end,
            case when t.relkind in ('r', 'p', 'm') then case t.relreplident
                when 'f' then 'REPLICA IDENTITY FULL'
                when 'n' then 'REPLICA IDENTITY NOTHING'
                when 'i' then concat('REPLICA IDENTITY USING INDEX ', (
                    select quote_ident(c.relname) from pg_index x join pg_class c on c.oid = x.indexrelid
                    where x.indrelid = t.oid and x.indisreplident)) end end,
            case when am.amname <> 'heap' then concat('USING ', quote_ident(am.amname)) end,
            space.text,
            'WITH (' || array_to_string(t.reloptions, ', ') || ')',
            (select 'TOAST WITH (' || array_to_string(toast.reloptions, ', ') || ')'
                from pg_class toast where toast.oid = t.reltoastrelid),
            (select concat('SERVER ', quote_ident(s.srvname), ' OPTIONS (' || o.text || ')')
                from pg_foreign_table f join pg_foreign_server s on s.oid = f.ftserver
                left join fdw_option o on o.classid = 'pg_foreign_table'::regclass and o.objid = f.ftrelid
                where f.ftrelid = t.oid),
            case when t.relkind in ('v', 'm') then concat(E'AS\n', pg_get_viewdef(t.oid)) end)
    from tab t left join pg_am am on am.oid = t.relam left join space on space.oid = t.reltablespace
    union all
    select 'pg_constraint'::regclass, c.oid, 'constraint', concat(t.id, '.', quote_ident(c.conname)), null, null, null,
        concat_ws(' ', pg_get_constraintdef(c.oid),
            case when c.coninhcount > 0 and c.contype not in ('p', 'u', 'x')
                then case when c.conislocal then 'INHERITED AND LOCAL' else 'INHERITED' end end,
            o.parameters, nullif(o.text, ''), 'PARTITION OF ' || whole.inhparent::regclass)
    from pg_constraint c join tab t on t.oid = c.conrelid
    left join index_option o on o.indexrelid = c.conindid and c.contype in ('p', 'u', 'x')
    left join pg_inherits whole on whole.inhrelid = o.indexrelid
    -- What a partition has of its parent is said there, but for its keys: each has a name and settings of its own.
    where c.contype not in ('t', 'n') and (c.conislocal or c.conparentid = 0 or c.contype in ('p', 'u', 'x'))
    union all
    -- PostgreSQL 18 made NOT NULL of tables a constraint. It is one of the facts where it says more than the column.
    -- That of a child is called as its parent's or as its own, by which came first, and nobody can rename it.
    select 'pg_constraint'::regclass, c.oid, 'constraint', concat(t.id, '.', quote_ident(c.conname)), null, null, null,
        case when c.connoinherit or not c.convalidated
                or (c.conname <> concat(t.relname, '_', a.attname, '_not_null') and c.conislocal
                    and c.coninhcount = 0)
            then pg_get_constraintdef(c.oid) end
    from pg_constraint c join tab t on t.oid = c.conrelid
    join pg_attribute a on a.attrelid = c.conrelid and a.attnum = c.conkey[1]
    where c.contype = 'n'
    union all
    select 'pg_class'::regclass, r.oid, 'index', concat(t.id, '.', quote_ident(r.relname)), null, null, null,
        case when not exists (
                select from pg_constraint c where c.conindid = r.oid and c.contype in ('p', 'u', 'x'))
            then concat_ws(' ', pg_get_indexdef(r.oid), nullif(o.text, ''),
                (select concat('PARTITION OF ', i.inhparent::regclass) from pg_inherits i where i.inhrelid = r.oid)) end
    from pg_index x join rel r on r.oid = x.indexrelid join tab t on t.oid = x.indrelid
    left join index_option o on o.indexrelid = r.oid
    union all
    select 'pg_trigger'::regclass, g.oid, 'trigger', concat(t.id, '.', quote_ident(g.tgname)), null, null, null,
        concat(pg_get_triggerdef(g.oid), case g.tgenabled when 'O' then '' when 'D' then ' DISABLED'
            when 'R' then ' ENABLED REPLICA' else ' ENABLED ALWAYS' end)
    from pg_trigger g join tab t on t.oid = g.tgrelid
    left join pg_trigger parent on parent.oid = nullif(g.tgparentid, 0)
    -- Those that a partition has of its parent are said there, unless somebody switched one.
    where not g.tgisinternal and (parent.oid is null or parent.tgenabled <> g.tgenabled)
    union all
    select 'pg_rewrite'::regclass, r.oid, 'rule', concat(t.id, '.', quote_ident(r.rulename)), null, null, null,
        case when r.rulename <> '_RETURN' then concat(pg_get_ruledef(r.oid), case r.ev_enabled when 'O' then ''
            when 'D' then ' DISABLED' when 'R' then ' ENABLED REPLICA' else ' ENABLED ALWAYS' end) end
    from pg_rewrite r join tab t on t.oid = r.ev_class
    union all
    select 'pg_policy'::regclass, p.oid, 'policy', concat(t.id, '.', quote_ident(p.polname)), null, null, null,
        concat_ws(' ', case when p.polpermissive then 'PERMISSIVE' else 'RESTRICTIVE' end, 'FOR',
            case p.polcmd when 'r' then 'SELECT' when 'a' then 'INSERT' when 'w' then 'UPDATE' when 'd' then 'DELETE'
                else 'ALL' end,
            (select concat('TO ', string_agg(role.name, ', ' order by role.name collate "C"))
                from unnest(p.polroles) o
                cross join lateral (select case when o = 0 then 'PUBLIC' else o::regrole::text end as name) role),
            'USING (' || pg_get_expr(p.polqual, p.polrelid) || ')',
            'WITH CHECK (' || pg_get_expr(p.polwithcheck, p.polrelid) || ')')
    from pg_policy p join tab t on t.oid = p.polrelid
    union all
    select 'pg_statistic_ext'::regclass, s.oid, 'statistics', concat(ns.id, '.', quote_ident(s.stxname)), s.stxowner,
        null, null,
        concat_ws(' ', pg_get_statisticsobjdef(s.oid),
            case when s.stxstattarget >= 0 then concat('TARGET ', s.stxstattarget) end)
    from pg_statistic_ext s join ns on ns.oid = s.stxnamespace
    union all
