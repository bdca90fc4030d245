//! pg_dump, the oracle: it is there to write down everything but the rows.

use std::path::PathBuf;

use tokio::process::Command;
use tokio_postgres::Client;
use upshift_promises::Database;
use upshift_promises::database::client_program;
use upshift_schema::{Filter, Snapshot};

/// pg_dump of the server; `None`, and a line that says so, where it has none.
pub fn pg_dump() -> Option<PathBuf> {
    client_program("pg_dump")
}

/// The schema as pg_dump writes it, without what is ours.
pub async fn dump(program: &PathBuf, db: &Database) -> String {
    dump_of(program, &db.url()).await
}

/// That of a database anywhere.
pub async fn dump_of(program: &PathBuf, address: &str) -> String {
    let output = Command::new(program)
        .args(["--schema-only", "--exclude-schema=upshift"])
        .arg(address)
        .output()
        .await
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    // Newer servers wrap the dump in a key made up for each.
    text.lines().filter(|line| !line.contains("restrict ")).collect::<Vec<_>>().join("\n")
}

/// Everything a snapshot can hold.
pub async fn snapshot(db: &Database) -> Snapshot {
    read(&db.client().await).await
}

/// The same over a connection that is there.
pub async fn read(client: &Client) -> Snapshot {
    Snapshot::read(client, &Filter::new()).await.unwrap_or_else(|error| panic!("{error:?}"))
}

/// Makes a role unless it is there: roles belong to the server, and other tests have the same.
pub async fn role(db: &Database, name: &str) {
    let sql = format!(
        "do $$ begin create role {name}; exception when duplicate_object or unique_violation then null; end $$"
    );
    db.run(&sql).await;
}
