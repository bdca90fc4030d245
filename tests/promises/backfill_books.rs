//! How far a backfill is counts for the rows it was counted on, and for no others.

use std::time::Duration;

use upshift::{BackfillPolicy, DownTarget, Error, Migrator, Report, Source, Stopped, Target, Version};
use upshift_promises::{Database, files};

fn version(number: u64) -> Version {
    Version::new(number).unwrap()
}

/// Batches of seven rows.
fn in_small_batches(db: &Database, source: Source) -> Migrator {
    let policy = BackfillPolicy { first_rows: 7, most_rows: 7, ..BackfillPolicy::default() };
    db.migrator(source).backfill_policy(policy)
}

/// Does a batch or more of it.
async fn some(migrator: &Migrator, number: u64) {
    while migrator.backfills().progress().await.unwrap().first().is_none_or(|it| it.rows == 0) {
        migrator.backfills().work(version(number), Duration::from_millis(50)).await.unwrap();
    }
}

async fn apply(migrator: &Migrator) -> Result<Report, Error> {
    migrator.up(Target::Only(vec![version(2)])).await
}

/// Fifty rows, of which some batches are done: what would be made anew below it would keep its first rows as they are.
#[tokio::test]
async fn what_a_begun_backfill_stands_on_is_not_reverted() {
    const TABLE: &str = "create table t (id bigint primary key, n int);\ninsert into t select generate_series(1, 50);\n\
                         -- upshift: down\ndrop table t;";
    const FILL: &str = "-- upshift: backfill table=t\nupdate t set n = 1 + length(pg_sleep(0.02)::text);\n-- upshift: down\nupdate t set n = null;";
    let way = |up: &'static str| async move {
        let db = Database::new().await;
        let migrator = in_small_batches(&db, files(&[("1_t.sql", TABLE), ("2_fill.sql", FILL)]));
        migrator.up(Target::Version(version(1))).await.unwrap();
        some(&migrator, 2).await;
        for target in [DownTarget::All, DownTarget::Steps(1), DownTarget::Only(version(1))] {
            let error = migrator.down(target).await.unwrap_err().to_string();
            assert!(
                error.contains("2_fill has begun, and 1_t, which is older, is to be reverted"),
                "{error}"
            );
        }
        let backfills = migrator.backfills();
        match up {
            "restarted" => backfills.restart(version(2)).await.unwrap(),
            _ => backfills.cancel(version(2), "the table goes").await.unwrap(),
        }
        migrator.down(DownTarget::All).await.unwrap();
        if up == "cancelled" {
            migrator.up(Target::Version(version(1))).await.unwrap();
            let error = apply(&migrator).await.unwrap_err();
            assert!(matches!(error.stopped(), Some(Stopped::Cancelled { .. })), "{error:?}");
            backfills.restart(version(2)).await.unwrap();
        }
        migrator.up(Target::Head).await.unwrap();
        apply(&migrator).await.unwrap();
        assert_eq!(db.rows("select count(*), count(n) from t").await, "50 | 50", "{up}");
    };
    way("restarted").await;
    way("cancelled").await;
}

/// What is accepted as applied has no books: after a down it begins with its first row.
#[tokio::test]
async fn one_that_is_accepted_as_applied_begins_anew_after_a_down() {
    let db = Database::new().await;
    db.run("create table t (id bigint primary key, n int); insert into t select generate_series(1, 50)")
        .await;
    let fill = "-- upshift: backfill table=t\nupdate t set n = 1 + length(pg_sleep(0.02)::text);\n-- upshift: down\nupdate t set n = null;";
    let migrator =
        in_small_batches(&db, files(&[("1_first.sql", "create table first ();"), ("2_fill.sql", fill)]));
    migrator.up(Target::Version(version(1))).await.unwrap();
    some(&migrator, 2).await;
    migrator.repair().accept_applied(version(2), "by hand").await.unwrap();
    assert_eq!(migrator.backfills().progress().await.unwrap(), []);
    migrator.down(DownTarget::Only(version(2))).await.unwrap();
    apply(&migrator).await.unwrap();
    assert_eq!(db.rows("select count(*), count(n) from t").await, "50 | 50");
}

/// An old release may have to come back at any time.
#[tokio::test]
async fn a_contract_is_taken_back_beside_a_begun_backfill() {
    let db = Database::new().await;
    db.run(
        "create table t (id bigint primary key, n int, old int); insert into t select generate_series(1, 50)",
    )
    .await;
    let contract = "-- upshift: phase contract\nalter table t drop column old;\n-- upshift: down\nalter table t add column old int;";
    let fill = "-- upshift: backfill table=t\nupdate t set n = 1 + length(pg_sleep(0.02)::text);";
    let source =
        files(&[("1_t.sql", "create table first ();"), ("2_old.sql", contract), ("3_fill.sql", fill)]);
    let migrator = in_small_batches(&db, source);
    migrator.up(Target::Version(version(1))).await.unwrap();
    migrator.up(Target::Only(vec![version(2)])).await.unwrap();
    some(&migrator, 3).await;
    migrator.down(DownTarget::Only(version(2))).await.unwrap();
    assert_eq!(db.history().await, "1 | t | applied");
}
