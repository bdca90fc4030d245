//! `/events`: a page hears at once what its process does, and soon what has changed; with the last page the looking ends.

use axum::Router;
use axum::body::{Body, BodyDataStream};
use axum::http::Request;
use futures_util::StreamExt as _;
use serde_json::Value;
use tokio::runtime::Handle;
use tower::ServiceExt as _;
use upshift::Migrator;
use upshift_http::Site;
use upshift_promises::proxy::{Proxy, ProxySettings, Traffic};
use upshift_promises::{Database, database, many};

async fn page(router: &Router) -> BodyDataStream {
    let request = Request::get("/events").body(Body::empty()).unwrap();
    let answer = router.clone().oneshot(request).await.unwrap();
    assert_eq!(answer.headers()["content-type"], "text/event-stream");
    answer.into_body().into_data_stream()
}

/// The next event: its name and its data.
async fn next(stream: &mut BodyDataStream) -> Option<(String, Value)> {
    let frame = stream.next().await?.unwrap();
    let text = std::str::from_utf8(&frame).unwrap();
    let (name, data) = text.strip_prefix("event: ").unwrap().split_once("\ndata: ").unwrap();
    Some((name.to_owned(), serde_json::from_str(data.strip_suffix("\n\n").unwrap()).unwrap()))
}

/// The next look, and its fields.
async fn look(stream: &mut BodyDataStream) -> (Vec<String>, Value) {
    loop {
        let (name, data) = next(stream).await.unwrap();
        if name == "look" {
            return (data.as_object().unwrap().keys().cloned().collect(), data);
        }
    }
}

#[tokio::test]
async fn a_page_is_sent_everything_at_first_and_then_what_has_changed() {
    let db = Database::new().await;
    db.migrator(many(2)).run().await.unwrap();
    let router = Site::new(db.migrator(many(2))).router();
    let mut stream = page(&router).await;
    let (fields, data) = look(&mut stream).await;
    assert!(fields.len() > 8, "{fields:?}");
    assert_eq!(data["status"]["migrations"].as_array().unwrap().len(), 2);
    let (fields, _) = look(&mut stream).await;
    assert_eq!(fields, ["at"], "nothing has changed but the time");
    db.migrator(many(3)).run().await.unwrap();
    let (fields, data) = look(&mut stream).await;
    assert_eq!(fields, ["at", "health", "standing", "status"]);
    assert_eq!(data["status"]["migrations"][2]["state"], "newer");
}

#[tokio::test]
async fn what_the_process_does_is_told_as_it_happens() {
    let db = Database::new().await;
    let site = Site::new(db.migrator(many(2)));
    let migrator = site.migrator();
    let router = site.router();
    let mut stream = page(&router).await;
    look(&mut stream).await;
    migrator.run().await.unwrap();
    let mut told = Vec::new();
    while told.last().is_none_or(|last| last != "run-finished") {
        let (name, data) = next(&mut stream).await.unwrap();
        if name == "event" {
            told.push(data["is"].as_str().unwrap().to_owned());
        }
    }
    let told: Vec<&str> = told.iter().map(String::as_str).filter(|it| it.starts_with("step")).collect();
    assert_eq!(told.iter().filter(|it| **it == "step-started").count(), 2, "{told:?}");
    assert_eq!(told.iter().filter(|it| **it == "step-finished").count(), 2, "{told:?}");
}

/// There is no task that looks: a page that has left leaves nothing behind.
#[tokio::test]
async fn with_the_last_page_the_looking_ends() {
    let db = Database::new().await;
    db.migrator(many(2)).run().await.unwrap();
    let proxy = Proxy::start(database::SERVER.port(), ProxySettings::default()).await;
    let pool = database::pool(&proxy.url(db.name()), 2);
    drop(pool.get().await.unwrap());
    let tasks = Handle::current().metrics().num_alive_tasks();
    let site = Site::new(Migrator::new(pool, many(2)));
    let streams = site.streams();
    let router = site.router();
    let (mut one, mut other) = (page(&router).await, page(&router).await);
    assert_eq!(streams.count(), 2);
    look(&mut one).await;
    proxy.take_traffic();
    // The look of the first is the look of the second.
    look(&mut other).await;
    assert_eq!(proxy.take_traffic(), Traffic::default());
    drop((one, other));
    assert_eq!(streams.count(), 0);
    assert_eq!(Handle::current().metrics().num_alive_tasks(), tasks);
}

/// A server that ends gracefully waits for its connections, and a page would keep its own for days.
#[tokio::test]
async fn streams_end_when_the_service_says_so() {
    let db = Database::new().await;
    let site = Site::new(db.migrator(many(1)));
    let streams = site.streams();
    let router = site.router();
    let mut stream = page(&router).await;
    look(&mut stream).await;
    streams.end();
    assert_eq!(next(&mut stream).await, None);
    assert_eq!(next(&mut page(&router).await).await, None, "nor does another one begin");
}

#[tokio::test]
async fn a_database_that_does_not_answer_is_told() {
    let pool = database::pool("postgres://nobody@127.0.0.1:1/nothing", 1);
    let router = Site::new(Migrator::new(pool, many(1))).router();
    let (name, data) = next(&mut page(&router).await).await.unwrap();
    assert_eq!(name, "lost");
    assert!(data["why"].as_str().unwrap().starts_with("no connection to the database"), "{data}");
}
