//! One look at a database: relations, their files, how often they were read, and what a session holds on them.

use std::collections::{BTreeMap, BTreeSet};

use tokio_postgres::types::Type;
use tokio_postgres::{Client, Row};
use upshift_lint::statement::{LockMode, Name};

use super::value::Seen;

/// Every relation that is no system's, no history's ($1), no composite type and not temporary; and every lock the asking session holds on
/// one, be it there or dropped by the open transaction: its lock stays, its row in pg_class is gone.
///
/// What is counted of the open transaction is not in the totals yet, so that the two together are what was done so far.
/// Written for PostgreSQL 13 to 18.
const LOOK: &str = "\
select coalesce(r.oid, l.relation) as oid, r.schema, r.name, r.kind, r.file, r.of, r.scans, r.tuples, r.scans_before,
    r.tuples_before, l.modes, pg_catalog.pg_wal_lsn_diff(pg_catalog.pg_current_wal_insert_lsn(), '0/0')::bigint as wal
from (
    select c.oid, n.nspname::text as schema, c.relname::text as name, c.relkind::text as kind, c.relfilenode as file,
        coalesce(i.indrelid, t.oid) as of,
        pg_catalog.pg_stat_get_xact_numscans(c.oid) as scans,
        pg_catalog.pg_stat_get_xact_tuples_returned(c.oid) as tuples,
        pg_catalog.pg_stat_get_numscans(c.oid) as scans_before,
        pg_catalog.pg_stat_get_tuples_returned(c.oid) as tuples_before
    from pg_catalog.pg_class c
        join pg_catalog.pg_namespace n on n.oid operator(pg_catalog.=) c.relnamespace
        left join pg_catalog.pg_index i on i.indexrelid operator(pg_catalog.=) c.oid
        left join pg_catalog.pg_class t on t.reltoastrelid operator(pg_catalog.=) c.oid
            and c.relkind operator(pg_catalog.=) 't'
    where c.oid operator(pg_catalog.>=) 16384::oid and c.relpersistence operator(pg_catalog.<>) 't'
        and c.relkind operator(pg_catalog.<>) 'c'
        and n.nspname operator(pg_catalog.<>) all (array['pg_catalog', 'information_schema', $1]::name[])
) r full join (
    select relation, pg_catalog.array_agg(distinct mode) as modes from pg_catalog.pg_locks
    where pid operator(pg_catalog.=) pg_catalog.pg_backend_pid() and locktype operator(pg_catalog.=) 'relation'
        and granted and relation operator(pg_catalog.>=) 16384::oid
        and database operator(pg_catalog.=) (
            select oid from pg_catalog.pg_database where datname operator(pg_catalog.=) pg_catalog.current_database())
    group by relation
) l on l.relation operator(pg_catalog.=) r.oid";

/// A relation at one moment.
#[derive(Debug, Clone)]
pub(super) struct Relation {
    pub(super) name: Name,
    pub(super) kind: String,
    pub(super) file: u32,
    /// The table of an index, the owner of a TOAST table.
    of: Option<u32>,
    pub(super) counts: Counts,
}

/// How often a relation was read from one end to the other, and how many rows that gave.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Counts {
    /// By the open transaction, and what of this session is not in the totals yet.
    pub(super) scans: i64,
    pub(super) tuples: i64,
    /// By everybody, as far as told.
    pub(super) scans_before: i64,
    pub(super) tuples_before: i64,
}

/// What one look saw.
#[derive(Debug, Clone, Default)]
pub(super) struct Look {
    pub(super) relations: BTreeMap<u32, Relation>,
    pub(super) locks: BTreeMap<u32, BTreeSet<LockMode>>,
    pub(super) wal: i64,
}

impl Look {
    /// Looks through a session at itself.
    pub(super) async fn at(client: &Client, history: &str) -> Result<Look, tokio_postgres::Error> {
        let mut look = Look::default();
        for row in client.query_typed(LOOK, &[(&history, Type::TEXT)]).await? {
            look.add(&row)?;
        }
        Ok(look)
    }

    fn add(&mut self, row: &Row) -> Result<(), tokio_postgres::Error> {
        let oid: u32 = row.try_get("oid")?;
        self.wal = row.try_get("wal")?;
        if let Some(name) = row.try_get::<_, Option<String>>("name")? {
            let count = |column: &str| row.try_get::<_, Option<i64>>(column).map(Option::unwrap_or_default);
            let counts = Counts {
                scans: count("scans")?,
                tuples: count("tuples")?,
                scans_before: count("scans_before")?,
                tuples_before: count("tuples_before")?,
            };
            let name = Name { schema: row.try_get("schema")?, name };
            let (kind, file, of) = (row.try_get("kind")?, row.try_get("file")?, row.try_get("of")?);
            self.relations.insert(oid, Relation { name, kind, file, of, counts });
        }
        let modes: Vec<String> = row.try_get::<_, Option<_>>("modes")?.unwrap_or_default();
        let modes: BTreeSet<LockMode> = modes.iter().filter_map(|mode| LockMode::of_pg_locks(mode)).collect();
        if !modes.is_empty() {
            self.locks.insert(oid, modes);
        }
        Ok(())
    }

    /// A relation, and the table it is a part of; none for what is not there, and for parts of what is not looked at.
    pub(super) fn seen(&self, oid: u32) -> Option<Seen> {
        let relation = self.relations.get(&oid)?;
        let mut table = relation;
        // The index of a TOAST table is two steps away.
        for _ in 0..2 {
            if let Some(of) = table.of {
                table = self.relations.get(&of)?;
            }
        }
        // Of a history's table, or a system's.
        if table.kind == "t" {
            return None;
        }
        Some(Seen { relation: relation.name.clone(), table: table.name.clone() })
    }
}
