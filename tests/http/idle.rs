//! Nothing asks the database unless somebody asks, and however many ask, there is one look.

use axum::Router;
use tokio::runtime::Handle;
use upshift::Migrator;
use upshift_http::Site;
use upshift_promises::proxy::{Proxy, ProxySettings, Traffic};
use upshift_promises::{Database, database, many};

use crate::stage::get;

/// A site whose questions are counted.
async fn counted(db: &Database) -> (Proxy, Router) {
    let proxy = Proxy::start(database::SERVER.port(), ProxySettings::default()).await;
    let pool = database::pool(&proxy.url(db.name()), 4);
    drop(pool.get().await.unwrap());
    proxy.take_traffic();
    let router = Site::new(Migrator::new(pool, many(3))).router();
    (proxy, router)
}

/// Without a task of its own it cannot ask by itself, however long one would wait to see it.
#[tokio::test]
async fn a_mounted_router_has_no_task_and_asks_nothing() {
    let db = Database::new().await;
    db.migrator(many(3)).run().await.unwrap();
    let proxy = Proxy::start(database::SERVER.port(), ProxySettings::default()).await;
    let pool = database::pool(&proxy.url(db.name()), 4);
    drop(pool.get().await.unwrap());
    proxy.take_traffic();
    let tasks = Handle::current().metrics().num_alive_tasks();
    let router = Router::new().nest("/upshift", Site::new(Migrator::new(pool, many(3))).router());
    for path in ["livez", "index.html", "page.css", "page.js", "nothing", "session.json"] {
        get(&router, &format!("/upshift/{path}")).await;
    }
    assert_eq!(Handle::current().metrics().num_alive_tasks(), tasks);
    assert_eq!(proxy.take_traffic(), Traffic::default());
}

#[tokio::test]
async fn readiness_is_one_question_however_many_ask() {
    let db = Database::new().await;
    db.migrator(many(3)).run().await.unwrap();
    let (proxy, router) = counted(&db).await;
    assert_eq!(get(&router, "/readyz").await.status, 200);
    let one = proxy.take_traffic().client_messages;
    assert!(one > 0);
    let (proxy, router) = counted(&db).await;
    let asked = (0..50).map(|_| get(&router, "/readyz"));
    let answers = futures_util::future::join_all(asked).await;
    assert!(answers.iter().all(|answer| answer.status == 200));
    assert_eq!(proxy.take_traffic().client_messages, one);
}

#[tokio::test]
async fn pages_and_programs_share_one_look_and_all_of_prometheus_one_that_is_less() {
    let db = Database::new().await;
    db.migrator(many(3)).run().await.unwrap();
    let mut once = Vec::new();
    for path in ["/status.json", "/metrics"] {
        let (proxy, router) = counted(&db).await;
        get(&router, path).await;
        once.push(proxy.take_traffic().client_messages);
    }
    assert!(once[1] < once[0], "{once:?}");
    let (proxy, router) = counted(&db).await;
    let asked = (0..50).map(|n| get(&router, if n % 2 == 0 { "/metrics" } else { "/status.json" }));
    futures_util::future::join_all(asked).await;
    assert_eq!(proxy.take_traffic().client_messages, once[0] + once[1]);
}

#[tokio::test]
async fn the_audit_is_read_once_for_all_who_ask() {
    let db = Database::new().await;
    db.migrator(many(3)).run().await.unwrap();
    let (proxy, router) = counted(&db).await;
    get(&router, "/audit.json").await;
    let one = proxy.take_traffic().client_messages;
    assert!(one > 0);
    let (proxy, router) = counted(&db).await;
    futures_util::future::join_all((0..50).map(|_| get(&router, "/audit.json"))).await;
    assert_eq!(proxy.take_traffic().client_messages, one);
}
