//! A contract that no transaction can hold: the fence stands before its first statement, and until it is taken back.

use upshift::{GatePolicy, Migrator, Source};
use upshift_promises::Database;
use upshift_promises::files;
use upshift_promises::releases::{EXPAND, ORDERS, eventually, first, first_on, hide, quick, release, tick};

const FILE: &str = "-- upshift: phase contract\n\
    create index concurrently orders_state on orders (state);\n\
    select 1 / count(*) from mended;\n\
    alter table orders rename column status to hidden_status;\n\
    -- upshift: down\n\
    alter table orders rename column hidden_status to status;\n\
    drop index concurrently orders_state;";

fn concurrent() -> Source {
    files(&[ORDERS, EXPAND, ("4_hide_status.sql", FILE)])
}

async fn ready(db: &Database) -> Migrator {
    drop(first_on(db).await);
    db.run("create table mended ()").await;
    let migrator = release(db, concurrent(), "2.0.0").gate(GatePolicy { checks: 1, ..quick() });
    migrator.run().await.unwrap();
    migrator
}

#[tokio::test]
async fn it_is_fenced_from_its_first_statement_on_and_resumed_where_it_stopped() {
    let db = Database::new().await;
    let migrator = ready(&db).await;
    let member = migrator.register().await.unwrap();
    let failed = member.tick().await.unwrap_err();
    assert_eq!(failed.sqlstate(), Some("22012"), "{failed:?}");
    assert_eq!(db.history().await, "1 | orders | applied\n2 | state | applied\n4 | hide_status | failed");

    // Half of it is done: old code stays out, the operator sees it, and nothing takes it back half.
    assert!(release(&db, first(), "1.0.0").register().await.unwrap_err().is_fenced());
    let status = migrator.rollout().status().await.unwrap().to_string();
    assert!(status.starts_with("contract  4_hide_status  stopped in the middle"), "{status}");
    let refused = migrator.rollout().unhide(hide()).await.unwrap_err();
    assert!(refused.to_string().contains("4_hide_status"), "{}", refused.render());
    assert_eq!(
        db.rows("select count(*) from upshift.word").await,
        "0",
        "no hold that would keep it half done"
    );

    db.run("insert into mended default values").await;
    assert_eq!(tick(&member).await, "contracted 4_hide_status");
    drop(member);
    let report = release(&db, first(), "1.0.0").rollout().unhide(hide()).await.unwrap();
    assert_eq!(upshift_promises::steps(&report), "down 4_hide_status");
    release(&db, first(), "1.0.0").register().await.unwrap().leave().await.unwrap();
}

#[tokio::test]
async fn who_dies_in_it_leaves_the_fence_and_another_one_ends_it() {
    let db = Database::new().await;
    let migrator = ready(&db).await;
    db.run("insert into mended default values").await;
    let busy = db.client().await;
    busy.batch_execute("begin; insert into orders (status) values ('paid')").await.unwrap();
    let member = migrator.register().await.unwrap();
    let dying = tokio::spawn(async move { member.tick().await });
    let builds = "select count(*) from pg_stat_activity where datname = current_database() and query like 'create index conc%'";
    eventually("it is at its index", async || db.rows(builds).await == "1").await;
    assert!(
        release(&db, first(), "1.0.0").register().await.unwrap_err().is_fenced(),
        "the fence comes first"
    );
    dying.abort();
    assert!(dying.await.unwrap_err().is_cancelled());
    busy.batch_execute("commit").await.unwrap();
    assert!(release(&db, first(), "1.0.0").register().await.unwrap_err().is_fenced());
    let other = migrator.register().await.unwrap();
    eventually("another one ends it", async || tick(&other).await == "contracted 4_hide_status").await;
    assert_eq!(
        db.rows("select indisvalid from pg_index where indexrelid = 'orders_state'::regclass").await,
        "t"
    );
}

#[tokio::test]
async fn all_in_one_transaction_it_is_judged_as_well() {
    let db = Database::new().await;
    drop(first_on(&db).await);
    let policy = GatePolicy { checks: 1, ..quick() };
    let migrator = release(&db, upshift_promises::releases::second(), "2.0.0")
        .grouping(upshift::Grouping::AllInOne)
        .gate(policy);
    migrator.run().await.unwrap();
    let old = release(&db, first(), "1.0.0").register().await.unwrap();
    let member = migrator.register().await.unwrap();
    assert!(tick(&member).await.contains("still needs it"));
    old.leave().await.unwrap();
    eventually("it runs", async || tick(&member).await == "contracted 4_hide_status").await;
    // What no transaction holds is refused with words, each time.
    let db = Database::new().await;
    let migrator = ready(&db).await.grouping(upshift::Grouping::AllInOne);
    let member = migrator.register().await.unwrap();
    let refused = member.tick().await.unwrap_err();
    assert!(!refused.refusals().is_empty(), "{refused:?}");
    assert_eq!(db.rows("select count(*) from upshift.history where version = 4").await, "0");
}
