//! The one question about a table.

/// The query that reads the facts of a table: `$1` is its schema, `$2` its name, both as they are, unquoted.
///
/// Four text columns a row, for [`TableFacts::of_rows`](crate::TableFacts::of_rows). It reads catalogs alone, takes no
/// lock on the table and was written for PostgreSQL 13 to 18.
pub const FACTS_SQL: &str = "\
with t as (
    select c.oid, c.relkind, c.relowner, c.relacl, c.relrowsecurity
    from pg_catalog.pg_class c
    join pg_catalog.pg_namespace n on n.oid operator(pg_catalog.=) c.relnamespace
    where n.nspname operator(pg_catalog.=) $1::pg_catalog.name
        and c.relname operator(pg_catalog.=) $2::pg_catalog.name
), a as (
    select t.oid as relation, a.attnum, a.attname, a.atttypid, a.atttypmod, a.attcollation, a.attnotnull,
        a.attidentity, a.attgenerated
    from t join pg_catalog.pg_attribute a on a.attrelid operator(pg_catalog.=) t.oid
    where a.attnum operator(pg_catalog.>) 0 and not a.attisdropped
), facts (part, name, fact, value, place) as (
    select 'server'::varchar, ''::varchar, 'major'::varchar,
        (pg_catalog.current_setting('server_version_num')::integer operator(pg_catalog./) 10000)::varchar, 0
    from t
    union all
    select 'table', '', 'kind', t.relkind::varchar, 0 from t
    union all
    select 'table', '', 'owner', r.rolname::varchar, 0
    from t join pg_catalog.pg_roles r on r.oid operator(pg_catalog.=) t.relowner
    union all
    select 'table', '', 'row security', 'on', 0 from t where t.relrowsecurity
    union all
    select 'table', '', 'primary key', a.attname::varchar, k.place::integer
    from t
    join pg_catalog.pg_constraint c
        on c.conrelid operator(pg_catalog.=) t.oid and c.contype operator(pg_catalog.=) 'p'
    cross join lateral pg_catalog.unnest(c.conkey) with ordinality k (attnum, place)
    join a on a.attnum operator(pg_catalog.=) k.attnum
    union all
    select 'table', '', 'incoming',
        pg_catalog.concat(c.conname, ' of ', c.conrelid::pg_catalog.regclass), 0
    from t
    join pg_catalog.pg_constraint c
        on c.confrelid operator(pg_catalog.=) t.oid and c.contype operator(pg_catalog.=) 'f'
        and c.conparentid operator(pg_catalog.=) 0 and c.conrelid operator(pg_catalog.<>) t.oid
    union all
    select 'table', '', 'outgoing',
        pg_catalog.concat(c.conname, ' to ', c.confrelid::pg_catalog.regclass), 0
    from t
    join pg_catalog.pg_constraint c
        on c.conrelid operator(pg_catalog.=) t.oid and c.contype operator(pg_catalog.=) 'f'
        and c.confrelid operator(pg_catalog.<>) t.oid
    union all
    select 'partition', c.relname::varchar, 'of', n.nspname::varchar, 0
    from t
    cross join lateral pg_catalog.pg_partition_tree(t.oid::pg_catalog.regclass) p
    join pg_catalog.pg_class c on c.oid operator(pg_catalog.=) p.relid
    join pg_catalog.pg_namespace n on n.oid operator(pg_catalog.=) c.relnamespace
    where p.isleaf and t.relkind operator(pg_catalog.=) 'p' and p.relid::oid operator(pg_catalog.<>) t.oid
    union all
    select distinct 'table', '', 'nested', '', 0
    from t
    cross join lateral pg_catalog.pg_partition_tree(t.oid::pg_catalog.regclass) p
    where p.level operator(pg_catalog.>) 1
    union all
    select 'trigger', g.tgname::varchar, 'before update', '', 0
    from t
    join pg_catalog.pg_trigger g on g.tgrelid operator(pg_catalog.=) t.oid
    where not g.tgisinternal
        -- TRIGGER_TYPE_ROW, _BEFORE and _UPDATE of src/include/catalog/pg_trigger.h.
        and (g.tgtype::integer operator(pg_catalog.&) 19) operator(pg_catalog.=) 19
        and not pg_catalog.starts_with(g.tgname::varchar, 'zzz_upshift_')
    union all
    select 'grant', coalesce(r.rolname::varchar, ''), g.privilege_type, '', 0
    from t
    cross join lateral pg_catalog.aclexplode(t.relacl) g
    left join pg_catalog.pg_roles r on r.oid operator(pg_catalog.=) g.grantee
    where g.grantee operator(pg_catalog.<>) t.relowner
        and (g.grantee operator(pg_catalog.=) 0 or r.rolname is not null)
    union all
    select 'column', a.attname::varchar, 'type',
        pg_catalog.concat(
            case
                when n.nspname operator(pg_catalog.=) 'pg_catalog' then ''
                when not pg_catalog.pg_type_is_visible(e.oid) then ''
                else pg_catalog.concat(pg_catalog.quote_ident(n.nspname::varchar), '.')
            end,
            pg_catalog.format_type(a.atttypid, a.atttypmod)
        ),
        a.attnum::integer
    from a
    join pg_catalog.pg_type y on y.oid operator(pg_catalog.=) a.atttypid
    -- Of an array the type of its elements has the name that is written.
    join pg_catalog.pg_type e on e.oid operator(pg_catalog.=)
        case when y.typcategory operator(pg_catalog.=) 'A' then y.typelem else y.oid end
    join pg_catalog.pg_namespace n on n.oid operator(pg_catalog.=) e.typnamespace
    union all
    select 'column', a.attname::varchar, 'collation',
        pg_catalog.concat(
            pg_catalog.quote_ident(n.nspname::varchar), '.', pg_catalog.quote_ident(o.collname::varchar)),
        a.attnum::integer
    from a
    join pg_catalog.pg_type y on y.oid operator(pg_catalog.=) a.atttypid
    join pg_catalog.pg_collation o on o.oid operator(pg_catalog.=) a.attcollation
    join pg_catalog.pg_namespace n on n.oid operator(pg_catalog.=) o.collnamespace
    where a.attcollation operator(pg_catalog.<>) y.typcollation
    union all
    select 'column', a.attname::varchar, 'default', pg_catalog.pg_get_expr(d.adbin, d.adrelid), a.attnum::integer
    from a
    join pg_catalog.pg_attrdef d
        on d.adrelid operator(pg_catalog.=) a.relation and d.adnum operator(pg_catalog.=) a.attnum
    where a.attgenerated operator(pg_catalog.=) ''
    union all
    select 'column', a.attname::varchar, 'not null', '', a.attnum::integer from a where a.attnotnull
    union all
    select 'column', s.attname::varchar, 'width', pg_catalog.max(s.avg_width)::varchar, 0
    from t
    join pg_catalog.pg_class c on c.oid operator(pg_catalog.=) t.oid
    join pg_catalog.pg_namespace n on n.oid operator(pg_catalog.=) c.relnamespace
    join pg_catalog.pg_stats s
        on s.schemaname operator(pg_catalog.=) n.nspname and s.tablename operator(pg_catalog.=) c.relname
    join a on a.attname operator(pg_catalog.=) s.attname
    group by s.attname
    union all
    select distinct 'column', a.attname::varchar, 'tie', 'unique', a.attnum::integer
    from a
    join pg_catalog.pg_index i on i.indrelid operator(pg_catalog.=) a.relation and i.indisunique
    join pg_catalog.pg_depend d
        on d.classid operator(pg_catalog.=) 'pg_catalog.pg_class'::pg_catalog.regclass
        and d.objid operator(pg_catalog.=) i.indexrelid
        and d.refobjid operator(pg_catalog.=) a.relation
        and d.refobjsubid operator(pg_catalog.=) a.attnum
    union all
    select distinct 'column', a.attname::varchar, 'tie', 'unique', a.attnum::integer
    from a
    join pg_catalog.pg_index i
        on i.indrelid operator(pg_catalog.=) a.relation and i.indisunique
        and a.attnum operator(pg_catalog.=) any (i.indkey::smallint[])
    where not exists (
        select from pg_catalog.pg_depend d
        where d.classid operator(pg_catalog.=) 'pg_catalog.pg_class'::pg_catalog.regclass
            and d.objid operator(pg_catalog.=) i.indexrelid
            and d.refobjid operator(pg_catalog.=) a.relation
            and d.refobjsubid operator(pg_catalog.=) a.attnum
    )
    union all
    select distinct 'column', a.attname::varchar, 'tie', 'partition key', a.attnum::integer
    from a
    join pg_catalog.pg_depend d
        on d.classid operator(pg_catalog.=) 'pg_catalog.pg_class'::pg_catalog.regclass
        and d.objid operator(pg_catalog.=) a.relation and d.objsubid operator(pg_catalog.=) a.attnum
        and d.refclassid operator(pg_catalog.=) 'pg_catalog.pg_class'::pg_catalog.regclass
        and d.refobjid operator(pg_catalog.=) a.relation and d.refobjsubid operator(pg_catalog.=) 0
        and d.deptype operator(pg_catalog.=) 'i'
    union all
    select distinct 'column', a.attname::varchar, 'tie', 'partition key', a.attnum::integer
    from a
    cross join lateral pg_catalog.pg_partition_tree(a.relation::pg_catalog.regclass) tree
    join pg_catalog.pg_partitioned_table p on p.partrelid operator(pg_catalog.=) tree.relid::oid
    join pg_catalog.pg_attribute own
        on own.attrelid operator(pg_catalog.=) p.partrelid and own.attname operator(pg_catalog.=) a.attname
    where own.attnum operator(pg_catalog.=) any (p.partattrs::smallint[])
        and tree.relid::oid operator(pg_catalog.<>) a.relation
    union all
    select 'column', a.attname::varchar, 'tie', 'identity', a.attnum::integer
    from a where a.attidentity operator(pg_catalog.<>) ''
    union all
    select 'column', a.attname::varchar, 'tie', 'generated', a.attnum::integer
    from a where a.attgenerated operator(pg_catalog.<>) ''
    union all
    select distinct 'column', a.attname::varchar, 'tie', 'feeds', a.attnum::integer
    from a
    join a g on g.attgenerated operator(pg_catalog.<>) ''
    join pg_catalog.pg_attrdef v
        on v.adrelid operator(pg_catalog.=) g.relation and v.adnum operator(pg_catalog.=) g.attnum
    join pg_catalog.pg_depend d
        -- Before PostgreSQL 15 the column depends, since then its expression does.
        on d.refclassid operator(pg_catalog.=) 'pg_catalog.pg_class'::pg_catalog.regclass
        and d.refobjid operator(pg_catalog.=) a.relation
        and d.refobjsubid operator(pg_catalog.=) a.attnum
        and a.attnum operator(pg_catalog.<>) g.attnum
        and (
            d.classid operator(pg_catalog.=) 'pg_catalog.pg_attrdef'::pg_catalog.regclass
                and d.objid operator(pg_catalog.=) v.oid
            or d.classid operator(pg_catalog.=) 'pg_catalog.pg_class'::pg_catalog.regclass
                and d.objid operator(pg_catalog.=) g.relation and d.objsubid operator(pg_catalog.=) g.attnum
        )
    union all
    select distinct 'column', a.attname::varchar, 'tie', 'sequence', a.attnum::integer
    from a
    join pg_catalog.pg_depend d
        on d.refclassid operator(pg_catalog.=) 'pg_catalog.pg_class'::pg_catalog.regclass
        and d.refobjid operator(pg_catalog.=) a.relation
        and d.refobjsubid operator(pg_catalog.=) a.attnum
        and d.classid operator(pg_catalog.=) 'pg_catalog.pg_class'::pg_catalog.regclass
        and d.deptype operator(pg_catalog.=) 'a'
    join pg_catalog.pg_class s
        on s.oid operator(pg_catalog.=) d.objid and s.relkind operator(pg_catalog.=) 'S'
    where a.attidentity operator(pg_catalog.=) ''
    union all
    select distinct 'column', a.attname::varchar, 'tie', 'under way', a.attnum::integer
    from a
    join pg_catalog.pg_trigger g
        on g.tgrelid operator(pg_catalog.=) a.relation
        and pg_catalog.starts_with(g.tgname::varchar, 'zzz_upshift_')
    join pg_catalog.pg_depend d
        -- By the columns of its WHEN or of its UPDATE OF.
        on d.classid operator(pg_catalog.=) 'pg_catalog.pg_trigger'::pg_catalog.regclass
        and d.objid operator(pg_catalog.=) g.oid
        and d.refclassid operator(pg_catalog.=) 'pg_catalog.pg_class'::pg_catalog.regclass
        and d.refobjid operator(pg_catalog.=) a.relation
        and d.refobjsubid operator(pg_catalog.=) a.attnum
    union all
    select distinct 'column', a.attname::varchar, 'named by', p.oid::pg_catalog.regprocedure::varchar, a.attnum::integer
    from a
    join pg_catalog.pg_trigger g on g.tgrelid operator(pg_catalog.=) a.relation and not g.tgisinternal
    join pg_catalog.pg_proc p on p.oid operator(pg_catalog.=) g.tgfoid
    where pg_catalog.strpos(p.prosrc, a.attname::varchar) operator(pg_catalog.>) 0
        and not pg_catalog.starts_with(p.proname::varchar, 'upshift_')
    union all
    select distinct 'column', a.attname::varchar, 'dependent',
        pg_catalog.pg_describe_object(d.classid, d.objid, d.objsubid), a.attnum::integer
    from a
    join pg_catalog.pg_depend d
        on d.refclassid operator(pg_catalog.=) 'pg_catalog.pg_class'::pg_catalog.regclass
        and d.refobjid operator(pg_catalog.=) a.relation
        and d.refobjsubid operator(pg_catalog.=) a.attnum
    where d.classid operator(pg_catalog.<>) 'pg_catalog.pg_attrdef'::pg_catalog.regclass
        and not (d.classid operator(pg_catalog.=) 'pg_catalog.pg_class'::pg_catalog.regclass
            and d.objid operator(pg_catalog.=) a.relation)
        -- Since PostgreSQL 18 NOT NULL is a constraint, too.
        and not exists (
            select from pg_catalog.pg_constraint c
            where d.classid operator(pg_catalog.=) 'pg_catalog.pg_constraint'::pg_catalog.regclass
                and c.oid operator(pg_catalog.=) d.objid and c.contype operator(pg_catalog.=) 'n'
        )
)
select part, name, fact, value from facts
order by
    fact operator(pg_catalog.<>) 'type', place, part collate pg_catalog.\"C\", name collate pg_catalog.\"C\",
    fact collate pg_catalog.\"C\", value collate pg_catalog.\"C\"";
