//! What a statement really does: run in a transaction over the tables of the setup, looked at, rolled back.

use std::collections::{BTreeMap, BTreeSet};

use tokio_postgres::Client;
use upshift_lint::statement::LockMode;
use upshift_promises::database::rows;

use crate::predict::{Case, Deed};

/// A scan shows when at least this many rows were read.
const ROWS: i64 = 400;

/// The tables with fewer rows than a scan shows.
pub async fn small_tables(client: &Client) -> BTreeSet<String> {
    let named = "\
        select c.relname from pg_catalog.pg_class c
        where c.relnamespace = 'z'::regnamespace and c.relkind in ('r', 'p')";
    let mut small = BTreeSet::new();
    for name in rows(client, named).await.lines() {
        let count = rows(client, &format!("select count(*) from only z.{name}")).await;
        if count.parse::<i64>().unwrap() < ROWS {
            small.insert(name.to_owned());
        }
    }
    small
}

/// One look at the database, from within the transaction.
struct Look {
    /// By oid: the name, and the file.
    relations: BTreeMap<String, (String, String)>,
    /// How many rows of each table were read.
    read: BTreeMap<String, i64>,
    /// By oid.
    locks: BTreeSet<(String, LockMode)>,
}

const RELATIONS: &str = "\
    select c.oid, case n.nspname when 'z' then c.relname else n.nspname || '.' || c.relname end, c.relfilenode
    from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    where n.nspname in ('z', 'other')";

const READ: &str = "\
    select c.relname, pg_catalog.pg_stat_get_xact_tuples_returned(c.oid)
    from pg_catalog.pg_class c
    where c.relnamespace = 'z'::regnamespace and c.relkind in ('r', 'p')";

const LOCKS: &str = "\
    select l.relation, l.mode
    from pg_catalog.pg_locks l
    where l.pid = pg_backend_pid() and l.locktype = 'relation'";

impl Look {
    async fn now(client: &Client) -> Look {
        // The locks first: looking takes locks of its own on the catalogue.
        let locks = rows(client, LOCKS).await;
        let relations = rows(client, RELATIONS).await;
        let read = rows(client, READ).await;
        let cells = |text: &str| -> Vec<Vec<String>> {
            text.lines().map(|line| line.split(" | ").map(str::to_owned).collect()).collect()
        };
        Look {
            locks: cells(&locks).into_iter().map(|row| (row[0].clone(), full_mode(&row[1]))).collect(),
            relations: cells(&relations)
                .into_iter()
                .map(|row| (row[0].clone(), (row[1].clone(), row[2].clone())))
                .collect(),
            read: cells(&read).into_iter().map(|row| (row[0].clone(), row[1].parse().unwrap())).collect(),
        }
    }
}

/// `ShareUpdateExclusiveLock` of `pg_locks`.
pub fn full_mode(mode: &str) -> LockMode {
    LockMode::of_pg_locks(mode).unwrap_or_else(|| panic!("{mode} is no mode of a relation's lock"))
}

/// Runs a case and rolls it back.
pub async fn observe(client: &Client, case: &Case) -> Deed {
    client.batch_execute("begin; set local search_path = z").await.unwrap();
    let deed = inside(client, case).await;
    client.batch_execute("rollback").await.unwrap();
    deed
}

async fn inside(client: &Client, case: &Case) -> Deed {
    if let Err(error) = client.batch_execute(&case.before).await {
        return Deed::Refused(words(&error));
    }
    let before = Look::now(client).await;
    if let Err(error) = client.batch_execute(&case.statement).await {
        return Deed::Refused(words(&error));
    }
    let after = Look::now(client).await;
    let mut locks: BTreeMap<String, LockMode> = BTreeMap::new();
    for (oid, mode) in after.locks.difference(&before.locks) {
        if let Some((name, _)) = before.relations.get(oid) {
            let strongest = locks.entry(name.clone()).or_insert(*mode);
            *strongest = (*strongest).max(*mode);
        }
    }
    let rewritten = before
        .relations
        .iter()
        .filter(|(oid, (_, file))| after.relations.get(*oid).is_some_and(|(_, now)| now != file));
    let scanned = after
        .read
        .iter()
        .filter(|(name, read)| before.read.get(*name).is_some_and(|before| **read - before >= ROWS));
    Deed::Done {
        locks,
        rewrites: rewritten.map(|(_, (name, _))| name.clone()).collect(),
        scans: scanned.map(|(name, _)| name.clone()).collect(),
    }
}

fn words(error: &tokio_postgres::Error) -> String {
    error.as_db_error().map_or_else(|| error.to_string(), |error| error.message().to_owned())
}
