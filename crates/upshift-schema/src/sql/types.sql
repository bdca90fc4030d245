    select 'pg_type'::regclass, t.oid, 'type', t.id, t.typowner, t.typacl, 'T',
        concat('ENUM', (
            select string_agg(concat(E'\n', quote_literal(e.enumlabel)), '' order by e.enumsortorder)
            from pg_enum e where e.enumtypid = t.oid
        ))
    from typ t where t.typtype = 'e'
    union all
    select 'pg_type'::regclass, t.oid, 'type', t.id, t.typowner, t.typacl, 'T',
        concat('COMPOSITE', (
            select string_agg(
                concat(E'\n', quote_ident(a.attname), ' ', format_type(a.atttypid, a.atttypmod),
                    case when a.attcollation <> b.typcollation
                        then concat(' COLLATE ', a.attcollation::regcollation) end),
                '' order by a.attnum)
            from pg_attribute a join pg_type b on b.oid = a.atttypid
            where a.attrelid = t.typrelid and a.attnum > 0 and not a.attisdropped
        ))
    from typ t where t.typtype = 'c'
    union all
    select 'pg_type'::regclass, t.oid, 'type', t.id, t.typowner, t.typacl, 'T',
        concat_ws(' ', 'RANGE OF', format_type(r.rngsubtype, null),
            (select concat('OPCLASS ', quote_ident(n.nspname), '.', quote_ident(o.opcname))
                from pg_opclass o join pg_namespace n on n.oid = o.opcnamespace
                where o.oid = r.rngsubopc and not o.opcdefault),
            case when r.rngcollation <> s.typcollation then concat('COLLATE ', r.rngcollation::regcollation) end,
            'CANONICAL ' || nullif(r.rngcanonical::oid, 0)::regprocedure,
            'SUBTYPE_DIFF ' || nullif(r.rngsubdiff::oid, 0)::regprocedure,
            -- PostgreSQL 14 makes this type by itself, with this name if no other is given.
            (select concat('MULTIRANGE ', m.oid::regtype) from pg_type m
                where m.oid = r.rngmultitypid
                    and m.oid::regtype::text <> concat(t.schema, '.', quote_ident(
                        case when position('range' in t.typname) > 0
                            then overlay(t.typname placing 'multirange'
                                from position('range' in t.typname::text) for 5)
                            else concat(t.typname, '_multirange') end))))
    from typ t
    join lateral (
        select a.rngsubtype, a.rngsubopc, a.rngcollation, a.rngcanonical, a.rngsubdiff, a.rngmultitypid
        from (values (null::oid)) absent (rngmultitypid) -- PostgreSQL 14
        cross join lateral (
            select rngtypid, rngsubtype, rngsubopc, rngcollation, rngcanonical, rngsubdiff, rngmultitypid
            from pg_range
        ) a
        where a.rngtypid = t.oid
    ) r on true
    join pg_type s on s.oid = r.rngsubtype
    where t.typtype = 'r'
    union all
    select 'pg_type'::regclass, t.oid, 'type', t.id, t.typowner, t.typacl, 'T',
        case when t.typisdefined
            then concat_ws(' ', 'BASE INPUT', t.typinput, 'OUTPUT', t.typoutput,
                'RECEIVE ' || nullif(t.typreceive::oid, 0)::regproc,
                'SEND ' || nullif(t.typsend::oid, 0)::regproc,
                'TYPMOD_IN ' || nullif(t.typmodin::oid, 0)::regproc,
                'TYPMOD_OUT ' || nullif(t.typmodout::oid, 0)::regproc,
                'ANALYZE ' || nullif(t.typanalyze::oid, 0)::regproc,
                'SUBSCRIPT ' || nullif(t.typsubscript::oid, 0)::regproc,
                concat('LENGTH ', t.typlen), case when t.typbyval then 'PASSED BY VALUE' end,
                concat('ALIGNMENT ', t.typalign), concat('STORAGE ', t.typstorage),
                concat('CATEGORY ', quote_literal(t.typcategory::text)), case when t.typispreferred then 'PREFERRED' end,
                case when t.typdelim <> ',' then concat('DELIMITER ', quote_literal(t.typdelim::text)) end,
                'ELEMENT ' || nullif(t.typelem, 0)::regtype,
                case when t.typcollation <> 0 then 'COLLATABLE' end,
                'DEFAULT ' || quote_literal(t.typdefault))
            else 'SHELL' end
    from typ t where t.typtype in ('b', 'p')
    union all
    select 'pg_type'::regclass, t.oid, 'domain', t.id, t.typowner, t.typacl, 'T',
        concat_ws(' ', format_type(t.typbasetype, t.typtypmod),
            case when t.typcollation <> b.typcollation then concat('COLLATE ', t.typcollation::regcollation) end,
            'DEFAULT ' || coalesce(pg_get_expr(t.typdefaultbin, 0), quote_literal(t.typdefault)),
            case when t.typnotnull then 'NOT NULL' end)
    from typ t join pg_type b on b.oid = t.typbasetype where t.typtype = 'd'
    union all
    select 'pg_constraint'::regclass, c.oid, 'constraint', concat(t.id, '.', quote_ident(c.conname)), null, null, null,
        pg_get_constraintdef(c.oid)
    -- That of NOT NULL, which PostgreSQL 17 made a constraint, stands with the domain.
    from pg_constraint c join typ t on t.oid = c.contypid and c.contype <> 'n'
    union all
