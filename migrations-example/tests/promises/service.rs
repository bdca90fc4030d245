//! The service over HTTP.

use std::net::Ipv4Addr;
use std::sync::Arc;

use migrations_example::boot;
use migrations_example::caller::Caller;
use migrations_example::http::{self, Service};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use upshift_http::Site;
use upshift_test::TestDatabase;

use crate::Database;

/// The service on this database, until the test ends.
async fn serve(database: &Database) -> Caller {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let (service, site) = (Service::new(database.pool.clone()), Site::new(database.migrator()));
    tokio::spawn(http::serve(listener, Arc::new(service), site, std::future::pending()));
    Caller { address, shop: "tea" }
}

fn order(customer: &str, lines: &[(&str, i32)]) -> Value {
    let lines: Vec<Value> =
        lines.iter().map(|(sku, quantity)| json!({ "sku": sku, "quantity": quantity })).collect();
    json!({ "customer": { "email": customer, "given_name": "Ada" }, "currency": "EUR", "lines": lines })
}

#[tokio::test]
async fn it_is_alive_and_not_ready_before_the_migrations_and_ready_after_them() {
    let database = Database::create("health").await;
    let caller = serve(&database).await;
    assert_eq!(caller.status("/upshift/livez").await.unwrap(), 200);
    let before = caller.get("/upshift/readyz").await.unwrap();
    assert_eq!((before.status, &before.body["health"]["is"]), (503, &json!("behind")));
    assert_eq!(before.body["health"]["which"][0], "20260105090000_create_shops");
    database.migrator().run().await.unwrap();
    // What was seen may be a second old: the site does not know of another process's runs.
    let after = loop {
        let after = caller.get("/upshift/readyz").await.unwrap();
        if after.status == 200 {
            break after;
        }
        tokio::task::yield_now().await;
    };
    assert_eq!(after.body["health"]["is"], "fits");
}

#[upshift_test::test(boot::migrations(), role = "orders", fixtures = ["two_shops.sql"])]
async fn an_order_is_placed_read_and_listed_in_its_shop_alone(migrated: TestDatabase) {
    let database = Database::of(migrated);
    let caller = serve(&database).await;

    let placed = caller.post("/orders", &order("ada@example.com", &[("assam", 3)])).await.unwrap();
    assert_eq!(placed.status, 201, "{}", placed.body);
    for (key, expected) in [
        ("id", json!(3)),
        ("customer", json!("Ada")),
        ("status", json!("placed")),
        ("articles", json!(3)),
        ("total", json!("19.20")),
        ("currency", json!("EUR")),
        ("lines", json!([{ "sku": "assam", "name": "Assam", "quantity": 3, "total_minor": 1920 }])),
    ] {
        assert_eq!(placed.body[key], expected, "{key}");
    }
    assert_eq!(caller.get("/orders/3").await.unwrap().body, placed.body);
    let ids = |body: &Value| {
        body["orders"].as_array().unwrap().iter().map(|it| it["id"].to_string()).collect::<Vec<_>>()
    };
    assert_eq!(ids(&caller.get("/orders").await.unwrap().body), ["1", "3"]);
    let other = Caller { shop: "books", ..caller };
    assert_eq!(ids(&other.get("/orders").await.unwrap().body), ["2"]);
    assert_eq!(other.get("/orders/3").await.unwrap().status, 404);
}

#[upshift_test::test(boot::migrations(), role = "orders", fixtures = ["two_shops.sql"])]
async fn what_cannot_be_done_is_said_and_leaves_nothing(migrated: TestDatabase) {
    let database = Database::of(migrated);
    let tea = serve(&database).await;
    let eve = "eve@example.com";
    let nowhere = Caller { shop: "nowhere", ..tea };
    for (caller, body, status, why) in [
        (tea, order(eve, &[]), 422, "an order needs at least one line"),
        (tea, order(eve, &[("republic", 1)]), 422, "the shop does not sell `republic` for EUR"),
        (tea, order(eve, &[("assam", 0)]), 422, "the order breaks the rule `order_lines_quantity_is_sane`"),
        (
            tea,
            order(eve, &[("assam", 1), ("assam", 1)]),
            422,
            "the order breaks the rule `order_lines_product_once`",
        ),
        (
            tea,
            order("eve", &[("assam", 1)]),
            422,
            "the order breaks the rule `customers_email_is_an_address`",
        ),
        (nowhere, order(eve, &[("assam", 1)]), 404, "there is no shop `nowhere`"),
    ] {
        let answer = caller.post("/orders", &body).await.unwrap();
        assert_eq!((answer.status, answer.body), (status, json!({ "error": why })), "{body}");
    }
    let broken = tea.post("/orders", &json!({ "lines": 7 })).await.unwrap();
    assert_eq!(broken.status, 422);
    assert_eq!(tea.get("/orders/seven").await.unwrap().status, 400);
    let left =
        crate::ask(&database.client().await, "select count(*) from customers where email like 'eve%'").await;
    assert_eq!(left, "0");
}
