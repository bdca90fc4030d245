//! What is asked of the server, all of it readable by any role; what a role may not see is less, not an error. For
//! PostgreSQL 13 to 18. Nothing is prepared, for a transaction pooler in front of it.

use std::collections::BTreeMap;

use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Client, Row};
use upshift_lint::statement::Name;

use super::foresee::Touch;
use crate::failure::Failure;

/// What is known of the server.
#[derive(Debug, Clone, Default)]
pub(super) struct Facts {
    pub(super) server: Server,
    pub(super) transactions: Vec<Transaction>,
    pub(super) prepared: Vec<String>,
    pub(super) invalid_indexes: Vec<String>,
    pub(super) unvalidated: Vec<String>,
    pub(super) replicas: Vec<Replica>,
    pub(super) slots: Vec<String>,
    pub(super) tables: BTreeMap<Name, Table>,
    /// Kilobytes that are free where the database is; `None` where that cannot be known.
    pub(super) free_kb: Option<u64>,
}

#[derive(Debug, Clone, Default)]
pub(super) struct Server {
    pub(super) version: i32,
    pub(super) words: String,
    pub(super) is_replica: bool,
    pub(super) role: String,
    pub(super) may_create: bool,
    pub(super) connections: i64,
    pub(super) most_connections: i64,
    pub(super) database: String,
    pub(super) size: i64,
    pub(super) oldest_xid_age: i64,
    pub(super) failed_archives: i64,
    pub(super) sees_others: bool,
}

#[derive(Debug, Clone, Default)]
pub(super) struct Transaction {
    pub(super) pid: i32,
    pub(super) role: String,
    pub(super) application: String,
    pub(super) state: String,
    pub(super) seconds: i64,
    pub(super) query: String,
    /// Relations that it has locked.
    pub(super) relations: Vec<String>,
}

#[derive(Debug, Clone, Default)]
pub(super) struct Replica {
    pub(super) name: String,
    pub(super) lag_seconds: i64,
    pub(super) lag_bytes: i64,
}

#[derive(Debug, Clone, Default)]
pub(super) struct Table {
    pub(super) bytes: i64,
    pub(super) rows: i64,
    /// Rows read and written since the statistics were last reset.
    pub(super) reads: i64,
    pub(super) writes: i64,
    pub(super) policies: i64,
    pub(super) row_security: bool,
}

const SERVER: &str = "
    select pg_catalog.current_setting('server_version_num')::pg_catalog.int4 as version,
           pg_catalog.current_setting('server_version') as words,
           pg_catalog.pg_is_in_recovery() as is_replica,
           current_user::pg_catalog.text as role,
           pg_catalog.has_database_privilege(pg_catalog.current_database(), 'CREATE') as may_create,
           (select pg_catalog.count(*) from pg_catalog.pg_stat_activity where backend_type = 'client backend')
               as connections,
           pg_catalog.current_setting('max_connections')::pg_catalog.int8
               - pg_catalog.current_setting('superuser_reserved_connections')::pg_catalog.int8 as most_connections,
           pg_catalog.current_database()::pg_catalog.text as database,
           case when pg_catalog.has_database_privilege(pg_catalog.current_database(), 'CONNECT')
               then pg_catalog.pg_database_size(pg_catalog.current_database()) else 0 end as size,
           (select pg_catalog.age(datfrozenxid)::pg_catalog.int8 from pg_catalog.pg_database
               where datname = pg_catalog.current_database()) as oldest_xid_age,
           (select case when last_failed_time > coalesce(last_archived_time, '-infinity')
               then failed_count else 0 end from pg_catalog.pg_stat_archiver) as failed_archives,
           pg_catalog.pg_has_role('pg_read_all_stats', 'member') as sees_others";

const TRANSACTIONS: &str = "
    select a.pid, coalesce(a.usename, '')::pg_catalog.text as role,
           coalesce(a.application_name, '') as application,
           coalesce(a.state, '?') as state,
           extract(epoch from pg_catalog.clock_timestamp() - a.xact_start)::pg_catalog.int8 as seconds,
           pg_catalog.left(coalesce(a.query, ''), 120) as query,
           array(select distinct l.relation::pg_catalog.regclass::pg_catalog.text
               from pg_catalog.pg_locks l join pg_catalog.pg_class c on c.oid = l.relation
               where l.pid = a.pid and l.granted and l.locktype = 'relation' and c.relkind in ('r', 'p', 'm')
                 and c.relnamespace <> 'pg_catalog'::pg_catalog.regnamespace order by 1) as relations
    from pg_catalog.pg_stat_activity a
    where a.pid <> pg_catalog.pg_backend_pid() and a.backend_type = 'client backend'
      and a.xact_start < pg_catalog.clock_timestamp() - '30 seconds'::pg_catalog.interval
    order by a.xact_start limit 20";

const PREPARED: &str = "
    select pg_catalog.format('%s, of %s, since %s', gid, owner, pg_catalog.date_trunc('second', prepared)) as text
    from pg_catalog.pg_prepared_xacts where database = pg_catalog.current_database() order by prepared limit 20";

const INVALID: &str = "
    select pg_catalog.format('%s on %s', i.indexrelid::pg_catalog.regclass, i.indrelid::pg_catalog.regclass) as text
    from pg_catalog.pg_index i join pg_catalog.pg_class c on c.oid = i.indexrelid
    where not i.indisvalid and c.relkind = 'i' order by 1 limit 50";

const UNVALIDATED: &str = "
    select pg_catalog.format('%I on %s', conname, conrelid::pg_catalog.regclass) as text
    from pg_catalog.pg_constraint where not convalidated and conrelid <> 0 order by 1 limit 50";

const REPLICAS: &str = "
    select coalesce(application_name, '') as name,
           coalesce(extract(epoch from replay_lag), 0)::pg_catalog.int8 as lag_seconds,
           coalesce(pg_catalog.pg_wal_lsn_diff(sent_lsn, replay_lsn), 0)::pg_catalog.int8 as lag_bytes
    from pg_catalog.pg_stat_replication order by 1";

const SLOTS: &str = "
    select pg_catalog.format('%s, which nobody reads, keeps WAL%s', slot_name,
        coalesce(' (' || wal_status || ')', '')) as text
    from pg_catalog.pg_replication_slots where not active order by 1 limit 20";

const TABLE: &str = "
    select pg_catalog.pg_total_relation_size(c.oid) as bytes,
           greatest(c.reltuples, 0)::pg_catalog.int8 as rows,
           coalesce(s.seq_tup_read, 0) + coalesce(s.idx_tup_fetch, 0) as reads,
           coalesce(s.n_tup_ins + s.n_tup_upd + s.n_tup_del, 0) as writes,
           (select pg_catalog.count(*) from pg_catalog.pg_policy p where p.polrelid = c.oid) as policies,
           c.relrowsecurity as row_security
    from pg_catalog.pg_class c left join pg_catalog.pg_stat_all_tables s on s.relid = c.oid
    -- Not by to_regclass, which fails for a schema that the role may not use.
    where c.relname = $2 and c.relnamespace in (select n.oid from pg_catalog.pg_namespace n
        where n.nspname = $1 or $1 is null and pg_catalog.pg_table_is_visible(c.oid))";

/// Whether an extension is there, can be had, and by whom. $1 its name.
const EXTENSION: &str = "
    select e.name::pg_catalog.text, e.installed_version is not null as is_made,
           exists (select from pg_catalog.pg_available_extension_versions v
               where v.name = e.name and v.version = e.default_version and (v.trusted or not v.superuser)) as anybody,
           (select rolsuper from pg_catalog.pg_roles where rolname = current_user) as superuser
    from pg_catalog.pg_available_extensions e where e.name = $1";

/// How far an extension is that a migration makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Extension {
    /// It is made already, or this role may make it.
    Fine,
    /// Only a superuser may make it, and this role is none.
    ForSuperusers,
    /// It is not installed on the server.
    NotThere,
}

/// How far these extensions are.
pub(super) async fn extensions<'n>(
    client: &Client,
    names: impl Iterator<Item = &'n String>,
) -> Result<BTreeMap<String, Extension>, Failure> {
    let mut found = BTreeMap::new();
    for name in names {
        let row =
            client.query_typed_opt(EXTENSION, &[(name, Type::TEXT)]).await.map_err(|cause| broken(&cause))?;
        let read = |column: &str| row.as_ref().map_or(Ok(false), |row| row.try_get(column));
        let (is_made, anybody) = (read("is_made"), read("anybody"));
        let (Ok(is_made), Ok(anybody), Ok(superuser)) = (is_made, anybody, read("superuser")) else {
            continue;
        };
        let standing = match &row {
            None => Extension::NotThere,
            Some(_) if is_made || anybody || superuser => Extension::Fine,
            Some(_) => Extension::ForSuperusers,
        };
        found.insert(name.clone(), standing);
    }
    Ok(found)
}

/// The server's major version.
pub(super) async fn major(client: &Client) -> Result<u16, Failure> {
    let sql = "select pg_catalog.current_setting('server_version_num')::pg_catalog.int4 / 10000";
    let row = client.query_typed_one(sql, &[]).await.map_err(|cause| broken(&cause))?;
    let number: i32 = row.try_get(0).map_err(|cause| broken(&cause))?;
    Ok(u16::try_from(number).unwrap_or_default())
}

/// Whether there is a schema of this name.
pub(super) async fn has_schema(client: &Client, name: &str) -> Result<bool, Failure> {
    let sql = "select exists(select from pg_catalog.pg_namespace where nspname operator(pg_catalog.=) $1)";
    let row = client.query_typed_one(sql, &[(&name, Type::NAME)]).await.map_err(|cause| broken(&cause))?;
    row.try_get(0).map_err(|cause| broken(&cause))
}

impl Facts {
    /// Asks all of it.
    pub(super) async fn read(client: &Client, touched: &BTreeMap<Name, Touch>) -> Result<Facts, Failure> {
        let server = one(client, SERVER, server).await?;
        let mut tables = BTreeMap::new();
        for name in touched.keys() {
            let named: [(&(dyn ToSql + Sync), Type); 2] =
                [(&name.schema, Type::TEXT), (&name.name, Type::TEXT)];
            let rows = client.query_typed(TABLE, &named).await.map_err(|cause| broken(&cause))?;
            if let Some(row) = rows.first() {
                tables.insert(name.clone(), table(row).map_err(|cause| broken(&cause))?);
            }
        }
        Ok(Facts {
            server,
            transactions: all(client, TRANSACTIONS, transaction).await?,
            prepared: all(client, PREPARED, words).await?,
            invalid_indexes: all(client, INVALID, words).await?,
            unvalidated: all(client, UNVALIDATED, words).await?,
            replicas: all(client, REPLICAS, replica).await?,
            slots: all(client, SLOTS, words).await?,
            tables,
            free_kb: free_space(client).await,
        })
    }
}

fn broken(cause: &tokio_postgres::Error) -> Failure {
    let words = cause.as_db_error().map_or_else(|| cause.to_string(), |error| error.message().to_owned());
    Failure::failed(format!("the server cannot be asked about itself: {words}"))
}

type Read<T> = fn(&Row) -> Result<T, tokio_postgres::Error>;

async fn all<T>(client: &Client, sql: &str, read: Read<T>) -> Result<Vec<T>, Failure> {
    let rows = client.query_typed(sql, &[]).await.map_err(|cause| broken(&cause))?;
    rows.iter().map(read).collect::<Result<_, _>>().map_err(|cause| broken(&cause))
}

async fn one<T>(client: &Client, sql: &str, read: Read<T>) -> Result<T, Failure> {
    let row = client.query_typed_one(sql, &[]).await.map_err(|cause| broken(&cause))?;
    read(&row).map_err(|cause| broken(&cause))
}

fn words(row: &Row) -> Result<String, tokio_postgres::Error> {
    row.try_get("text")
}

fn server(row: &Row) -> Result<Server, tokio_postgres::Error> {
    Ok(Server {
        version: row.try_get("version")?,
        words: row.try_get("words")?,
        is_replica: row.try_get("is_replica")?,
        role: row.try_get("role")?,
        may_create: row.try_get("may_create")?,
        connections: row.try_get("connections")?,
        most_connections: row.try_get("most_connections")?,
        database: row.try_get("database")?,
        size: row.try_get("size")?,
        oldest_xid_age: row.try_get::<_, Option<i64>>("oldest_xid_age")?.unwrap_or_default(),
        failed_archives: row.try_get::<_, Option<i64>>("failed_archives")?.unwrap_or_default(),
        sees_others: row.try_get("sees_others")?,
    })
}

fn transaction(row: &Row) -> Result<Transaction, tokio_postgres::Error> {
    Ok(Transaction {
        pid: row.try_get("pid")?,
        role: row.try_get("role")?,
        application: row.try_get("application")?,
        state: row.try_get("state")?,
        seconds: row.try_get("seconds")?,
        query: row.try_get("query")?,
        relations: row.try_get("relations")?,
    })
}

fn replica(row: &Row) -> Result<Replica, tokio_postgres::Error> {
    Ok(Replica {
        name: row.try_get("name")?,
        lag_seconds: row.try_get("lag_seconds")?,
        lag_bytes: row.try_get("lag_bytes")?,
    })
}

fn table(row: &Row) -> Result<Table, tokio_postgres::Error> {
    Ok(Table {
        bytes: row.try_get("bytes")?,
        rows: row.try_get("rows")?,
        reads: row.try_get("reads")?,
        writes: row.try_get("writes")?,
        policies: row.try_get("policies")?,
        row_security: row.try_get("row_security")?,
    })
}

/// What is free where the server keeps its data, when it is this machine and it says where: no SQL tells that.
async fn free_space(client: &Client) -> Option<u64> {
    let sql = "select pg_catalog.current_setting('data_directory')
               where pg_catalog.pg_has_role('pg_read_all_settings', 'usage')
                   and (pg_catalog.inet_server_addr() is null
                   or pg_catalog.host(pg_catalog.inet_server_addr()) = pg_catalog.host(pg_catalog.inet_client_addr()))";
    let folder: String = client.query_typed_opt(sql, &[]).await.ok()??.try_get(0).ok()?;
    let told = tokio::process::Command::new("df").args(["-Pk", &folder]).output().await.ok()?;
    let line = String::from_utf8(told.stdout).ok()?;
    line.lines().nth(1)?.split_whitespace().nth(3)?.parse().ok()
}
