//! The database that PostgreSQL's own regression tests leave behind, pulled and made again.
//!
//! `scripts/regression-database` fetches and loads it; nothing of it is in this repository.

use upshift_generate::{Layout, Origin, pull};
use upshift_schema::{Filter, Snapshot};

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
    let pulled = pull(&place, &Origin::Database(from.clone()), &Filter::new(), Layout::OneFile).await;
    let pulled = pulled.unwrap_or_else(|error| panic!("{error}"));
    let client = connect(&to).await;
    for (name, text) in &pulled.files {
        client.batch_execute(text).await.unwrap_or_else(|error| panic!("{name}: {error:?}"));
    }
    assert_eq!(snapshot(&to).await.diff(&wish).to_string(), "");
    eprintln!("regression: {} facts are made again", wish.facts().len());
    let Some(program) = pg_dump() else { return };
    let (wished, made) = (
        dump_of(&program, &address).await,
        dump_of(&program, &address.replace("dbname=regression", "dbname=pulled")).await,
    );
    let lines = wished.lines().count();
    let only = |a: &str, b: &str| -> Vec<String> {
        let there: std::collections::BTreeSet<&str> = b.lines().collect();
        a.lines().filter(|line| !there.contains(line)).map(ToOwned::to_owned).collect()
    };
    assert_eq!(only(&wished, &made), Vec::<String>::new(), "not made");
    assert_eq!(only(&made, &wished), Vec::<String>::new(), "made, but not wished");
    assert!(wished == made, "the lines of both dumps are the same, but in another order");
    eprintln!("regression: {lines} lines of pg_dump are the same");
}
