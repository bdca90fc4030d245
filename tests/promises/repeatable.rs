//! Repeatable migrations: after all versioned ones, again when edited.

use expect_test::expect;
use upshift::DownTarget;
use upshift_promises::{Database, files, steps};

const USERS: (&str, &str) = ("1_users.sql", "create table users (id int, gone boolean);");
const VIEW: (&str, &str) =
    ("R__active.sql", "create or replace view active as select id from users where not gone;");

#[tokio::test]
async fn they_come_after_all_versioned_ones_by_name() {
    let db = Database::new().await;
    let set = [("R__b.sql", "create or replace view b as select * from active"), VIEW, USERS];
    let report = db.migrator(files(&set)).run().await.unwrap();
    assert_eq!(steps(&report), "up 1_users, up R__active, up R__b");
    assert!(db.migrator(files(&set)).run().await.unwrap().is_empty());
}

#[tokio::test]
async fn an_edited_one_is_applied_again_and_the_others_are_not() {
    let db = Database::new().await;
    let other = ("R__other.sql", "create or replace view other as select 1 as one");
    db.migrator(files(&[USERS, VIEW, other])).run().await.unwrap();
    let edited = ("R__active.sql", "create or replace view active as select id from users;");
    let report = db.migrator(files(&[USERS, edited, other])).run().await.unwrap();
    assert_eq!(steps(&report), "up R__active");
    expect!["1 | users | applied\nR | other | applied\nR | active | applied"].assert_eq(&db.history().await);
    assert_eq!(db.rows("select count(*) from upshift.audit where name = 'active'").await, "2");
    assert!(db.migrator(files(&[USERS, edited, other])).run().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_failing_one_leaves_its_former_self_and_stops_the_next() {
    let db = Database::new().await;
    db.migrator(files(&[USERS, VIEW])).run().await.unwrap();
    let broken = ("R__active.sql", "create or replace view active as select nonsense from users;");
    let next = ("R__next.sql", "create or replace view next as select 1 as one");
    let error = db.migrator(files(&[USERS, broken, next])).run().await.unwrap_err();
    assert_eq!(error.to_string(), "migration R__active failed at statement 1 of 1 (R__active.sql:1:41)");
    expect!["1 | users | applied\nR | active | applied"].assert_eq(&db.history().await);
    assert_eq!(db.rows("select count(*) from active").await, "0");
    let mended = db.migrator(files(&[USERS, VIEW, next])).run().await.unwrap();
    assert_eq!(steps(&mended), "up R__next");
}

#[tokio::test]
async fn one_that_runs_statement_by_statement_is_applied_again_too() {
    let db = Database::new().await;
    let first = ("R__tidy.sql", "vacuum users;\ncomment on table users is 'one';\n");
    let second = ("R__tidy.sql", "vacuum users;\ncomment on table users is 'two';\n");
    db.migrator(files(&[USERS, first])).run().await.unwrap();
    let report = db.migrator(files(&[USERS, second])).run().await.unwrap();
    assert_eq!(steps(&report), "up R__tidy");
    assert_eq!(db.rows("select obj_description('users'::regclass)").await, "two");
    expect!["1 | users | applied\nR | tidy | applied"].assert_eq(&db.history().await);
    assert!(db.migrator(files(&[USERS, second])).run().await.unwrap().is_empty());
}

#[tokio::test]
async fn one_that_stopped_in_the_middle_goes_on_there() {
    let db = Database::new().await;
    db.run("create table counted (n int generated always as identity)").await;
    let tidy = ("R__tidy.sql", "vacuum users;\ninsert into counted default values;\nanalyze later;\n");
    db.migrator(files(&[USERS, tidy])).run().await.unwrap_err();
    expect!["1 | users | applied\nR | tidy | failed"].assert_eq(&db.history().await);
    db.run("create table later ()").await;
    db.migrator(files(&[USERS, tidy])).run().await.unwrap();
    expect!["1 | users | applied\nR | tidy | applied"].assert_eq(&db.history().await);
    assert_eq!(db.rows("select count(*) from counted").await, "1");
}

#[tokio::test]
async fn one_that_stopped_and_was_rewritten_begins_anew() {
    let db = Database::new().await;
    let broken = ("R__tidy.sql", "vacuum users;\nanalyze nowhere;\n");
    let rewritten = ("R__tidy.sql", "comment on table users is 'one';\n");
    db.migrator(files(&[USERS, broken])).run().await.unwrap_err();
    db.migrator(files(&[USERS, rewritten])).run().await.unwrap();
    assert_eq!(db.rows("select obj_description('users'::regclass)").await, "one");
    expect!["1 | users | applied\nR | tidy | applied"].assert_eq(&db.history().await);
}

#[tokio::test]
async fn everything_down_and_up_again_has_the_views_again() {
    let db = Database::new().await;
    let users = (
        "1_users.sql",
        "create table users (id int, gone boolean);\n-- upshift: down\ndrop table users cascade;\n",
    );
    db.migrator(files(&[users, VIEW])).run().await.unwrap();
    let report = db.migrator(files(&[users, VIEW])).down(DownTarget::All).await.unwrap();
    expect![[r#"down 1_users: [Stays("R__active")]"#]].assert_eq(&format!(
        "{}: {:?}",
        steps(&report),
        report.notes
    ));
    db.migrator(files(&[users, VIEW])).run().await.unwrap();
    assert_eq!(db.rows("select count(*) from active").await, "0");
}
