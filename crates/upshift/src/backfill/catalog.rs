//! What the catalog and the server say about a table that is filled. Written for PostgreSQL 13 to 18.
//!
//! Nothing is looked up along the search_path but the table, as the statement over it is: see `history/sql.rs`.

/// The table $1 and the columns of its key, one a row; one row with a null column where it has none, no row where the
/// table is not there. $2 is the column that its header names (null: none).
///
/// A key is what an index orders: valid, over all rows, by columns and not by expressions, none of which is ever null,
/// in the order and by the operators that their types have anyway. The primary key comes first, then what is unique with
/// the fewest columns; the named column need not be unique, for a range of its values has whole rows at any rate.
pub(super) const TABLE: &str = "\
with named as (
    select c.oid, c.relkind, pg_catalog.format('%I.%I', n.nspname, c.relname) as relation
    from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid operator(pg_catalog.=) c.relnamespace
    where c.oid operator(pg_catalog.=) pg_catalog.to_regclass($1)
), place as (
    select i.indexrelid, i.indisprimary, i.indnkeyatts, s.place, a.attname, a.attnum, y.typname, n.nspname as type_schema,
        p.nspname as operators,
        a.attnotnull and o.opcdefault and p.nspname is not null
            and i.indcollation[s.place] operator(pg_catalog.=) a.attcollation
            and (i.indoption[s.place] operator(pg_catalog.&) 1::smallint) operator(pg_catalog.=)
                (i.indoption[0] operator(pg_catalog.&) 1::smallint) as is_fit
    from named t
        join pg_catalog.pg_index i on i.indrelid operator(pg_catalog.=) t.oid
        join pg_catalog.pg_class x on x.oid operator(pg_catalog.=) i.indexrelid
        join pg_catalog.pg_am m on m.oid operator(pg_catalog.=) x.relam
        cross join lateral pg_catalog.generate_series(0, i.indnkeyatts operator(pg_catalog.-) 1) s (place)
        left join pg_catalog.pg_attribute a on a.attrelid operator(pg_catalog.=) t.oid
            and a.attnum operator(pg_catalog.=) i.indkey[s.place]
        left join pg_catalog.pg_type y on y.oid operator(pg_catalog.=) a.atttypid
        left join pg_catalog.pg_namespace n on n.oid operator(pg_catalog.=) y.typnamespace
        left join pg_catalog.pg_opclass o on o.oid operator(pg_catalog.=) i.indclass[s.place]
        left join lateral (
            select q.nspname from pg_catalog.pg_amop g
                join pg_catalog.pg_operator r on r.oid operator(pg_catalog.=) g.amopopr
                join pg_catalog.pg_namespace q on q.oid operator(pg_catalog.=) r.oprnamespace
            where g.amopfamily operator(pg_catalog.=) o.opcfamily and g.amoplefttype operator(pg_catalog.=) o.opcintype
                and g.amoprighttype operator(pg_catalog.=) o.opcintype and g.amopstrategy operator(pg_catalog.=) 5
                and r.oprname operator(pg_catalog.=) '>'
        ) p on true
    where m.amname operator(pg_catalog.=) 'btree' and i.indisvalid and i.indpred is null
        and (i.indisunique or $2::varchar is not null)
), chosen as (
    select p.indexrelid, pg_catalog.count(*) as width from place p
    where case when $2::varchar is null then true
        else p.place operator(pg_catalog.=) 0 and p.attname operator(pg_catalog.=) $2::varchar end
    group by p.indexrelid, p.indisprimary
    having pg_catalog.bool_and(coalesce(p.is_fit, false))
    order by p.indisprimary desc, pg_catalog.count(*), p.indexrelid limit 1
)
select t.oid, t.relation, t.relkind::varchar as kind, k.attname::varchar as column,
    case when k.attname is not null then pg_catalog.format('%I.%I', k.type_schema, k.typname) end as type, k.operators::varchar as operators,
    array(select t.oid union select p.relid::pg_catalog.oid
        from pg_catalog.pg_partition_tree(t.oid::pg_catalog.regclass) p) as relations,
    pg_catalog.row_security_active(t.oid) as hides_rows,
    pg_catalog.pg_backend_pid() as pid, pg_catalog.current_setting('server_version_num')::integer as version,
    pg_catalog.current_setting('block_size')::bigint as block_size,
    (select coalesce(pg_catalog.sum(pg_catalog.pg_relation_size(c.oid::pg_catalog.regclass)), 0)::bigint
        from pg_catalog.pg_class c where c.relkind operator(pg_catalog.=) 'r' and c.oid operator(pg_catalog.=) any (array(
            select t.oid union select p.relid::pg_catalog.oid
            from pg_catalog.pg_partition_tree(t.oid::pg_catalog.regclass) p))) as bytes,
    pg_catalog.concat_ws(' ', pg_catalog.current_setting('enable_seqscan'),
        pg_catalog.current_setting('enable_bitmapscan'), pg_catalog.current_setting('enable_sort'),
        pg_catalog.current_setting('jit')) as planner
from named t left join chosen c on true left join place k on k.indexrelid operator(pg_catalog.=) c.indexrelid
    and k.place operator(pg_catalog.<) c.width
order by k.place";

/// How the server bears it: how far replicas and the archive are behind, and whether somebody freezes one of the tables
/// $1 in a hurry. What the role may not see is null, and null holds nobody up.
///
/// A vacuum to prevent wraparound says so in what it runs, which not every role may read; but whoever holds its lock on
/// a table as old as that is one.
pub(super) const HEALTH: &str = "\
select (select (pg_catalog.max(extract(epoch from s.replay_lag)) operator(pg_catalog.*) 1000)::bigint
        from pg_catalog.pg_stat_replication s where s.state operator(pg_catalog.=) 'streaming') as lag_ms,
    (select pg_catalog.max(pg_catalog.pg_wal_lsn_diff(pg_catalog.pg_current_wal_lsn(), s.replay_lsn))::bigint
        from pg_catalog.pg_stat_replication s where s.state operator(pg_catalog.=) 'streaming') as lag_bytes,
    (select case when pg_catalog.current_setting('archive_mode') operator(pg_catalog.<>) 'off'
            and a.last_archived_wal operator(pg_catalog.~) '^[0-9A-F]{24}$' then
        (('x' operator(pg_catalog.||) pg_catalog.substr(w.name, 9, 8))::bit(32)::bigint operator(pg_catalog.-)
            ('x' operator(pg_catalog.||) pg_catalog.substr(a.last_archived_wal, 9, 8))::bit(32)::bigint)
            operator(pg_catalog.*) (4294967296 operator(pg_catalog./)
                pg_catalog.pg_size_bytes(pg_catalog.current_setting('wal_segment_size')))
        operator(pg_catalog.+) ('x' operator(pg_catalog.||) pg_catalog.substr(w.name, 17, 8))::bit(32)::bigint
        operator(pg_catalog.-) ('x' operator(pg_catalog.||) pg_catalog.substr(a.last_archived_wal, 17, 8))::bit(32)::bigint
        end
        from pg_catalog.pg_stat_archiver a
            cross join (select pg_catalog.pg_walfile_name(pg_catalog.pg_current_wal_lsn()) as name) w) as unarchived,
    exists (
        select from pg_catalog.pg_locks l join pg_catalog.pg_class c on c.oid operator(pg_catalog.=) l.relation
        where l.locktype operator(pg_catalog.=) 'relation' and l.granted
            and l.mode operator(pg_catalog.=) 'ShareUpdateExclusiveLock'
            and l.database operator(pg_catalog.=) (select d.oid from pg_catalog.pg_database d
                where d.datname operator(pg_catalog.=) pg_catalog.current_database())
            and l.pid operator(pg_catalog.<>) pg_catalog.pg_backend_pid()
            and l.relation operator(pg_catalog.=) any ($1::pg_catalog.oid[])
            and (pg_catalog.age(c.relfrozenxid) operator(pg_catalog.>=)
                    pg_catalog.current_setting('autovacuum_freeze_max_age')::integer
                or exists (select from pg_catalog.pg_stat_activity a where a.pid operator(pg_catalog.=) l.pid
                    and pg_catalog.strpos(a.query, 'to prevent wraparound') operator(pg_catalog.>) 0))
    ) as is_frozen_in_a_hurry";
