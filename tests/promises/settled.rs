//! A database that has everything is recognised by one row, however many migrations there are; and by nothing else.

use expect_test::{Expect, expect};
use upshift::{DownTarget, Health, Source, SourceFile, Target};
use upshift_promises::{Database, files};

/// SQL with a down, Rust code, and a repeatable.
const EMBEDDED: Source = upshift::embed_migrations!("promises/settled");

const SETTLED: &str = "select coalesce(settled, 'no') from upshift.format";

/// A database that had a run of the embedded set.
async fn migrated() -> Database {
    let db = Database::new().await;
    assert_eq!(db.migrator(EMBEDDED).run().await.unwrap().steps.len(), 3);
    db
}

#[tokio::test]
async fn after_a_run_that_left_nothing_the_database_knows_the_set() {
    let db = migrated().await;
    assert_eq!(db.rows(SETTLED).await, EMBEDDED.set().unwrap().fingerprint());
}

/// What nobody can do by the library: rows are gone, and the trigger that would have told was off.
#[tokio::test]
async fn a_boot_of_the_embedded_set_believes_the_one_row() {
    let db = migrated().await;
    db.run(
        "alter table upshift.history disable trigger history_unsettles; delete from upshift.history;
        alter table upshift.history enable trigger history_unsettles",
    )
    .await;
    let report = db.migrator(EMBEDDED).run().await.unwrap();
    assert!(report.is_empty(), "{report}");
    // So does a readiness check, which is asked every few seconds.
    assert_eq!(db.migrator(EMBEDDED).health().await.unwrap(), Health::Fits);
    // Every other question reads the history.
    assert_eq!(db.migrator(EMBEDDED).plan(Target::Head).await.unwrap().steps().count(), 3);
}

#[tokio::test]
async fn another_set_compares_the_history() {
    let db = migrated().await;
    let one_more = [SourceFile::new("3_orders.sql", "create table orders ()")];
    let more = EMBEDDED.with_files(one_more.clone());
    assert_eq!(db.migrator(&more).run().await.unwrap().steps.len(), 1);
    assert_eq!(db.rows(SETTLED).await, more.set().unwrap().fingerprint());
    let older = db.migrator(EMBEDDED).run().await.unwrap();
    assert_eq!(older.notes.len(), 1, "an older release notices the newer migration: {older}");
}

/// A write to the history, and what the next boot makes of it.
async fn check(edit: &str, expected: Expect) {
    let db = migrated().await;
    db.run(edit).await;
    assert_eq!(db.rows(SETTLED).await, "no", "{edit}");
    let outcome = db.migrator(EMBEDDED).run().await;
    expected.assert_eq(&match outcome {
        Ok(report) => report.steps.iter().map(|step| step.label.as_str()).collect::<Vec<_>>().join(" "),
        Err(error) => error.to_string(),
    });
}

#[tokio::test]
async fn whoever_writes_the_history_unsettles_it() {
    check("update upshift.history set up_checksum = null where version is null", expect!["R__names"]).await;
    check(
        "update upshift.history set up_checksum = 'v1:' || repeat('0', 64) where version = 1",
        expect!["no plan can be made: 1_users was edited after it was applied"],
    )
    .await;
    check(
        "set session_replication_role = replica; delete from upshift.history where version is null",
        expect!["R__names"],
    )
    .await;
}

#[tokio::test]
async fn a_way_back_unsettles_and_the_way_forth_settles() {
    let db = migrated().await;
    db.migrator(EMBEDDED).down(DownTarget::Steps(1)).await.unwrap();
    assert_eq!(db.rows(SETTLED).await, "no");
    assert!(!db.migrator(EMBEDDED).run().await.unwrap().is_empty());
    assert_eq!(db.rows(SETTLED).await, EMBEDDED.set().unwrap().fingerprint());
}

#[tokio::test]
async fn what_is_left_to_do_leaves_it_unsettled() {
    let db = Database::new().await;
    let set = files(&[("1_a.sql", "create table a ()"), ("2_b.sql", "create table b ()")]);
    db.migrator(set.clone()).up(Target::Steps(1)).await.unwrap();
    assert_eq!(db.rows(SETTLED).await, "no");
    db.migrator(set.clone()).up(Target::Steps(1)).await.unwrap();
    assert_eq!(db.rows(SETTLED).await, set.set().unwrap().fingerprint(), "whichever way it was reached");
}
