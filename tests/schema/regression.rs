//! The database that PostgreSQL's own regression tests leave behind, pulled and made again.
//!
//! `scripts/regression-database` fetches and loads it; nothing of it is in this repository.

use std::collections::BTreeSet;

use upshift_generate::{Layout, Origin, pull};
use upshift_schema::{Change, Filter, Snapshot, Verdict};

use crate::oracle::{dump_of, pg_dump};

async fn connect(config: &tokio_postgres::Config) -> tokio_postgres::Client {
    let (client, connection) = config.connect(tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

async fn snapshot(config: &tokio_postgres::Config) -> Snapshot {
    Snapshot::read(&connect(config).await, &Filter::new()).await.unwrap()
}

#[tokio::test]
async fn the_regression_database_of_postgresql_is_made_again() {
    let Ok(address) = std::env::var("UPSHIFT_REGRESSION_DATABASE") else {
        eprintln!("SKIPPED: UPSHIFT_REGRESSION_DATABASE is not set: scripts/regression-database");
        return;
    };
    let from: tokio_postgres::Config = address.parse().unwrap();
    let place = from.clone().dbname("postgres").clone();
    let desk = connect(&place).await;
    for sql in ["drop database if exists pulled", "create database pulled template template0"] {
        desk.batch_execute(sql).await.unwrap();
    }
    let to = from.clone().dbname("pulled").clone();
    let wish = snapshot(&from).await;
    let pulled =
        pull(&place.into(), &Origin::Database(from.clone().into()), &Filter::new(), Layout::OneFile).await;
    let pulled = pulled.unwrap_or_else(|error| panic!("{error}"));
    let client = connect(&to).await;
    for (name, text) in &pulled.files {
        client.batch_execute(text).await.unwrap_or_else(|error| panic!("{name}: {error:?}"));
    }
    let diff = snapshot(&to).await.diff(&wish);
    // What a parent got later stands last in its children, and nothing but the same history makes that again: neither does
    // what pg_dump writes.
    let ordered: Vec<&str> = diff.changes.iter().map(Change::id).collect();
    assert_eq!(diff.verdict(), Verdict::ColumnOrder, "{diff}");
    assert_eq!(ordered, ORDERED);
    eprintln!(
        "regression: {} facts are made again, but for the order of columns of {}",
        wish.facts().len(),
        ORDERED.len()
    );
    let Some(program) = pg_dump() else { return };
    let wished = lines(&dump_of(&program, &address).await);
    let copy = address.replace("dbname=regression", "dbname=pulled");
    let made = lines(&dump_of(&program, &copy).await);
    let made_lines: BTreeSet<&String> = made.iter().collect();
    let (same, more): (Vec<&String>, Vec<&String>) = wished.iter().partition(|it| made_lines.contains(it));
    // A snapshot does not tell privileges on what is the system's.
    assert_eq!(more, SYSTEM, "not made");
    assert!(same.iter().copied().eq(&made), "the lines of the copy are others, or stand in another order");
    eprintln!("regression: {} of {} lines of pg_dump are the same", same.len(), wished.len());
}

const ORDERED: &[&str] = &[
    "public.b_star",
    "public.c_star",
    "public.d_star",
    "public.e_star",
    "public.f_star",
    "public.renamecolumnanother",
    "public.renamecolumnchild",
    "public.test_type_diff_c",
];

const SYSTEM: &[&str] = &[
    "-- Name: COLUMN pg_authid.rolname; Type: ACL; Schema: pg_catalog; Owner: postgres",
    "GRANT SELECT(rolname) ON TABLE pg_catalog.pg_authid TO postgres;",
    "-- Name: COLUMN pg_authid.rolsuper; Type: ACL; Schema: pg_catalog; Owner: postgres",
    "GRANT SELECT(rolsuper) ON TABLE pg_catalog.pg_authid TO postgres;",
    "-- Name: COLUMN pg_proc.prosrc; Type: ACL; Schema: pg_catalog; Owner: postgres",
    "GRANT SELECT(prosrc) ON TABLE pg_catalog.pg_proc TO postgres;",
];

/// Without what frames them.
fn lines(dump: &str) -> Vec<String> {
    dump.lines().filter(|line| !line.is_empty() && *line != "--").map(ToOwned::to_owned).collect()
}
