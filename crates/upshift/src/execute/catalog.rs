//! What the catalog says about what a statement outside of a transaction left behind. Written for PostgreSQL 13 to 18.
//!
//! Nothing is looked up along the search_path: see `history/sql.rs`.

/// The indexes of the table $1 (null: of none), and all that are INVALID, whoever made them.
pub(super) const INDEXES_BEFORE: &str = "\
select coalesce(pg_catalog.array_agg(i.indexrelid), '{}') as indexes from pg_catalog.pg_index i
where i.indrelid operator(pg_catalog.=) pg_catalog.to_regclass($1) or not i.indisvalid";

/// INVALID indexes that are not in $1 and that nobody is building: what our statement left behind on the table $2, or
/// what REINDEX (null: no table) left anywhere, which PostgreSQL names so that it can be told. Others may be building
/// theirs at the same time, and not every role may see that.
pub(super) const LEFT_BEHIND: &str = "\
select pg_catalog.format('%I.%I', n.nspname, c.relname) as index
from pg_catalog.pg_index i
    join pg_catalog.pg_class c on c.oid operator(pg_catalog.=) i.indexrelid
    join pg_catalog.pg_namespace n on n.oid operator(pg_catalog.=) c.relnamespace
where not i.indisvalid and i.indexrelid operator(pg_catalog.<>) all ($1) and c.relkind operator(pg_catalog.=) 'i'
    and case when $2::varchar is null then c.relname operator(pg_catalog.~) '_cc(new|old)[0-9]*$'
        else i.indrelid operator(pg_catalog.=) pg_catalog.to_regclass($2::varchar) end
    and not exists (select from pg_catalog.pg_stat_progress_create_index p
        where p.index_relid operator(pg_catalog.=) i.indexrelid)
    and not pg_catalog.starts_with(n.nspname::varchar, 'pg_toast')
order by 1";

/// The index $1, when it is INVALID and nobody is building it: IF NOT EXISTS must not take it for success.
pub(super) const INVALID_BY_NAME: &str = "\
select pg_catalog.format('%I.%I', n.nspname, c.relname) as index
from pg_catalog.pg_index i
    join pg_catalog.pg_class c on c.oid operator(pg_catalog.=) i.indexrelid
    join pg_catalog.pg_namespace n on n.oid operator(pg_catalog.=) c.relnamespace
where not i.indisvalid and i.indexrelid operator(pg_catalog.=) pg_catalog.to_regclass($1)
    and c.relkind operator(pg_catalog.=) 'i'
    and not exists (select from pg_catalog.pg_stat_progress_create_index p
        where p.index_relid operator(pg_catalog.=) i.indexrelid)";

/// Whether a valid index of the table $1 is there that is not in $2 and is named $3 (null: whatever its name).
pub(super) const MADE: &str = "\
select exists (
    select from pg_catalog.pg_index i join pg_catalog.pg_class c on c.oid operator(pg_catalog.=) i.indexrelid
    where i.indrelid operator(pg_catalog.=) pg_catalog.to_regclass($1) and i.indisvalid
        and i.indexrelid operator(pg_catalog.<>) all ($2)
        and ($3::varchar is null or c.relname operator(pg_catalog.=) $3)) as made";

/// How the partition $2 stands to the table $1: attached, pending (an interrupted DETACH CONCURRENTLY) or detached.
/// The column `inhdetachpending` is there since 14, like the statement itself.
pub(super) const PARTITION: &str = "\
select coalesce((select case when i.inhdetachpending then 'pending' else 'attached' end
    from pg_catalog.pg_inherits i
    where i.inhparent operator(pg_catalog.=) pg_catalog.to_regclass($1)
        and i.inhrelid operator(pg_catalog.=) pg_catalog.to_regclass($2)), 'detached') as state";
