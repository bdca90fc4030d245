//! A run after which the service is not well is taken back, newest first, and says so.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use expect_test::expect;
use upshift::{BoxError, HealthCheck};
use upshift_promises::{Database, files, steps};

const BEFORE: (&str, &str) =
    ("1_orders.sql", "create table orders (id int, status text);\n-- upshift: down\ndrop table orders;");
const NEW: [(&str, &str); 2] = [
    ("2_a.sql", "create table a ();\n-- upshift: down\ndrop table a;"),
    ("3_b.sql", "create table b ();\n-- upshift: down\ndrop table b;"),
];

fn quick() -> HealthCheck {
    HealthCheck { times: 3, every: Duration::from_millis(1), within: Duration::from_millis(300) }
}

#[tokio::test]
async fn a_service_that_is_well_keeps_what_was_applied() {
    let db = Database::new().await;
    let asked = AtomicU32::new(0);
    // At first it is not: caches are cold.
    let health = async || -> Result<(), BoxError> {
        match asked.fetch_add(1, Ordering::Relaxed) {
            0 | 2 => Err("warming up".into()),
            _ => Ok(()),
        }
    };
    let report = db.migrator(files(&[BEFORE])).run_checked(quick(), health).await.unwrap();
    assert_eq!(steps(&report), "up 1_orders");
    assert_eq!(asked.load(Ordering::Relaxed), 6, "three good answers in a row");
    db.migrator(files(&[BEFORE])).run_checked(quick(), health).await.unwrap();
    assert_eq!(asked.load(Ordering::Relaxed), 6, "a run with nothing to do asks nothing");
}

#[tokio::test]
async fn a_service_that_is_not_well_gets_its_schema_back() {
    let db = Database::new().await;
    db.migrator(files(&[BEFORE])).run().await.unwrap();
    let ill = async || -> Result<(), BoxError> { Err("GET /orders: 500".into()) };
    let error = db.migrator(files(&[BEFORE, NEW[0], NEW[1]])).run_checked(quick(), ill).await.unwrap_err();
    assert!(error.is_unhealthy());
    expect![[r#"
        the service was not well after the run, which was taken back
          caused by: GET /orders: 500
          help: the schema is as it was before the run: mend the migration or the service, and run again"#]]
    .assert_eq(&error.render());
    expect!["up 2_a, up 3_b, down 3_b, down 2_a"].assert_eq(&steps(error.report().unwrap()));
    assert_eq!(db.tables().await, "orders");
    assert_eq!(db.history().await, "1 | orders | applied");
}

#[tokio::test]
async fn a_service_that_does_not_answer_is_not_well() {
    let db = Database::new().await;
    let silent = async || -> Result<(), BoxError> { std::future::pending().await };
    let error = db.migrator(files(&NEW)).run_checked(quick(), silent).await.unwrap_err();
    expect![[r#"
        the service was not well after the run, which was taken back
          caused by: it did not answer within 300 ms
          help: the schema is as it was before the run: mend the migration or the service, and run again"#]]
    .assert_eq(&error.render());
    assert_eq!(db.tables().await, "-");
}

#[tokio::test]
async fn what_has_no_way_back_stays_and_the_error_says_so() {
    let db = Database::new().await;
    let set = [("2_gone.sql", "-- upshift: irreversible because rows are dropped\nselect 1;"), NEW[1]];
    let ill = async || -> Result<(), BoxError> { Err("GET /orders: 500".into()) };
    let error = db.migrator(files(&set)).run_checked(quick(), ill).await.unwrap_err();
    expect![[r#"
        the service was not well after the run, and 2_gone could not be taken back: no plan can be made: 2_gone is irreversible: rows are dropped
          caused by: GET /orders: 500"#]]
    .assert_eq(&error.render());
    expect!["up 2_gone, up 3_b, down 3_b"].assert_eq(&steps(error.report().unwrap()));
}

#[tokio::test]
async fn a_repeatable_stays_and_the_error_says_so() {
    let db = Database::new().await;
    let again =
        ("R__answer.sql", "create or replace function answer() returns int language sql as 'select 42'");
    let ill = async || -> Result<(), BoxError> { Err("GET /orders: 500".into()) };
    let error = db.migrator(files(&[BEFORE, again])).run_checked(quick(), ill).await.unwrap_err();
    let said = error.to_string();
    assert!(
        said.starts_with("the service was not well after the run, and R__answer could not be taken back"),
        "{said}"
    );
    expect!["up 1_orders, up R__answer, down 1_orders"].assert_eq(&steps(error.report().unwrap()));
}

/// A newer binary has applied what stands on this run's migration before the health check was over.
#[tokio::test]
async fn what_another_migrator_stands_on_by_now_stays() {
    let db = Database::new().await;
    let stands = ("9_c.sql", "-- upshift: requires 2\ncreate table c ();\n-- upshift: down\ndrop table c;");
    db.migrator(files(&[BEFORE])).run().await.unwrap();
    let newer = db.migrator(files(&[BEFORE, NEW[0], NEW[1], stands]));
    let ill = async || -> Result<(), BoxError> {
        newer.run().await?;
        Err("GET /orders: 500".into())
    };
    let error = db.migrator(files(&[BEFORE, NEW[0], NEW[1]])).run_checked(quick(), ill).await.unwrap_err();
    expect!["the service was not well after the run, and 3_b could not be taken back: no plan can be made: 3_b may be required by 9_c, which was applied behind it and which this binary does not know"]
        .assert_eq(&error.to_string());
    assert_eq!(db.tables().await, "a b c orders", "what the other one has applied is not touched");
}
