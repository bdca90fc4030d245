//! Several services on one database: a contract of one waits for the others it names.

use expect_test::expect;
use upshift::{GatePolicy, Migrator};
use upshift_promises::releases::{hide, pool_of, quick, release, second, tick};
use upshift_promises::{Database, files};

fn billing(db: &Database, release: &str) -> Migrator {
    let own =
        files(&[("1_invoices.sql", "create table invoices ();\n-- upshift: down\ndrop table invoices;")]);
    Migrator::new(pool_of(db, &format!("billing-{release}")), own)
        .service("billing", release)
        .host("test")
        .schema("upshift_billing")
        .unwrap()
        .gate(quick())
}

#[tokio::test]
async fn the_other_service_has_to_be_there_and_to_say_that_it_tolerates_the_contract() {
    let db = Database::new().await;
    let orders = release(&db, upshift_promises::releases::first(), "1.0.0");
    orders.run().await.unwrap();
    drop(orders);
    let policy = GatePolicy { waits_for: vec!["billing".to_owned()], ..quick() };
    let orders = release(&db, second(), "2.0.0").gate(policy);
    orders.run().await.unwrap();
    let member = orders.register().await.unwrap();
    expect![
        "4_hide_status: closed: no instance of billing that tolerates it, which it waits for, is registered"
    ]
    .assert_eq(&tick(&member).await);

    // It reads orders.status, and says that it works on these tables.
    {
        let old = billing(&db, "1.0.0").tolerates("upshift", []).unwrap();
        old.run().await.unwrap();
        let old = old.register().await.unwrap();
        let held = tick(&member).await;
        assert!(held.starts_with("4_hide_status: closed: billing 1.0.0 on test"), "{held}");
        old.leave().await.unwrap();
    }

    let new = billing(&db, "2.0.0").tolerates("upshift", [hide()]).unwrap();
    let new = new.register().await.unwrap();
    upshift_promises::releases::eventually("the old one's sessions are gone", async || {
        tick(&member).await == "contracted 4_hide_status"
    })
    .await;
    assert_eq!(new.tick().await.unwrap().fitness, upshift::Fitness::Fit);

    // The old one comes too late now.
    let late = billing(&db, "1.0.0").tolerates("upshift", []).unwrap();
    assert!(late.register().await.unwrap_err().is_fenced());
}

#[tokio::test]
async fn a_service_with_tables_of_its_own_is_none_of_the_others_business() {
    let db = Database::new().await;
    let first = upshift_promises::releases::first_on(&db).await;
    drop(first);
    let orders = release(&db, second(), "2.0.0");
    orders.run().await.unwrap();
    let billing = billing(&db, "1.0.0");
    billing.run().await.unwrap();
    let _alive = billing.join().await.unwrap();
    let policy = GatePolicy { allowed: vec![String::new(), "billing-1.0.0".to_owned()], ..quick() };
    let member = release(&db, second(), "2.0.0").gate(policy).register().await.unwrap();
    tick(&member).await;
    assert_eq!(tick(&member).await, "contracted 4_hide_status");
}

#[tokio::test]
async fn it_is_not_enough_that_the_other_service_was_there_without_tolerating_it() {
    let db = Database::new().await;
    drop(upshift_promises::releases::first_on(&db).await);
    let policy = GatePolicy { waits_for: vec!["billing".to_owned()], ..quick() };
    let orders = release(&db, second(), "2.0.0").gate(policy);
    orders.run().await.unwrap();
    {
        // Down for the night, and the same release comes back in the morning.
        let old = billing(&db, "1.0.0").tolerates("upshift", []).unwrap();
        old.run().await.unwrap();
        old.register().await.unwrap().leave().await.unwrap();
    }
    let member = orders.register().await.unwrap();
    upshift_promises::releases::eventually("only that is left", async || {
        tick(&member).await
            == "4_hide_status: closed: no instance of billing that tolerates it, which it waits for, is registered"
    })
    .await;
}

#[tokio::test]
async fn who_is_refused_by_one_fleet_is_registered_in_none() {
    let db = Database::new().await;
    release(&db, second(), "2.0.0").run().await.unwrap();
    let late = billing(&db, "1.0.0").tolerates("upshift", []).unwrap();
    late.run().await.unwrap();
    assert!(late.register().await.unwrap_err().is_fenced());
    let left = "select count(*) from upshift_billing.instance where left_at is null";
    assert_eq!(db.rows(left).await, "0");
}
