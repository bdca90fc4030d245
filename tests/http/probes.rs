//! `/livez` is true while the process lives; `/readyz` when it may serve, and says why not.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use expect_test::expect;
use tokio::sync::Notify;
use upshift::{Event, Fitness, Gate, GatePolicy, Migrator};
use upshift_http::{Site, router};
use upshift_promises::proxy::{Fault, Proxy, ProxySettings, Sender, Way};
use upshift_promises::releases::{eventually, first_on, is_hidden, quick, release, second, second_on};
use upshift_promises::{Database, database, files};

use crate::stage::get;

const USERS: (&str, &str) = ("1_users.sql", "create table users (id bigint primary key)");
const ORDERS: (&str, &str) = ("2_orders.sql", "create table orders (id bigint primary key)");

/// Both probes, shortly: `200 503 behind: pending: 1_users`.
async fn probed(router: &Router) -> String {
    let (live, ready) = (get(router, "/livez").await, get(router, "/readyz").await);
    let json = ready.json();
    assert_eq!(json["ready"], ready.status == 200, "{json}");
    let said = |value: &serde_json::Value| {
        format!("{}: {}", value["is"].as_str().unwrap(), value["text"].as_str().unwrap())
    };
    let fleet = if json["fleet"].is_null() { String::new() } else { format!(", {}", said(&json["fleet"])) };
    format!("{} {} {}{fleet}", live.status.as_u16(), ready.status.as_u16(), said(&json["health"]))
}

/// One site each: an answer counts for a second.
async fn of(db: &Database, set: &[(&str, &str)]) -> String {
    probed(&router(db.migrator(files(set)))).await
}

#[tokio::test]
async fn a_service_is_ready_when_its_schema_fits() {
    let db = Database::new().await;
    let mut table = vec![of(&db, &[USERS]).await];
    db.migrator(files(&[USERS])).run().await.unwrap();
    table.push(of(&db, &[USERS]).await);
    table.push(of(&db, &[USERS, ORDERS]).await);
    table.push(of(&db, &[]).await);
    table.push(of(&db, &[("1_users.sql", "create table others ()")]).await);
    let lacking = db.migrator(files(&[USERS])).requires("users", &["email"]);
    table.push(probed(&router(lacking)).await);
    expect![[r#"
        200 503 behind: pending: 1_users
        200 200 fits: the schema fits
        200 503 behind: pending: 2_orders
        200 200 ahead: the schema fits; a newer release has applied 1_users
        200 503 refused: 1_users was edited after it was applied
        200 503 lacking: not there: users.email"#]]
    .assert_eq(&table.join("\n"));
}

#[tokio::test]
async fn while_it_is_migrated_a_service_lives_and_is_not_ready() {
    let db = Database::new().await;
    let holder = db.client().await;
    db.migrator(files(&[USERS])).run().await.unwrap();
    holder.batch_execute("begin; lock table users").await.unwrap();
    let set = [USERS, ("2_email.sql", "-- upshift: lock-timeout 60s\nalter table users add email text")];
    let blocked = Arc::new(Notify::new());
    let told = Arc::clone(&blocked);
    let migrator = db.migrator(files(&set)).observer(move |event: &Event<'_>| {
        if matches!(event, Event::Blocked { .. }) {
            told.notify_one();
        }
    });
    let site = Site::new(migrator);
    let migrator = site.migrator();
    let router = site.router();
    let running = tokio::spawn(async move { migrator.run().await });
    blocked.notified().await;
    let said = probed(&router).await;
    assert!(said.starts_with("200 503 migrating: being migrated by pid "), "{said}");
    holder.batch_execute("commit").await.unwrap();
    running.await.unwrap().unwrap();
    until_ready(&router).await;
}

/// Soon: an answer counts for a second.
async fn until_ready(router: &Router) {
    eventually("ready", async || get(router, "/readyz").await.status == 200).await;
}

#[tokio::test]
async fn an_instance_that_must_not_serve_is_not_ready() {
    let db = Database::new().await;
    let migrator = first_on(&db).await;
    let fleet: Arc<Mutex<Option<Fitness>>> = Arc::default();
    let ready = async |migrator: &Migrator| {
        let asked = Arc::clone(&fleet);
        let site = Site::new(migrator.clone()).fleet(move || asked.lock().unwrap().clone());
        probed(&site.router()).await
    };
    let mut table = vec![ready(&migrator).await];
    let member = migrator.register().await.unwrap();
    *fleet.lock().unwrap() = Some(member.fitness());
    table.push(ready(&migrator).await);
    *fleet.lock().unwrap() = Some(Fitness::Late { silent: Duration::from_secs(50) });
    table.push(ready(&migrator).await);
    member.leave().await.unwrap();
    // The second release takes away what the first one needs.
    second_on(&db).await;
    let immediate = GatePolicy { gate: Gate::Immediate, ..quick() };
    let newer = release(&db, second(), "2.0.0").gate(immediate).join().await.unwrap();
    eventually("the contract", async || is_hidden(&db).await).await;
    newer.leave().await;
    *fleet.lock().unwrap() = Some(Fitness::Fit);
    table.push(ready(&migrator).await);
    expect![[r#"
        200 503 fits: the schema fits, not-joined: this instance has not joined the fleet yet
        200 200 fits: the schema fits, fit: fit
        200 503 fits: the schema fits, late: no heartbeat for 50.00 s
        200 503 fenced: applied, and not known to this binary: 4_hide_status, fit: fit"#]]
    .assert_eq(&table.join("\n"));
}

#[tokio::test]
async fn without_a_database_a_service_lives_and_is_not_ready() {
    let nowhere = Migrator::new(database::pool("postgres://nobody@127.0.0.1:1/nothing", 1), files(&[USERS]));
    let said = probed(&router(nowhere)).await;
    assert!(said.starts_with("200 503 unknown: no connection to the database"), "{said}");
}

/// A network that swallows packets: nothing fails, and nothing comes back.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_does_not_answer_is_given_up_in_time() {
    let db = Database::new().await;
    db.migrator(files(&[USERS])).run().await.unwrap();
    let proxy = Proxy::start(database::SERVER.port(), ProxySettings::default()).await;
    let migrator = Migrator::new(database::pool(&proxy.url(db.name()), 2), files(&[USERS]));
    drop(migrator.pool().get().await.unwrap());
    let limit = Duration::from_millis(300);
    let router = Site::new(migrator).time_limit(limit).router();
    proxy.plan(Fault { sender: Sender::Client, nth: 1, way: Way::Hold });
    let began = Instant::now();
    let said = probed(&router).await;
    assert_eq!(said, "200 503 unknown: the database did not answer within 300 ms");
    assert!(began.elapsed() < limit * 10, "{:?}", began.elapsed());
    // Nobody is left waiting for the one who hung: the next one looks itself, on another connection.
    until_ready(&router).await;
    proxy.let_go();
}
