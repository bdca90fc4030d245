//! SQL of health checks. Written for PostgreSQL 13 to 18; see [`super::sql`].

/// What a service has named and is not there. $1 relations as SQL names them, $2 their columns (null: the relation).
pub(crate) const LACKING: &str = "\
select pg_catalog.concat_ws('.', r.relation, r.attribute)
from unnest($1::varchar[], $2::varchar[]) with ordinality as r (relation, attribute, place)
where case when r.attribute is null then pg_catalog.to_regclass(r.relation) is null
    else pg_catalog.to_regclass(r.relation) is not null and not exists (
        select from pg_catalog.pg_attribute a
        where a.attrelid operator(pg_catalog.=) pg_catalog.to_regclass(r.relation)
            and a.attname operator(pg_catalog.=) r.attribute and not a.attisdropped
    ) end
order by r.place";

/// Rows of a catalog: how many, which, and which transactions wrote them.
macro_rules! rows {
    ($catalog:literal, $oid:literal, $which:literal) => {
        concat!(
            "(select pg_catalog.concat_ws(' ', pg_catalog.count(*), pg_catalog.sum(c.",
            $oid,
            "::bigint), pg_catalog.sum(c.xmin::varchar::bigint)) from pg_catalog.",
            $catalog,
            " c where ",
            $which,
            ")"
        )
    };
    ($catalog:literal) => {
        rows!($catalog, "oid", "c.oid operator(pg_catalog.>=) 16384::pg_catalog.oid")
    };
    ($catalog:literal, $oid:literal) => {
        rows!($catalog, $oid, "true")
    };
}

/// The state of the catalogs, and of the snapshot they are compared with, as one text: any change of a definition changes
/// it. So does much that changes none (a temporary table, a VACUUM FULL): then the schema is read once more for nothing.
///
/// Null where no snapshot was kept. Rows of PostgreSQL's own schema are left out, which no snapshot has. What is written
/// in place, as the estimates of ANALYZE are, keeps its transaction (PostgreSQL manual, "System Columns").
pub(crate) const MARK: &str = concat!(
    "select pg_catalog.concat_ws(', ', s.xmin, ",
    rows!(
        "pg_class",
        "oid",
        "c.oid operator(pg_catalog.>=) 16384::pg_catalog.oid and c.relpersistence operator(pg_catalog.<>) 't'"
    ),
    ", ",
    rows!("pg_attribute", "attrelid", "c.attrelid operator(pg_catalog.>=) 16384::pg_catalog.oid"),
    ", ",
    rows!("pg_attrdef"),
    ", ",
    rows!("pg_constraint"),
    ", ",
    rows!("pg_index", "indexrelid", "c.indexrelid operator(pg_catalog.>=) 16384::pg_catalog.oid"),
    ", ",
    rows!("pg_sequence", "seqrelid"),
    ", ",
    rows!("pg_proc"),
    ", ",
    rows!("pg_type"),
    ", ",
    rows!("pg_enum"),
    ", ",
    rows!("pg_range", "rngtypid"),
    ", ",
    rows!("pg_rewrite"),
    ", ",
    rows!("pg_trigger"),
    ", ",
    rows!("pg_policy"),
    ", ",
    rows!("pg_inherits", "inhrelid"),
    ", ",
    rows!("pg_partitioned_table", "partrelid"),
    ", ",
    rows!("pg_statistic_ext"),
    ", ",
    rows!("pg_namespace", "oid"),
    ", ",
    rows!("pg_default_acl", "oid"),
    ", ",
    rows!(
        "pg_description",
        "objoid",
        "c.objoid operator(pg_catalog.>=) 2200::pg_catalog.oid and c.objsubid operator(pg_catalog.>=) 0"
    ),
    ", ",
    rows!("pg_extension", "oid"),
    ", ",
    rows!("pg_event_trigger", "oid"),
    ", ",
    rows!("pg_publication", "oid"),
    ", ",
    rows!("pg_publication_rel", "oid"),
    ", ",
    rows!("pg_foreign_server", "oid"),
    ", ",
    rows!("pg_foreign_table", "ftrelid"),
    ", ",
    rows!("pg_collation"),
    ", ",
    rows!("pg_operator"),
    ", ",
    rows!("pg_cast"),
    ", ",
    rows!("pg_ts_config"),
    ", ",
    rows!("pg_ts_dict"),
    ", ",
    rows!("pg_ts_parser"),
    ", ",
    rows!("pg_language"),
    ", ",
    rows!("pg_am"),
    ", ",
    rows!("pg_conversion"),
    ", ",
    rows!("pg_opclass"),
    ", ",
    rows!("pg_opfamily"),
    ", ",
    rows!("pg_amop"),
    ", ",
    rows!("pg_amproc"),
    ", ",
    rows!("pg_transform"),
    ", ",
    rows!("pg_foreign_data_wrapper"),
    ", ",
    "(select pg_catalog.concat_ws(' ', pg_catalog.count(*), pg_catalog.sum(h.xmin::varchar::bigint))
    from upshift.history h)) from upshift.snapshot s"
);
