-- Which facts need which: pg_depend, with the names that facts have. Behind names.sql and the objects.
names (classid, objid, kind, id) as materialized (
    select o.classid, o.objid, case when o.kind = 'index' and c.oid is not null then 'constraint' else o.kind end, o.id
    from object o
    left join pg_constraint c on o.kind = 'index' and c.conindid = o.objid and c.contype in ('p', 'u', 'x')
    where o.objid is not null
        and not (o.kind = 'rule' and o.definition is null)
        and not (o.kind = 'sequence' and o.definition is null)
    union all
    -- The rule that makes a view stands for the view.
    select 'pg_rewrite'::regclass, r.oid, t.kind, t.id
    from pg_rewrite r join tab t on t.oid = r.ev_class where r.rulename = '_RETURN'
    union all
    select 'pg_attrdef'::regclass, d.oid, 'column', concat(t.id, '.', quote_ident(a.attname))
    from pg_attrdef d join tab t on t.oid = d.adrelid
    join pg_attribute a on a.attrelid = d.adrelid and a.attnum = d.adnum
    union all
    -- That of an identity column is the column's.
    select 'pg_class'::regclass, o.objid, 'column', concat(t.id, '.', quote_ident(a.attname))
    from sequence_owner o join tab t on t.oid = o.refobjid
    join pg_attribute a on a.attrelid = o.refobjid and a.attnum = o.refobjsubid
    where o.deptype = 'i'
    union all
    select 'pg_type'::regclass, y.oid, t.kind, t.id from pg_type y join tab t on t.oid = y.typrelid
    union all
    select 'pg_type'::regclass, y.typarray, t.kind, t.id
    from pg_type y join tab t on t.oid = y.typrelid where y.typarray <> 0
    union all
    select 'pg_type'::regclass, y.typarray, o.kind, o.id
    from pg_type y join object o on o.classid = 'pg_type'::regclass and o.objid = y.oid where y.typarray <> 0
    union all
    select 'pg_class'::regclass, y.typrelid, o.kind, o.id
    from pg_type y join object o on o.classid = 'pg_type'::regclass and o.objid = y.oid where y.typrelid <> 0
    union all
    select 'pg_amop'::regclass, m.oid, o.kind, o.id
    from pg_amop m join object o on o.classid = 'pg_opfamily'::regclass and o.objid = m.amopfamily
    union all
    select 'pg_amproc'::regclass, m.oid, o.kind, o.id
    from pg_amproc m join object o on o.classid = 'pg_opfamily'::regclass and o.objid = m.amprocfamily
    union all
    select 'pg_publication_rel'::regclass, r.oid, 'publication table', concat(quote_ident(p.pubname), ' OF ', t.id)
    from pg_publication_rel r join pg_publication p on p.oid = r.prpubid join tab t on t.oid = r.prrelid
    union all
    -- What belongs to an extension is there when the extension is.
    select m.classid, m.objid, 'extension', quote_ident(e.extname)
    from pg_depend m join pg_extension e on m.refclassid = 'pg_extension'::regclass and m.refobjid = e.oid
    where m.deptype = 'e'
),
edge (kind, id, needed_kind, needed_id) as (
    select case when d.objsubid > 0 and a.attname is not null and n.kind <> 'type' then 'column' else n.kind end,
        case when d.objsubid > 0 and a.attname is not null and n.kind <> 'type'
            then concat(n.id, '.', quote_ident(a.attname)) else n.id end,
        case when d.refobjsubid > 0 and b.attname is not null and m.kind <> 'type' then 'column' else m.kind end,
        case when d.refobjsubid > 0 and b.attname is not null and m.kind <> 'type'
            then concat(m.id, '.', quote_ident(b.attname)) else m.id end
    from pg_depend d
    join names n on n.classid = d.classid and n.objid = d.objid
    join names m on m.classid = d.refclassid and m.objid = d.refobjid
    left join pg_attribute a on d.classid = 'pg_class'::regclass and a.attrelid = d.objid and a.attnum = d.objsubid
        and d.objsubid > 0
    left join pg_attribute b on d.refclassid = 'pg_class'::regclass and b.attrelid = d.refobjid
        and b.attnum = d.refobjsubid and d.refobjsubid > 0
    -- Which column owns a sequence is said behind both.
    where not (n.kind = 'sequence' and d.deptype = 'a')
)
select distinct kind, id, needed_kind, needed_id from edge where (kind, id) <> (needed_kind, needed_id)
