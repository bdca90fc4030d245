//! What nobody expects in the tables or in a policy is an error or a closed gate, and never a panic.

use std::time::Duration;

use upshift::{Fitness, GatePolicy};
use upshift_promises::Database;
use upshift_promises::releases::{first, first_on, quick, release, second, second_on, tick};

const ROW: &str =
    "insert into upshift.instance (id, service, application, role, address, contracts, joined_at, seen_at,
    expires_at)";

#[tokio::test]
async fn rows_written_by_hand_open_no_gate_and_break_nothing() {
    let db = Database::new().await;
    drop(first_on(&db).await);
    let migrator = second_on(&db).await;
    let member = migrator.register().await.unwrap();
    for row in [
        "'', '', '', '', '', '{}', now(), now(), 'infinity'",
        "'x', 'orders', '', '', '', '{}', '-infinity', '-infinity', now() + interval '1 hour'",
        "'x', 'orders', '', '', '', '{-4, 0, 9223372036854775807}', now(), now(), '294276-12-31'",
        "'x', 'orders', '', '', '', '{}', now(), '9999-12-31 23:59:59+00', now()",
        "'x', 'orders', '', '', '', '{null}', now(), now(), now() + interval '1 hour'",
        "'x', 'orders', '', '', '', '{{4,4},{4,4}}', now(), now(), now() + interval '1 hour'",
    ] {
        db.run(&format!("{ROW} values ({row})")).await;
        // A word about it, or an error that says what cannot be read; in no case the contract.
        for _ in 0..3 {
            if let Ok(tick) = member.tick().await {
                assert!(!matches!(tick.did, upshift::Did::Contracted { .. }), "{row}");
            }
        }
        if let Ok(status) = migrator.rollout().status().await {
            assert!(!status.to_string().is_empty());
        }
        assert_eq!(member.fitness(), Fitness::Fit, "{row}");
        db.run("delete from upshift.instance where id in ('', 'x')").await;
    }
    tick(&member).await;
    assert_eq!(tick(&member).await, "contracted 4_hide_status");
}

#[tokio::test]
async fn never_is_a_time_too() {
    let db = Database::new().await;
    let never =
        GatePolicy { lease: Duration::MAX, heartbeat: Duration::MAX, grace: Duration::MAX, ..quick() };
    drop(first_on(&db).await);
    drop(second_on(&db).await);
    db.run(&format!(
        "{ROW} values ('x', 'orders', '', '', '', '{{}}', now(), now() - interval '1 hour', now() - interval '1 min'),
        ('y', 'orders', '', '', '', '{{}}', now(), now() - interval '1 hour', now() - interval '1 min')"
    ))
    .await;
    let migrator = release(&db, second(), "2.0.0").gate(never);
    let fleet = migrator.join().await.unwrap();
    assert_eq!(fleet.fitness(), Fitness::Fit);
    let member = migrator.register().await.unwrap();
    let held = tick(&member).await;
    assert!(held.contains("still needed it when last seen"), "{held}");
    fleet.leave().await;
}

#[tokio::test]
async fn a_status_needs_no_tables() {
    let db = Database::new().await;
    let migrator = release(&db, second(), "2.0.0");
    let status = migrator.rollout().status().await.unwrap();
    assert!(status.instances.is_empty());
    assert_eq!(db.rows("select count(*) from pg_namespace where nspname = 'upshift'").await, "0");
}

#[tokio::test]
async fn a_pool_of_one_connection_is_enough() {
    let db = Database::new().await;
    let url = format!("{}?application_name=orders-1.0.0", db.url());
    let pool = upshift_promises::database::pool(&url, 1);
    let migrator = upshift::Migrator::new(pool, first()).service("orders", "1.0.0").gate(quick());
    let member = tokio::time::timeout(Duration::from_secs(20), migrator.register());
    let member = member.await.expect("it waits for itself").unwrap();
    member.tick().await.unwrap();
    migrator.run().await.unwrap();
    drop(member);
    let pool = upshift_promises::database::pool(&format!("{}?application_name=orders-2.0.0", db.url()), 1);
    let new = upshift::Migrator::new(pool, second()).service("orders", "2.0.0").gate(quick());
    new.run().await.unwrap();
    let fleet = new.join().await.unwrap();
    drop(migrator);
    upshift_promises::releases::eventually("it contracts", async || {
        upshift_promises::releases::is_hidden(&db).await
    })
    .await;
    fleet.leave().await;
}

#[tokio::test]
async fn a_schema_may_have_any_name() {
    let db = Database::new().await;
    let migrator = release(&db, first(), "1.0.0").schema("up$1 shift").unwrap();
    migrator.run().await.unwrap();
    migrator.register().await.unwrap().tick().await.unwrap();
    assert_eq!(db.rows("select service from \"up$1 shift\".instance").await, "orders");
}
