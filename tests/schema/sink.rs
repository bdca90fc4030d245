//! One schema with everything in it, as its snapshot is written down, on every major.

use expect_test::expect_file;
use upshift_promises::Database;
use upshift_promises::database::{SERVER, server_is_at_least};
use upshift_schema::{Kind, Snapshot};

use crate::oracle::{role, snapshot};

/// Every kind of object that PostgreSQL 13 has.
pub const KITCHEN_SINK: &str = include_str!("kitchen_sink.sql");

/// A database with all of it.
pub async fn kitchen_sink() -> Database {
    let db = Database::new().await;
    role(&db, "reader").await;
    role(&db, "writer").await;
    db.run(KITCHEN_SINK).await;
    db
}

/// The snapshot, without what differs between majors for a reason (`docs/schema.md`).
async fn stable(db: &Database) -> String {
    let text = snapshot(db).await.to_string();
    let version = |line: &str| match line.split_once("VERSION") {
        Some((before, _)) if line.starts_with("    SCHEMA") => format!("{before}VERSION …\n"),
        _ => format!("{line}\n"),
    };
    text.lines().map(version).collect()
}

#[tokio::test]
async fn the_text_of_a_schema_is_the_same_on_every_major() {
    let text = stable(&kitchen_sink().await).await;
    // From PostgreSQL 16 on a view of one table is printed without the table's name before each column.
    let text = if SERVER.version().major < 16 {
        text.replace("SELECT users.mood", "SELECT mood").replace("GROUP BY users.mood", "GROUP BY mood")
    } else {
        text
    };
    expect_file!["kitchen_sink.txt"].assert_eq(&text);
}

#[tokio::test]
async fn every_kind_of_fact_is_in_the_kitchen_sink() {
    let db = kitchen_sink().await;
    let found = snapshot(&db).await;
    let missing = Kind::ALL.iter().filter(|kind| !found.facts().iter().any(|fact| fact.kind == **kind));
    // A label needs a provider that has to be loaded, a subscription a server to listen to; both are in `changes.rs`
    // or come in versions after 13.
    let missing: Vec<&str> = missing.map(|kind| kind.as_str()).collect();
    assert_eq!(missing, ["publication schema", "subscription", "security label"]);
}

#[tokio::test]
async fn a_snapshot_survives_its_text_and_its_json() {
    let snapshot = snapshot(&kitchen_sink().await).await;
    assert_eq!(snapshot.to_string().parse::<Snapshot>().as_ref(), Ok(&snapshot));
    let json = serde_json::to_string(&snapshot).unwrap();
    assert_eq!(serde_json::from_str::<Snapshot>(&json).unwrap(), snapshot);
    assert!(json.contains(r#"{"kind":"table","id":"app.serials","definition":""}"#), "{json}");
}

#[tokio::test]
async fn what_later_majors_brought_is_seen() {
    let db = Database::new().await;
    db.run("create schema app; create table app.t (a integer, b text)").await;
    let plain = snapshot(&db).await;
    let mut steps = Vec::new();
    if server_is_at_least(14) {
        steps.push("alter table app.t alter column b set compression pglz");
        steps.push("create function app.f(a integer) returns integer begin atomic select a; end");
    }
    if server_is_at_least(15) {
        steps.push("alter table app.t add constraint t_b_key unique nulls not distinct (b)");
        steps.push("create publication p for tables in schema app");
        steps.push("create view app.v with (security_invoker) as select 1 as one");
    }
    if server_is_at_least(18) {
        steps.push("alter table app.t add column c integer generated always as (a + 1) virtual");
        steps.push("alter table app.t add constraint is_there not null a");
        steps.push("alter table app.t add constraint loose check (a > 0) not enforced");
        steps.push("alter publication p set (publish_generated_columns = stored)");
    }
    let mut before = plain;
    let mut text = String::new();
    for step in steps {
        db.run(step).await;
        let after = snapshot(&db).await;
        let diff = before.diff(&after);
        assert!(!diff.is_empty(), "{step}");
        text.push_str(&format!("{step}\n{diff}"));
        before = after;
    }
    let file = match SERVER.version().major {
        13 => expect_file!["later_majors_13.txt"],
        14 => expect_file!["later_majors_14.txt"],
        15..18 => expect_file!["later_majors_15.txt"],
        _ => expect_file!["later_majors_18.txt"],
    };
    file.assert_eq(&text);
}
