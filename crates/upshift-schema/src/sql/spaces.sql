    select 'pg_namespace'::regclass::oid, ns.oid, 'schema', ns.id, ns.nspowner, ns.nspacl, 'n'::"char", ''
    from ns where not ns.is_member
    union all
    select 'pg_extension'::regclass, e.oid, 'extension', quote_ident(e.extname), null, null, null,
        concat('SCHEMA ', quote_ident(n.nspname), ' VERSION ', quote_literal(e.extversion))
    from pg_extension e join pg_namespace n on n.oid = e.extnamespace
    union all
    select 'pg_language'::regclass, l.oid, 'language', quote_ident(l.lanname), l.lanowner, l.lanacl, 'l',
        concat_ws(' ', case when l.lanpltrusted then 'TRUSTED' end,
            concat('HANDLER ', l.lanplcallfoid::regprocedure),
            'INLINE ' || nullif(l.laninline, 0)::regprocedure,
            'VALIDATOR ' || nullif(l.lanvalidator, 0)::regprocedure)
    from pg_language l where l.lanispl
    union all
    select 'pg_am'::regclass, a.oid, 'access method', quote_ident(a.amname), null, null, null,
        concat(case a.amtype when 't' then 'TABLE' else 'INDEX' end, ' HANDLER ', a.amhandler)
    from pg_am a
    union all
    select 'pg_collation'::regclass, c.oid, 'collation', concat(ns.id, '.', quote_ident(c.collname)), c.collowner,
        null, null,
        concat_ws(' ',
            concat('PROVIDER ', case c.collprovider when 'c' then 'libc' when 'i' then 'icu' when 'b' then 'builtin'
                else c.collprovider::text end),
            case when c.collprovider <> 'c'
                    then concat('LOCALE ', quote_literal(coalesce(c.colllocale, c.colliculocale, c.collcollate::text)))
                when c.collcollate = c.collctype then concat('LOCALE ', quote_literal(c.collcollate))
                else concat('LC_COLLATE ', quote_literal(c.collcollate), ' LC_CTYPE ', quote_literal(c.collctype)) end,
            'RULES ' || quote_literal(c.collicurules),
            case when not c.collisdeterministic then 'NOT DETERMINISTIC' end,
            case when c.collencoding >= 0 then concat('ENCODING ', pg_encoding_to_char(c.collencoding)) end)
    from (values (null::text, null::text, null::text)) absent (colllocale, colliculocale, collicurules) -- 17, 15 and 16, 16
    cross join lateral (
        select oid, collname, collnamespace, collowner, collprovider, collisdeterministic, collencoding, collcollate,
            collctype, colllocale, colliculocale, collicurules
        from pg_collation
    ) c
    join ns on ns.oid = c.collnamespace
    union all
    select 'pg_conversion'::regclass, c.oid, 'conversion', concat(ns.id, '.', quote_ident(c.conname)), c.conowner,
        null, null,
        concat_ws(' ', case when c.condefault then 'DEFAULT' end, 'FOR', pg_encoding_to_char(c.conforencoding), 'TO',
            pg_encoding_to_char(c.contoencoding), 'FROM', c.conproc)
    from pg_conversion c join ns on ns.oid = c.connamespace
    union all
