//! A service boots: an empty database, a second time, a release later.

use expect_test::expect;
use upshift_promises::{Database, files, many};

const TWO: &[(&str, &str)] = &[
    ("1_users.sql", "create table users (id bigint primary key);\n-- upshift: down\ndrop table users;\n"),
    ("2_orders.sql", "create table orders (id bigint primary key);\n-- upshift: down\ndrop table orders;\n"),
];

#[tokio::test]
async fn the_first_boot_applies_everything_in_order() {
    let db = Database::new().await;
    let report = db.migrator(files(TWO)).run().await.unwrap();
    let done: Vec<&str> = report.steps.iter().map(|step| step.label.as_str()).collect();
    assert_eq!(done, ["1_users", "2_orders"]);
    assert_eq!(db.tables().await, "orders users");
    expect!["1 | users | applied\n2 | orders | applied"].assert_eq(&db.history().await);
}

#[tokio::test]
async fn the_second_boot_does_nothing_and_writes_nothing() {
    let db = Database::new().await;
    db.migrator(files(TWO)).run().await.unwrap();
    let before = db.rows("select sum(n_tup_ins + n_tup_upd + n_tup_del) from pg_stat_xact_user_tables").await;
    let audit = "select count(*), max(id) from upshift.audit";
    let audited = db.rows(audit).await;
    let report = db.migrator(files(TWO)).run().await.unwrap();
    assert!(report.is_empty());
    assert_eq!(db.rows(audit).await, audited);
    assert_eq!(
        before,
        db.rows("select sum(n_tup_ins + n_tup_upd + n_tup_del) from pg_stat_xact_user_tables").await
    );
}

#[tokio::test]
async fn a_release_later_only_what_is_new_is_applied() {
    let db = Database::new().await;
    db.migrator(files(TWO)).run().await.unwrap();
    let mut three = TWO.to_vec();
    three.push(("3_lines.sql", "create table lines (id bigint primary key)"));
    let report = db.migrator(files(&three)).run().await.unwrap();
    assert_eq!(report.steps.len(), 1);
    assert_eq!(db.tables().await, "lines orders users");
}

#[tokio::test]
async fn a_failing_migration_in_the_middle_of_a_thousand_leaves_exactly_those_before_it() {
    let db = Database::new().await;
    let mut set: Vec<(String, String)> = (1..=1000)
        .map(|n| (format!("{n}_t{n}.sql"), format!("create table t{n} (id int primary key)")))
        .collect();
    set[499].1 = "create table t500 (id nonsense)".to_owned();
    let set: Vec<(&str, &str)> = set.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    let error = db.migrator(files(&set)).run().await.unwrap_err();
    assert_eq!(error.report().unwrap().steps.len(), 499);
    assert_eq!(error.to_string(), "migration 500_t500 failed at statement 1 of 1 (500_t500.sql:1:23)");
    assert_eq!(db.rows("select count(*), max(version) from upshift.history").await, "499 | 499");
    assert_eq!(db.rows("select count(*) from pg_tables where schemaname = 'public'").await, "499");
    assert_eq!(db.rows("select outcome from upshift.audit order by id desc limit 1").await, "failed");
}

#[tokio::test]
async fn thirty_two_boots_at_once_apply_everything_once_and_all_return() {
    let db = Database::new().await;
    let boots = (0..32).map(|_| {
        let migrator = upshift::Migrator::new(upshift_promises::database::pool(&db.url(), 2), many(20));
        tokio::spawn(async move { migrator.run().await })
    });
    let mut applied = 0;
    for boot in boots.collect::<Vec<_>>() {
        applied += boot.await.unwrap().unwrap().steps.len();
    }
    assert_eq!(applied, 20);
    assert_eq!(db.rows("select count(*) from upshift.history").await, "20");
}
