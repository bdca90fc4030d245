    select 'pg_proc'::regclass, p.oid, case p.prokind when 'p' then 'procedure' else 'function' end, p.id, p.proowner,
        p.proacl, 'f', rtrim(pg_get_functiondef(p.oid), E'\n')
    from proc p where p.prokind <> 'a'
    union all
    select 'pg_proc'::regclass, p.oid, 'aggregate', p.id, p.proowner, p.proacl, 'f',
        concat_ws(E'\n',
            concat('ARGUMENTS (', pg_get_function_arguments(p.oid), ') RETURNS ', pg_get_function_result(p.oid)),
            case a.aggkind when 'o' then 'ORDERED SET' when 'h' then 'HYPOTHETICAL' end,
            concat('SFUNC ', a.aggtransfn), concat('STYPE ', format_type(a.aggtranstype, null)),
            'SSPACE ' || nullif(a.aggtransspace, 0),
            'FINALFUNC ' || nullif(a.aggfinalfn::oid, 0)::regproc,
            case when a.aggfinalextra then 'FINALFUNC_EXTRA' end,
            concat('FINALFUNC_MODIFY ', a.aggfinalmodify),
            'COMBINEFUNC ' || nullif(a.aggcombinefn::oid, 0)::regproc,
            'SERIALFUNC ' || nullif(a.aggserialfn::oid, 0)::regproc,
            'DESERIALFUNC ' || nullif(a.aggdeserialfn::oid, 0)::regproc,
            'INITCOND ' || quote_literal(a.agginitval),
            'MSFUNC ' || nullif(a.aggmtransfn::oid, 0)::regproc,
            'MINVFUNC ' || nullif(a.aggminvtransfn::oid, 0)::regproc,
            case when a.aggmtransfn <> 0 then concat('MSTYPE ', format_type(a.aggmtranstype, null)) end,
            'MSSPACE ' || nullif(a.aggmtransspace, 0),
            'MFINALFUNC ' || nullif(a.aggmfinalfn::oid, 0)::regproc,
            case when a.aggmfinalextra then 'MFINALFUNC_EXTRA' end,
            case when a.aggmtransfn <> 0 then concat('MFINALFUNC_MODIFY ', a.aggmfinalmodify) end,
            'MINITCOND ' || quote_literal(a.aggminitval),
            'SORTOP ' || nullif(a.aggsortop, 0)::regoperator,
            concat('PARALLEL ', p.proparallel))
    from proc p join pg_aggregate a on a.aggfnoid = p.oid
    union all
    select 'pg_operator'::regclass, o.oid, 'operator',
        concat(ns.id, '.', o.oprname, '(', coalesce(format_type(nullif(o.oprleft, 0), null), 'NONE'), ', ',
            coalesce(format_type(nullif(o.oprright, 0), null), 'NONE'), ')'),
        o.oprowner, null, null,
        -- One that is only spoken of is no operator yet; pg_dump leaves it out, too.
        case when o.oprcode <> 0
            then concat_ws(' ', 'FUNCTION', o.oprcode, 'RETURNS', format_type(o.oprresult, null),
                'COMMUTATOR ' || nullif(o.oprcom, 0)::regoperator, 'NEGATOR ' || nullif(o.oprnegate, 0)::regoperator,
                'RESTRICT ' || nullif(o.oprrest::oid, 0)::regproc, 'JOIN ' || nullif(o.oprjoin::oid, 0)::regproc,
                case when o.oprcanhash then 'HASHES' end, case when o.oprcanmerge then 'MERGES' end) end
    from pg_operator o join ns on ns.oid = o.oprnamespace
    union all
    select 'pg_opclass'::regclass, o.oid, 'operator class',
        concat(ns.id, '.', quote_ident(o.opcname), ' USING ', quote_ident(a.amname)), o.opcowner, null, null,
        concat_ws(' ', case when o.opcdefault then 'DEFAULT' end, 'FOR TYPE', format_type(o.opcintype, null),
            'FAMILY', concat(quote_ident(n.nspname), '.', quote_ident(f.opfname)),
            'STORAGE ' || format_type(nullif(o.opckeytype, 0), null))
    from pg_opclass o join ns on ns.oid = o.opcnamespace join pg_am a on a.oid = o.opcmethod
    join pg_opfamily f on f.oid = o.opcfamily join pg_namespace n on n.oid = f.opfnamespace
    union all
    select 'pg_opfamily'::regclass, f.oid, 'operator family',
        concat(ns.id, '.', quote_ident(f.opfname), ' USING ', quote_ident(a.amname)), f.opfowner, null, null,
        coalesce((
            select string_agg(item.text, E'\n' order by item.text collate "C")
            from (
                select concat('OPERATOR ', o.amopstrategy, ' ', o.amopopr::regoperator, (
                    select concat(' FOR ORDER BY ', quote_ident(n.nspname), '.', quote_ident(s.opfname))
                    from pg_opfamily s join pg_namespace n on n.oid = s.opfnamespace where s.oid = o.amopsortfamily))
                from pg_amop o where o.amopfamily = f.oid
                union all
                select concat('FUNCTION ', p.amprocnum, ' (', format_type(p.amproclefttype, null), ', ',
                    format_type(p.amprocrighttype, null), ') ', p.amproc::oid::regprocedure)
                from pg_amproc p where p.amprocfamily = f.oid
            ) item (text)), '')
    from pg_opfamily f join ns on ns.oid = f.opfnamespace join pg_am a on a.oid = f.opfmethod
    union all
    select 'pg_cast'::regclass, c.oid, 'cast',
        concat('(', format_type(c.castsource, null), ' AS ', format_type(c.casttarget, null), ')'), null, null, null,
        concat_ws(' ', case c.castmethod when 'f' then concat('WITH FUNCTION ', c.castfunc::regprocedure)
                when 'i' then 'WITH INOUT' else 'WITHOUT FUNCTION' end,
            case c.castcontext when 'a' then 'AS ASSIGNMENT' when 'i' then 'AS IMPLICIT' end)
    from pg_cast c
    -- That of a range type into its multirange comes with the type.
    where c.oid >= 16384 and not exists (
            select from pg_depend d where d.classid = 'pg_cast'::regclass and d.objid = c.oid and d.deptype = 'i'
        )
        and not exists (select from foreign_type f where f.oid in (c.castsource, c.casttarget))
    union all
    select 'pg_transform'::regclass, t.oid, 'transform',
        concat('FOR ', format_type(t.trftype, null), ' LANGUAGE ', quote_ident(l.lanname)), null, null, null,
        concat_ws(' ', 'FROM SQL ' || nullif(t.trffromsql::oid, 0)::regprocedure,
            'TO SQL ' || nullif(t.trftosql::oid, 0)::regprocedure)
    from pg_transform t join pg_language l on l.oid = t.trflang
    where not exists (select from foreign_type f where f.oid = t.trftype)
    union all
    select 'pg_ts_parser'::regclass, p.oid, 'text search parser', concat(ns.id, '.', quote_ident(p.prsname)), null,
        null, null,
        concat_ws(' ', 'START', p.prsstart, 'GETTOKEN', p.prstoken, 'END', p.prsend, 'LEXTYPES', p.prslextype,
            'HEADLINE ' || nullif(p.prsheadline::oid, 0)::regproc)
    from pg_ts_parser p join ns on ns.oid = p.prsnamespace
    union all
    select 'pg_ts_template'::regclass, t.oid, 'text search template', concat(ns.id, '.', quote_ident(t.tmplname)),
        null, null, null,
        concat_ws(' ', 'INIT ' || nullif(t.tmplinit::oid, 0)::regproc, 'LEXIZE', t.tmpllexize)
    from pg_ts_template t join ns on ns.oid = t.tmplnamespace
    union all
    select 'pg_ts_dict'::regclass, d.oid, 'text search dictionary', concat(ns.id, '.', quote_ident(d.dictname)),
        d.dictowner, null, null,
        concat_ws(' ', 'TEMPLATE', concat(quote_ident(n.nspname), '.', quote_ident(t.tmplname)),
            'OPTIONS (' || d.dictinitoption || ')')
    from pg_ts_dict d join ns on ns.oid = d.dictnamespace
    join pg_ts_template t on t.oid = d.dicttemplate join pg_namespace n on n.oid = t.tmplnamespace
    union all
    select 'pg_ts_config'::regclass, c.oid, 'text search configuration', concat(ns.id, '.', quote_ident(c.cfgname)),
        c.cfgowner, null, null,
        concat('PARSER ', quote_ident(n.nspname), '.', quote_ident(p.prsname), (
            select string_agg(concat(E'\n', mapping.token, ': ', mapping.dictionaries), ''
                order by mapping.token collate "C")
            from (
                select token.alias as token,
                    string_agg(m.mapdict::regdictionary::text, ', ' order by m.mapseqno) as dictionaries
                from pg_ts_config_map m join ts_token_type(c.cfgparser) token on token.tokid = m.maptokentype
                where m.mapcfg = c.oid group by token.alias
            ) mapping))
    from pg_ts_config c join ns on ns.oid = c.cfgnamespace
    join pg_ts_parser p on p.oid = c.cfgparser join pg_namespace n on n.oid = p.prsnamespace
    union all
