//! `/status.json` says what the page shows, in the shapes of the command line.

use expect_test::expect;
use serde_json::Value;
use upshift_http::{Site, router};
use upshift_promises::releases::{first_on, second_on};
use upshift_promises::{Database, files};

use crate::stage::get;

async fn standing(db: &Database, set: &[(&str, &str)]) -> String {
    let said = get(&router(db.migrator(files(set))), "/status.json").await.json();
    format!(
        "{}: {}",
        said["standing"]["tone"].as_str().unwrap(),
        said["standing"]["sentence"].as_str().unwrap()
    )
}

#[tokio::test]
async fn where_a_deployment_stands_is_one_sentence() {
    let db = Database::new().await;
    let users = ("1_users.sql", "create table users (id bigint primary key)");
    let bad = ("2_bad.sql", "select 1 / 0");
    let mut said = vec![standing(&db, &[]).await, standing(&db, &[users]).await];
    db.migrator(files(&[users])).run().await.unwrap();
    said.push(standing(&db, &[users]).await);
    said.push(standing(&db, &[]).await);
    db.migrator(files(&[users, bad])).run().await.unwrap_err();
    said.push(standing(&db, &[users, bad]).await);
    // Mended: its file is another one, and the next try is to come.
    said.push(standing(&db, &[users, ("3_good.sql", "select 1")]).await);
    expect![[r#"
        done: Nothing is applied, and nothing is pending
        waiting: 1 migration is pending
        done: The one migration is applied
        done: Applied here: 1 migration of a newer release
        wrong: 2_bad failed at statement 1 of 1 (2_bad.sql:1:1): division by zero (22012)
        waiting: 1 migration is pending"#]]
    .assert_eq(&said.join("\n"));
}

#[tokio::test]
async fn a_contract_says_whom_it_waits_for() {
    let db = Database::new().await;
    let old = first_on(&db).await.register().await.unwrap();
    let new = second_on(&db).await;
    let said = get(&router(new), "/status.json").await.json();
    let contract = said["contracts"].as_array().unwrap().last().unwrap();
    assert_eq!(contract["state"], "closed", "{said}");
    let reasons = contract["more"].to_string();
    assert!(reasons.contains(old.id()) && reasons.contains("orders 1.0.0 on test"), "{reasons}");
    assert_eq!(said["instances"][0]["id"], old.id());
}

/// The fields are part of the shape: a program relies on them.
#[tokio::test]
async fn the_fields_stay() {
    let db = Database::new().await;
    let said = get(&router(db.migrator(files(&[]))), "/status.json").await;
    assert_eq!((said.status.as_u16(), said.header("cache-control")), (200, "no-store"));
    let Value::Object(fields) = said.json() else { panic!("{}", said.text) };
    let names: Vec<&str> = fields.keys().map(String::as_str).collect();
    expect!["at backfills contracts failed health instances service standing status upshift waits words"]
        .assert_eq(&names.join(" "));
    assert_eq!(fields["upshift"]["json"], upshift_cli::JSON_VERSION);
}

#[tokio::test]
async fn the_audit_is_newest_first_and_empty_where_nothing_was_migrated() {
    let db = Database::new().await;
    let set = files(&[("1_a.sql", "select 1"), ("2_b.sql", "select 1")]);
    let site = || Site::new(db.migrator(set.clone())).router();
    assert_eq!(get(&site(), "/audit.json").await.json()["audit"], serde_json::json!([]));
    db.migrator(set.clone()).run().await.unwrap();
    let audit = get(&site(), "/audit.json").await.json();
    let names: Vec<&str> =
        audit["audit"].as_array().unwrap().iter().map(|row| row["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["b", "a"]);
}
