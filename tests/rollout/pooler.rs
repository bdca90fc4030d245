//! Behind a transaction pooler: registration and fence are rows and hold as they do without one; what the pooler keeps of
//! old clients counts as theirs.

use upshift::{GatePolicy, Migrator, Source};
use upshift_promises::database::{connect, pool};
use upshift_promises::pgbouncer::PgBouncer;
use upshift_promises::releases::{eventually, first, first_on, quick, second, tick};
use upshift_promises::{Database, files};

fn through(pooler: &PgBouncer, db: &Database, source: Source, release: &str) -> Migrator {
    let url = format!("{}?application_name=orders-{release}", pooler.url(db.name()));
    Migrator::new(pool(&url, 4), source).service("orders", release).host("test").gate(quick())
}

#[tokio::test]
async fn a_contract_runs_when_the_pooler_keeps_no_session_of_old_clients() {
    let Some(pooler) = PgBouncer::start() else { return };
    let db = Database::new().await;
    drop(first_on(&db).await);
    let new = through(&pooler, &db, second(), "2.0.0");
    new.run().await.unwrap();
    let member = new.register().await.unwrap();
    // Its client is gone, and the pooler keeps the session for the next one.
    let old = through(&pooler, &db, first(), "1.0.0");
    let registered = old.register().await.unwrap();
    assert!(tick(&member).await.contains("still needs it"));
    registered.leave().await.unwrap();
    drop(old);
    let held = "select count(*) from pg_stat_activity where datname = current_database() and application_name = 'orders-1.0.0'";
    if db.rows(held).await != "0" {
        let said = tick(&member).await;
        let hidden = said.starts_with("contracted");
        assert!(!hidden, "{said}");
    }
    db.run(
        "select pg_terminate_backend(pid) from pg_stat_activity
        where datname = current_database() and application_name = 'orders-1.0.0'",
    )
    .await;
    eventually("it runs", async || tick(&member).await == "contracted 4_hide_status").await;
    let late = through(&pooler, &db, first(), "1.0.0").register().await.unwrap_err();
    assert!(late.is_fenced(), "{late:?}");
    assert_eq!(tick(&member).await, "nothing");
    member.leave().await.unwrap();
    db.settle().await;
}

#[tokio::test]
async fn statement_by_statement_as_well() {
    let Some(pooler) = PgBouncer::start() else { return };
    let db = Database::new().await;
    drop(first_on(&db).await);
    let contract = "-- upshift: phase contract\n-- upshift: transaction off\n\
        alter table orders rename column status to hidden_status;\n\
        create index concurrently orders_hidden on orders (hidden_status);\n\
        -- upshift: down\ndrop index concurrently orders_hidden;\n\
        alter table orders rename column hidden_status to status;";
    let set = files(&[upshift_promises::releases::ORDERS, ("4_hide_status.sql", contract)]);
    let new = through(&pooler, &db, set, "2.0.0").gate(GatePolicy { checks: 1, ..quick() });
    let member = new.register().await.unwrap();
    eventually("it runs", async || tick(&member).await == "contracted 4_hide_status").await;
    new.rollout().unhide(upshift_promises::releases::hide()).await.unwrap();
    db.settle().await;
}

/// PgBouncer before 1.21 gives a session to somebody else between two answers when its client leaves there.
#[tokio::test]
async fn who_is_dropped_in_a_heartbeat_leaves_no_answer_for_others() {
    let Some(pooler) = PgBouncer::start() else { return };
    let db = Database::new().await;
    drop(first_on(&db).await);
    for nth in 1..12 {
        let url = format!("{}?application_name=orders-1.0.0", pooler.url(db.name()));
        let connections = pool(&url, 2);
        let old = Migrator::new(connections.clone(), first()).service("orders", "1.0.0").gate(quick());
        let member = old.register().await.unwrap();
        upshift_promises::dropped::drop_at(nth, member.tick()).await;
        // The process ends: its connections with it.
        std::mem::forget(member);
        connections.close();
        let other = connect(&pooler.url(db.name())).await;
        for n in 0..20 {
            let row = upshift_promises::database::rows(&other, &format!("select {n}")).await;
            assert_eq!(row, n.to_string(), "dropped at {nth}: an answer to somebody else");
        }
    }
    db.settle().await;
}
