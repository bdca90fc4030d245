//! Setting the history right by hand: each call does one thing, and is audited.

use expect_test::expect;
use upshift::Version;
use upshift_promises::{Database, files, steps};

const TWO: &[(&str, &str)] = &[
    ("1_a.sql", "create table a ();\n-- upshift: down\ndrop table a;\n"),
    ("2_b.sql", "create table b ();\n-- upshift: down\ndrop table b;\n"),
];

const LAST: &str = "select action, outcome, coalesce(version::text, 'R'), name, detail from upshift.audit order by id desc limit 1";

fn version(number: u64) -> Version {
    Version::new(number).unwrap()
}

#[tokio::test]
async fn an_edited_text_is_accepted() {
    let db = Database::new().await;
    db.migrator(files(TWO)).run().await.unwrap();
    let edited = [("1_a.sql", "create table if not exists a ();\n-- upshift: down\ndrop table a;\n"), TWO[1]];
    let error = db.migrator(files(&edited)).run().await.unwrap_err();
    expect![[r#"
        no plan can be made: 1_a was edited after it was applied
            --- as applied
            +++ 1_a.sql
            @@ -1 +1 @@
            -create table a ();
            +create table if not exists a ();
          help: put the change into a new migration; if the database already fits the new text, accept it with `migrator.repair().accept_checksum(version)`"#]].assert_eq(&error.render());
    db.migrator(files(&edited)).repair().accept_checksum(version(1)).await.unwrap();
    assert!(db.migrator(files(&edited)).run().await.unwrap().is_empty());
    assert_eq!(
        db.rows("select up from upshift.history where version = 1").await,
        "create table if not exists a ();\n"
    );
    let was = upshift::Checksum::of("create table a ();\n");
    assert_eq!(
        db.rows(LAST).await,
        format!("repair | done | 1 | a | the edited text was accepted; the checksum was {was}")
    );
}

#[tokio::test]
async fn only_what_is_applied_can_be_accepted() {
    let db = Database::new().await;
    let error = db.migrator(files(TWO)).repair().accept_checksum(version(1)).await.unwrap_err();
    expect![[r#"
        version 1 is not in the history
          help: see `migrator.status()` for what is in the history"#]]
    .assert_eq(&error.render());
    db.migrator(files(TWO)).run().await.unwrap();
    let error = db.migrator(files(TWO)).repair().accept_checksum(version(7)).await.unwrap_err();
    expect![[r#"
        no plan can be made: version 7 is no migration of this set
          help: the nearest version there is: 2"#]]
    .assert_eq(&error.render());
}

#[tokio::test]
async fn what_stopped_in_the_middle_keeps_its_place_when_its_text_is_accepted() {
    let db = Database::new().await;
    let broken = [("1_a.sql", "create table a (x int);\nvacuum nowhere;\n")];
    db.migrator(files(&broken)).run().await.unwrap_err();
    let rewritten = [("1_a.sql", "create table a (x int, y int);\nvacuum a;\n")];
    db.migrator(files(&rewritten)).run().await.unwrap_err();
    // A person has brought the schema to the new text by hand.
    db.run("alter table a add y int").await;
    db.migrator(files(&rewritten)).repair().accept_checksum(version(1)).await.unwrap();
    db.migrator(files(&rewritten)).run().await.unwrap();
    assert_eq!(db.history().await, "1 | a | applied");
}

#[tokio::test]
async fn a_missing_one_is_forgotten() {
    let db = Database::new().await;
    db.migrator(files(TWO)).run().await.unwrap();
    let without = [TWO[1]];
    db.migrator(files(&without)).run().await.unwrap_err();
    db.migrator(files(&without)).repair().forget(version(1)).await.unwrap();
    assert!(db.migrator(files(&without)).run().await.unwrap().is_empty());
    expect!["2 | b | applied"].assert_eq(&db.history().await);
    expect!["repair | done | 1 | a | forgotten by hand; its state was `applied`"]
        .assert_eq(&db.rows(LAST).await);
    assert_eq!(db.tables().await, "a b", "what it did stays");
}

#[tokio::test]
async fn a_failed_one_is_forgotten_and_begins_anew() {
    let db = Database::new().await;
    let broken = [("1_a.sql", "create table a (x int);\nvacuum nowhere;\n")];
    db.migrator(files(&broken)).run().await.unwrap_err();
    db.run("drop table a").await;
    db.migrator(files(&broken)).repair().forget(version(1)).await.unwrap();
    expect!["repair | done | 1 | a | forgotten by hand; its state was `failed at statement 2`"]
        .assert_eq(&db.rows(LAST).await);
    assert_eq!(steps(&db.migrator(files(TWO)).run().await.unwrap()), "up 1_a, up 2_b");
}

#[tokio::test]
async fn an_applied_one_of_the_set_is_not_forgotten() {
    let db = Database::new().await;
    db.migrator(files(TWO)).run().await.unwrap();
    let error = db.migrator(files(TWO)).repair().forget(version(1)).await.unwrap_err();
    expect![[r#"
        1_a cannot be forgotten: it is applied and in the set
          help: revert it with `migrator.down(…)`; `forget` is for failed and missing migrations"#]]
    .assert_eq(&error.render());
    let error = db.migrator(files(TWO)).repair().forget(version(7)).await.unwrap_err();
    expect![[r#"
        version 7 is not in the history
          help: see `migrator.status()` for what is in the history"#]]
    .assert_eq(&error.render());
    assert_eq!(db.rows("select count(*) from upshift.audit").await, "2");
}

#[tokio::test]
async fn a_baseline_accepts_what_is_there_and_runs_the_rest() {
    let db = Database::new().await;
    db.run("create table a ()").await;
    let set = [TWO[0], TWO[1], ("R__v.sql", "create view v as select 1 as one")];
    db.migrator(files(&set)).baseline(version(1)).await.unwrap();
    assert_eq!(steps(&db.migrator(files(&set)).run().await.unwrap()), "up 2_b, up R__v");
    expect!["1 | a | baseline\n2 | b | applied\nR | v | applied"].assert_eq(&db.history().await);
    let sql = "select action, outcome, version, name, detail from upshift.audit where id = 1";
    expect!["baseline | done | 1 | a | accepted by a baseline, not run"].assert_eq(&db.rows(sql).await);
    // An edit of what was accepted is found as for any other.
    let edited = [("1_a.sql", "create table a (id int);"), TWO[1], set[2]];
    assert!(db.migrator(files(&edited)).run().await.unwrap_err().is_changed());
}

#[tokio::test]
async fn a_baseline_is_for_an_empty_history() {
    let db = Database::new().await;
    let error = db.migrator(files(TWO)).baseline(version(7)).await.unwrap_err();
    expect![[r#"
        no plan can be made: version 7 is no migration of this set
          help: the nearest version there is: 2"#]]
    .assert_eq(&error.render());
    assert_eq!(db.rows("select to_regnamespace('upshift')").await, "-");
    db.migrator(files(&TWO[..1])).run().await.unwrap();
    let error = db.migrator(files(TWO)).baseline(version(2)).await.unwrap_err();
    expect![[r#"
        the history is not empty, so there is nothing to accept as a baseline
          help: a baseline is for a database that was built without upshift"#]]
    .assert_eq(&error.render());
    assert_eq!(db.history().await, "1 | a | applied");
}

#[tokio::test]
async fn one_that_was_done_by_hand_is_accepted_and_not_run() {
    let db = Database::new().await;
    db.migrator(files(&TWO[..1])).run().await.unwrap();
    db.run("create table b ()").await;
    let migrator = db.migrator(files(TWO));
    migrator.repair().accept_applied(version(2), "made by hand").await.unwrap();
    assert!(migrator.run().await.unwrap().is_empty());
    expect!["1 | a | applied\n2 | b | baseline"].assert_eq(&db.history().await);
    let sql = "select action, outcome, version, detail from upshift.audit order by id desc limit 1";
    expect!["baseline | done | 2 | accepted as applied, not run: made by hand"]
        .assert_eq(&db.rows(sql).await);
    let error = migrator.repair().accept_applied(version(2), "again").await.unwrap_err();
    expect![[r#"
        no plan can be made: 2_b is in the history already: baseline
          help: see `migrator.status()`; one that failed is finished by `up`, or taken out with `migrator.repair().forget(version)`"#]].assert_eq(&error.render());
    let error = migrator.repair().accept_applied(version(7), "no").await.unwrap_err();
    expect![[r#"
        no plan can be made: version 7 is no migration of this set
          help: the nearest version there is: 2"#]]
    .assert_eq(&error.render());
}
