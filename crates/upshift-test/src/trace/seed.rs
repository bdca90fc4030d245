//! A few rows in every table there is, since PostgreSQL leaves out whole paths on empty tables.
//!
//! The values follow types, foreign keys, unique keys and the words of CHECK constraints; what refuses all of that stays
//! empty, and why is said.

use std::collections::BTreeMap;

use tokio_postgres::error::SqlState;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Client, Row};
use upshift_lint::statement::Name;

use super::seed_value::{Column, Facts};
use super::value::EmptyTable;
use crate::database::reach::Reach;

/// The tables that rows can be put into: no partitioned ones, whose rows stand in their partitions, and none of the
/// history ($1). Their version changes whenever the table does. Written for PostgreSQL 13 to 18.
const TABLES: &str = "\
select c.oid, n.nspname::text as schema, c.relname::text as name, c.xmin::text as version,
    (select array_agg(pg_get_constraintdef(k.oid)) from pg_constraint k where k.conrelid = c.oid and k.contype = 'c') as checks,
    pg_get_expr(c.relpartbound, c.oid) as bound,
    (select p.partattrs::int2[] from pg_inherits i join pg_partitioned_table p on p.partrelid = i.inhparent
        where i.inhrelid = c.oid) as by_parent
from pg_class c join pg_namespace n on n.oid = c.relnamespace
where c.relkind = 'r' and c.relpersistence <> 't' and c.oid >= 16384
    and n.nspname <> all (array['pg_catalog', 'information_schema', $1]::name[])
order by c.oid";

/// The columns of the table $1, and what is to be known of each to write a value.
const COLUMNS: &str = "\
with recursive types (attnum, oid, typmod) as (
    select a.attnum, a.atttypid, a.atttypmod from pg_attribute a where a.attrelid = $1 and a.attnum > 0 and not a.attisdropped
    union all
    select t.attnum, b.typbasetype, greatest(b.typtypmod, t.typmod)
    from types t join pg_type b on b.oid = t.oid where b.typtype = 'd'
)
select a.attnum, a.attname::text as name, format_type(a.atttypid, a.atttypmod) as declared, b.typname::text as base,
    b.typcategory::text as category, b.typtype::text as kind, t.typmod, a.attnotnull as required,
    a.atthasdef as has_default, a.attidentity <> '' or a.attgenerated <> '' as made,
    exists (select from pg_index i where i.indrelid = $1 and i.indisunique and a.attnum = any (i.indkey::int2[])) as is_unique,
    pg_get_expr(d.adbin, d.adrelid) like 'nextval(%' as counts,
    (select array_agg(e.enumlabel::text order by e.enumsortorder) from pg_enum e where e.enumtypid = b.oid) as labels,
    e.typname::text as element,
    (select array_agg(pg_get_constraintdef(k.oid)) from pg_constraint k where k.contypid = a.atttypid) as checks,
    (select format('(select f.%I from %s f order by f.ctid offset %%s limit 1)', r.attname, k.confrelid::regclass)
        from pg_constraint k cross join lateral unnest(k.conkey, k.confkey) as u (own, other)
        join pg_attribute r on r.attrelid = k.confrelid and r.attnum = u.other
        where k.conrelid = $1 and k.contype = 'f' and u.own = a.attnum order by k.oid limit 1) as refers,
    (select k.confrelid = $1 from pg_constraint k where k.conrelid = $1 and k.contype = 'f' and a.attnum = any (k.conkey)
        order by k.oid limit 1) as refers_to_itself
from types t join pg_attribute a on a.attrelid = $1 and a.attnum = t.attnum
    join pg_type b on b.oid = t.oid and b.typtype <> 'd'
    left join pg_type e on e.oid = b.typelem and b.typcategory = 'A'
    left join pg_attrdef d on d.adrelid = $1 and d.adnum = a.attnum
order by a.attnum";

/// Puts rows into tables, and remembers which it need not look at again.
pub(super) struct Seeder {
    client: Client,
    history: String,
    rows: u32,
    /// By oid: the version of the table at which it was filled, or found to have rows, or refused them.
    tried: BTreeMap<u32, (String, bool)>,
}

struct Table {
    oid: u32,
    name: Name,
    version: String,
    checks: Vec<String>,
    /// What the partition takes, and which columns decide: by number.
    bound: Option<(String, Vec<i16>)>,
}

impl Seeder {
    pub(super) async fn open(
        reach: &Reach,
        history: &str,
        rows: u32,
    ) -> Result<Seeder, tokio_postgres::Error> {
        let client = reach.connect().await?;
        // A migration may hold what we want; then the table stays empty, and that is said.
        client.batch_execute("set lock_timeout = '2s'; set client_min_messages = error").await?;
        Ok(Seeder { client, history: history.to_owned(), rows, tried: BTreeMap::new() })
    }

    /// Fills every empty table; gives those that stay empty for the first time.
    pub(super) async fn fill(&mut self, behind: &str) -> Result<Vec<EmptyTable>, tokio_postgres::Error> {
        let mut left: Vec<(Table, String)> = Vec::new();
        for row in self.client.query_typed(TABLES, &[(&self.history, Type::TEXT)]).await? {
            let table = Table::of(&row)?;
            let known = self.tried.get(&table.oid);
            if !known.is_some_and(|(version, filled)| *filled || *version == table.version) {
                left.push((table, String::new()));
            }
        }
        // What a table refers to may come behind it: once more as long as that helps.
        loop {
            let before = left.len();
            let mut again = Vec::new();
            for (table, _) in left {
                match self.table(&table).await? {
                    Ok(()) => {
                        self.tried.insert(table.oid, (table.version, true));
                    }
                    Err(why) => again.push((table, why)),
                }
            }
            left = again;
            if left.is_empty() || left.len() == before {
                break;
            }
        }
        let mut empty = Vec::new();
        for (table, why) in left {
            let (oid, entry) = (table.oid, (table.version, false));
            if self.tried.insert(oid, entry).is_none() {
                empty.push(EmptyTable { table: table.name, behind: behind.to_owned(), why });
            }
        }
        self.settle().await?;
        Ok(empty)
    }

    /// What was counted of our own reading is told now, so that nobody takes it for another's.
    async fn settle(&self) -> Result<(), tokio_postgres::Error> {
        let known = "select to_regproc('pg_catalog.pg_stat_force_next_flush') is not null as known";
        let rows = self.client.query_typed(known, &[]).await?;
        if rows.first().map_or(Ok(false), |row| row.try_get("known"))? {
            self.client.batch_execute("select pg_catalog.pg_stat_force_next_flush()").await?;
        }
        Ok(())
    }

    /// Puts rows into one table, in whichever way it takes them; in the server's words why it takes none.
    async fn table(&self, table: &Table) -> Result<Result<(), String>, tokio_postgres::Error> {
        let name = &table.name;
        let asked =
            self.client.query_typed(&format!("select exists (select from only {name}) as filled"), &[]).await;
        match asked {
            Ok(rows) if rows.first().map_or(Ok(false), |row| row.try_get("filled"))? => return Ok(Ok(())),
            Ok(_) => {}
            Err(cause) => return refused(cause).map(Err),
        }
        let columns =
            self.client.query_typed(COLUMNS, &[(&table.oid as &(dyn ToSql + Sync), Type::OID)]).await?;
        let columns: Result<Vec<Column>, _> = columns.iter().map(Column::of).collect();
        let mut facts = Facts { columns: columns?, checks: table.checks.clone(), keys: BTreeMap::new() };
        facts.bound(table.bound.as_ref());
        let mut first = None;
        for sql in facts.attempts(name, self.rows) {
            match self.client.batch_execute(&sql).await {
                Ok(()) => return Ok(Ok(())),
                Err(cause) => {
                    let why = refused(cause)?;
                    first.get_or_insert(why);
                }
            }
        }
        Ok(Err(first.unwrap_or_else(|| "it has no column to write".to_owned())))
    }
}

/// The server's words, where it was the server that said no.
fn refused(cause: tokio_postgres::Error) -> Result<String, tokio_postgres::Error> {
    match cause.as_db_error() {
        Some(said) if *said.code() != SqlState::ADMIN_SHUTDOWN => Ok(said.message().to_owned()),
        _ => Err(cause),
    }
}

impl Table {
    fn of(row: &Row) -> Result<Table, tokio_postgres::Error> {
        let name = Name { schema: row.try_get("schema")?, name: row.try_get("name")? };
        let (bound, by): (Option<String>, Option<Vec<i16>>) =
            (row.try_get("bound")?, row.try_get("by_parent")?);
        Ok(Table {
            oid: row.try_get("oid")?,
            name,
            version: row.try_get("version")?,
            checks: row.try_get::<_, Option<_>>("checks")?.unwrap_or_default(),
            bound: bound.zip(by),
        })
    }
}
