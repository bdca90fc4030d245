//! A contract runs by itself when nobody is left who needs what it removes, and not before.

use std::time::Duration;

use expect_test::expect;
use upshift::{Gate, GatePolicy, Target};
use upshift_promises::releases::{
    eventually, first_on, hide, is_hidden, kill, quick, release, second, second_on, tick,
};
use upshift_promises::{Database, steps};

#[tokio::test]
async fn a_boot_never_runs_it() {
    let db = Database::new().await;
    first_on(&db).await;
    let report = release(&db, second(), "2.0.0").run().await.unwrap();
    expect![[r#"
        up 2_state; blocked: 4_hide_status: a contract waits for its gate, which `migrator.join()` looks after"#]]
    .assert_eq(&format!(
        "{}; blocked: {}: {}",
        steps(&report),
        report.blocked[0].label,
        report.blocked[0].by
    ));
    assert!(!is_hidden(&db).await);
}

#[tokio::test]
async fn the_last_one_who_leaves_opens_the_gate() {
    let db = Database::new().await;
    let (first, second) = (first_on(&db).await, second_on(&db).await);
    let old = [first.register().await.unwrap(), first.register().await.unwrap()];
    let _fleet = second.join().await.unwrap();
    let observer = second.register().await.unwrap();
    for old in old {
        assert!(tick(&observer).await.contains("orders 1.0.0 on test"), "somebody needs it still");
        old.leave().await.unwrap();
    }
    // The first release's pool is part of its process: it goes with it.
    drop(first);
    eventually("the contract is applied", async || is_hidden(&db).await).await;
    let audit = "select action, outcome, version, release from upshift.audit where version = 4";
    assert_eq!(db.rows(audit).await, "apply | done | 4 | 2.0.0");
    eventually("then there is nothing to do", async || tick(&observer).await == "nothing").await;
}

#[tokio::test]
async fn the_gate_must_be_found_open_several_times_in_a_row() {
    let db = Database::new().await;
    let first = first_on(&db).await;
    let member = second_on(&db).await.register().await.unwrap();
    let old = first.register().await.unwrap();
    drop(first);
    assert!(tick(&member).await.contains("still needs it"));
    old.leave().await.unwrap();
    eventually("open once its session has ended", async || tick(&member).await == "4_hide_status: open")
        .await;
    // Somebody comes back in between.
    let first = first_on(&db).await;
    let old = first.register().await.unwrap();
    assert!(tick(&member).await.contains("still needs it"));
    old.leave().await.unwrap();
    drop(first);
    eventually("open again", async || tick(&member).await == "4_hide_status: open").await;
    assert_eq!(tick(&member).await, "contracted 4_hide_status");
}

#[tokio::test]
async fn on_an_empty_database_it_runs_with_everything_else() {
    let db = Database::new().await;
    let report = release(&db, second(), "2.0.0").run().await.unwrap();
    expect!["up 1_orders, up 2_state, up 4_hide_status"].assert_eq(&steps(&report));
}

#[tokio::test]
async fn by_name_it_runs_whoever_is_alive() {
    let db = Database::new().await;
    let old = first_on(&db).await.register().await.unwrap();
    let report = second_on(&db).await.up(Target::Only(vec![hide()])).await.unwrap();
    expect!["up 4_hide_status"].assert_eq(&steps(&report));
    // Who is alive learns of it with the next heartbeat.
    expect!["applied, and not known to this binary: 4_hide_status"]
        .assert_eq(&old.tick().await.unwrap().fitness.to_string());
}

#[tokio::test]
async fn a_session_of_nobody_and_a_prepared_transaction_hold_it() {
    let db = Database::new().await;
    drop(first_on(&db).await);
    let member = second_on(&db).await.register().await.unwrap();
    let cron = upshift_promises::database::connect(&format!("{}?application_name=cron", db.url())).await;
    let held = tick(&member).await;
    assert!(held.contains("(cron, postgres at 127.0.0.1) belongs to no registered instance"), "{held}");
    cron.batch_execute("begin; insert into orders (status) values ('new'); prepare transaction 'forgotten'")
        .await
        .unwrap();
    drop(cron);
    eventually("only the prepared transaction is left", async || {
        tick(&member).await.contains("closed: the transaction 'forgotten' of postgres was prepared")
    })
    .await;
    db.run("rollback prepared 'forgotten'").await;
    assert_eq!(tick(&member).await, "4_hide_status: open");
    assert_eq!(tick(&member).await, "contracted 4_hide_status");
}

#[tokio::test]
async fn who_idles_in_a_transaction_holds_it_up_without_being_in_anybodys_way() {
    let db = Database::new().await;
    drop(first_on(&db).await);
    let migrator = second_on(&db).await;
    let member = migrator.register().await.unwrap();
    // Allowed, as the tests' own connections are, so that only its lock is in the way.
    let idle = db.client().await;
    idle.batch_execute("begin; lock orders in access share mode").await.unwrap();
    assert_eq!(tick(&member).await, "4_hide_status: open");
    let contracting = member.tick();
    let serving = async {
        // As long as the contract waits its turns, each no longer than its lock timeout.
        for _ in 0..5 {
            db.run("insert into orders (status) values ('paid')").await;
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        idle.batch_execute("commit").await.unwrap();
    };
    let (contracted, ()) = futures_util::future::join(contracting, serving).await;
    contracted.unwrap();
    assert!(is_hidden(&db).await);
}

#[tokio::test]
async fn at_once_is_for_those_who_are_alone() {
    let db = Database::new().await;
    let old = first_on(&db).await.register().await.unwrap();
    second_on(&db).await;
    let policy = GatePolicy { gate: Gate::Immediate, ..quick() };
    let member = release(&db, second(), "2.0.0").gate(policy).register().await.unwrap();
    assert_eq!(tick(&member).await, "contracted 4_hide_status");
    drop(old);
}

#[tokio::test]
async fn whose_lease_is_over_is_waited_for_and_then_given_up() {
    let db = Database::new().await;
    let first = first_on(&db).await;
    let old = first.register().await.unwrap();
    let member = second_on(&db).await.register().await.unwrap();
    // As a killed process leaves it: no goodbye, no session.
    db.run(&format!(
        "update upshift.instance set seen_at = now() - interval '40 s', expires_at = now() where id = '{}'",
        old.id()
    ))
    .await;
    kill(&db, "orders-1.0.0", [old]).await;
    eventually("it is given up", async || tick(&member).await == "contracted 4_hide_status").await;
}

/// A hotfix of the old release has a newer migration than the contract, and needs what that removes all the same.
#[tokio::test]
async fn it_counts_what_a_process_tolerates_and_not_how_new_it_is() {
    use upshift_promises::releases::{EXPAND, ORDERS};
    let db = Database::new().await;
    drop(first_on(&db).await);
    let hotfix = ("9_hotfix.sql", "create table hotfix ();\n-- upshift: down\ndrop table hotfix;");
    let branch = release(&db, upshift_promises::files(&[ORDERS, EXPAND, hotfix]), "1.0.1");
    branch.run().await.unwrap();
    let hotfixed = branch.register().await.unwrap();
    let new = release(&db, second(), "2.0.0")
        .policy(upshift::Policy { out_of_order: upshift::OutOfOrder::Apply, ..upshift::Policy::default() });
    new.run().await.unwrap();
    let member = new.register().await.unwrap();
    let held = tick(&member).await;
    assert!(held.starts_with("4_hide_status: closed: orders 1.0.1 on test"), "{held}");
    hotfixed.leave().await.unwrap();
    drop(branch);
    eventually("it runs", async || tick(&member).await == "contracted 4_hide_status").await;
}

/// A service that leaves its migrations to a job of their own may be there before that job was.
#[tokio::test]
async fn it_does_not_overtake_the_expand_before_it() {
    let db = Database::new().await;
    drop(first_on(&db).await);
    let migrator = release(&db, second(), "2.0.0");
    let member = migrator.register().await.unwrap();
    expect!["4_hide_status: closed: 2_state is not applied"].assert_eq(&tick(&member).await);
    migrator.run().await.unwrap();
    tick(&member).await;
    assert_eq!(tick(&member).await, "contracted 4_hide_status");
}

#[tokio::test]
async fn of_two_fleets_that_find_the_gate_open_one_applies_it() {
    let db = Database::new().await;
    drop(first_on(&db).await);
    let migrator = second_on(&db).await;
    let policy = GatePolicy { checks: 1, ..quick() };
    let migrator = migrator.gate(policy);
    let (one, other) = (migrator.register().await.unwrap(), migrator.register().await.unwrap());
    let (first, second) = futures_util::future::join(tick(&one), tick(&other)).await;
    let mut said = [first, second];
    said.sort();
    expect![[r#"
        [
            "contracted 4_hide_status",
            "nothing",
        ]
    "#]]
    .assert_debug_eq(&said);
    assert_eq!(db.rows("select count(*) from upshift.audit where version = 4").await, "1");
}

#[tokio::test]
async fn one_that_fails_is_tried_after_longer_and_longer_pauses_and_the_service_hears_of_it() {
    use std::sync::{Arc, Mutex};
    let db = Database::new().await;
    drop(first_on(&db).await);
    let broken = ("4_hide_status.sql", "-- upshift: phase contract\nalter table orders drop column nobody;");
    let set = upshift_promises::files(&[upshift_promises::releases::ORDERS, broken]);
    let told: Arc<Mutex<Vec<(Duration, String)>>> = Arc::default();
    let hears = Arc::clone(&told);
    let fleet = release(&db, set, "2.0.0").observer(move |event: &upshift::Event<'_>| {
        if let upshift::Event::DutyFailed { why, pause } = event {
            hears.lock().unwrap().push((*pause, (*why).to_owned()));
        }
    });
    let fleet = fleet.join().await.unwrap();
    eventually("it has failed three times", async || told.lock().unwrap().len() >= 3).await;
    fleet.leave().await;
    let told = told.lock().unwrap().clone();
    assert!(told[0].1.contains("column \"nobody\" of relation \"orders\" does not exist"), "{told:?}");
    assert!(told[2].0 >= told[0].0 && told[0].0 >= quick().heartbeat, "{told:?}");
    let audit = "select bool_and(outcome = 'failed') from upshift.audit where version = 4";
    assert_eq!(db.rows(audit).await, "t");
}
