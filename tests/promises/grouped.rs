//! All pending migrations in one transaction: everything or nothing.

use expect_test::expect;
use upshift::{DownTarget, Grouping};
use upshift_promises::{Database, files, steps};

const THREE: &[(&str, &str)] = &[
    ("1_a.sql", "create table a ();\n-- upshift: down\ndrop table a;\n"),
    ("2_b.sql", "create table b ();\n-- upshift: down\ndrop table b;\n"),
    ("R__v.sql", "create or replace view v as select 1 as one;\n"),
];

#[tokio::test]
async fn everything_is_applied_in_one_transaction() {
    let db = Database::new().await;
    let report = db.migrator(files(THREE)).grouping(Grouping::AllInOne).run().await.unwrap();
    assert_eq!(steps(&report), "up 1_a, up 2_b, up R__v");
    assert_eq!(db.rows("select count(distinct xmin::text), count(*) from upshift.history").await, "1 | 3");
    expect!["1 | a | applied\n2 | b | applied\nR | v | applied"].assert_eq(&db.history().await);
}

#[tokio::test]
async fn a_failure_leaves_nothing_and_its_audit_row() {
    let db = Database::new().await;
    let mut set = THREE.to_vec();
    set[2].1 = "create view v as select nonsense";
    let error = db.migrator(files(&set)).grouping(Grouping::AllInOne).run().await.unwrap_err();
    assert_eq!(error.to_string(), "migration R__v failed at statement 1 of 1 (R__v.sql:1:25)");
    assert_eq!(error.report().unwrap().steps, []);
    assert_eq!(db.tables().await, "-");
    assert_eq!(db.history().await, "");
    assert_eq!(db.rows("select action, outcome, name from upshift.audit").await, "apply | failed | v");
}

#[tokio::test]
async fn what_cannot_be_in_a_transaction_is_refused_before_anything_is_done() {
    let db = Database::new().await;
    let mut set = THREE.to_vec();
    set[1].1 = "create table b (i int);\n\ncreate index concurrently on b (i);\n";
    set.push(("3_c.sql", "-- upshift: transaction off\nselect 1;\n"));
    let error = db.migrator(files(&set)).grouping(Grouping::AllInOne).run().await.unwrap_err();
    expect![[r#"
        no plan can be made, for 2 reasons
          - 2_b cannot be part of one transaction: PostgreSQL refuses its statement in line 3 there
          - 3_c cannot be part of one transaction: PostgreSQL refuses its statement in line 2 there
            help: run without `Grouping::AllInOne`"#]]
    .assert_eq(&error.render());
    assert_eq!(db.tables().await, "-");
}

#[tokio::test]
async fn nothing_of_one_migration_reaches_the_next_there_either() {
    let db = Database::new().await;
    let set = [
        (
            "1_a.sql",
            "set search_path to pg_catalog; create temp table scratch (); set local work_mem = '7MB';",
        ),
        (
            "2_b.sql",
            "create table b as select current_setting('search_path') s, current_setting('work_mem') w; \
                     create temp table scratch ();",
        ),
    ];
    db.migrator(files(&set)).grouping(Grouping::AllInOne).run().await.unwrap();
    assert_eq!(db.rows("select s, w from b").await, "\"$user\", public | 4MB");
}

#[tokio::test]
async fn each_migration_has_its_own_limits_there_too() {
    let db = Database::new().await;
    let show = |name: &str| format!("create table {name} as select current_setting('lock_timeout') as t;");
    let set = [
        ("1_a.sql".to_owned(), show("a")),
        ("2_b.sql".to_owned(), format!("-- upshift: lock-timeout 7s\n{}", show("b"))),
        ("3_c.sql".to_owned(), show("c")),
    ];
    let set: Vec<(&str, &str)> = set.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    db.migrator(files(&set)).grouping(Grouping::AllInOne).run().await.unwrap();
    assert_eq!(db.rows("select a.t, b.t, c.t from a, b, c").await, "50ms | 7s | 50ms");
}

#[tokio::test]
async fn going_back_is_all_or_nothing_too() {
    let db = Database::new().await;
    let mut set = THREE[..2].to_vec();
    set[0].1 = "create table a ();\n-- upshift: down\ndrop table nowhere;\n";
    let migrator = db.migrator(files(&set)).grouping(Grouping::AllInOne);
    migrator.run().await.unwrap();
    migrator.down(DownTarget::All).await.unwrap_err();
    assert_eq!(db.tables().await, "a b");
    let mended = db.migrator(files(THREE)).grouping(Grouping::AllInOne);
    mended.repair().accept_checksum(upshift::Version::new(1).unwrap()).await.unwrap();
    mended.down(DownTarget::All).await.unwrap();
    assert_eq!(db.tables().await, "-");
}

#[tokio::test]
async fn an_edited_down_is_recorded_along_with_it() {
    let db = Database::new().await;
    db.migrator(files(&THREE[..1])).run().await.unwrap();
    let mut edited = THREE.to_vec();
    edited[0].1 = "create table a ();\n-- upshift: down\ndrop table if exists a;\n";
    db.migrator(files(&edited)).grouping(Grouping::AllInOne).run().await.unwrap();
    assert_eq!(
        db.rows("select down from upshift.history where version = 1").await.trim(),
        "drop table if exists a;"
    );
    assert_eq!(db.tables().await, "a b");
}
