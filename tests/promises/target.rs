//! How far to go: to a version, so many steps, these and no others.

use expect_test::expect;
use upshift::{DownTarget, Missing, OutOfOrder, Policy, Target, Version};
use upshift_promises::{Database, files, steps};

const FOUR: &[(&str, &str)] = &[
    ("1_a.sql", "create table a ();"),
    ("2_b.sql", "create table b ();"),
    ("3_c.sql", "create table c ();"),
    ("4_d.sql", "create table d ();"),
];

fn version(number: u64) -> Version {
    Version::new(number).unwrap()
}

#[tokio::test]
async fn up_to_a_version_includes_it() {
    let db = Database::new().await;
    let report = db.migrator(files(FOUR)).up(Target::Version(version(2))).await.unwrap();
    assert_eq!(steps(&report), "up 1_a, up 2_b");
    assert!(db.migrator(files(FOUR)).up(Target::Version(version(1))).await.unwrap().is_empty());
}

#[tokio::test]
async fn steps_are_so_many_and_no_more() {
    let db = Database::new().await;
    assert_eq!(steps(&db.migrator(files(FOUR)).up(Target::Steps(1)).await.unwrap()), "up 1_a");
    assert_eq!(steps(&db.migrator(files(FOUR)).up(Target::Steps(2)).await.unwrap()), "up 2_b, up 3_c");
    assert_eq!(steps(&db.migrator(files(FOUR)).up(Target::Steps(9)).await.unwrap()), "up 4_d");
    assert_eq!(steps(&db.migrator(files(FOUR)).up(Target::Steps(9)).await.unwrap()), "");
}

#[tokio::test]
async fn only_these_are_applied_in_version_order() {
    let db = Database::new().await;
    let only = Target::Only(vec![version(3), version(1)]);
    assert_eq!(steps(&db.migrator(files(FOUR)).up(only).await.unwrap()), "up 1_a, up 3_c");
    assert_eq!(db.tables().await, "a c");
}

#[tokio::test]
async fn an_unknown_target_is_refused_before_anything_is_touched() {
    let db = Database::new().await;
    for target in [Target::Version(version(7)), Target::Only(vec![version(1), version(7)])] {
        let error = db.migrator(files(FOUR)).up(target).await.unwrap_err();
        let why = "\
            no plan can be made: version 7 is no migration of this set\n  \
            help: the nearest version there is: 4";
        assert_eq!(error.render(), why);
    }
    db.migrator(files(FOUR)).down(DownTarget::Version(version(7))).await.unwrap_err();
    assert_eq!(db.rows("select to_regnamespace('upshift')").await, "-");
}

#[tokio::test]
async fn a_late_arrival_is_refused_then_applied_when_allowed() {
    let db = Database::new().await;
    db.migrator(files(&[FOUR[0], FOUR[2]])).run().await.unwrap();
    let error = db.migrator(files(FOUR)).run().await.unwrap_err();
    assert_eq!(error.to_string(), "no plan can be made: 2_b is older than 3, which is already applied");
    let policy = Policy { out_of_order: OutOfOrder::Apply, ..Policy::default() };
    let report = db.migrator(files(FOUR)).policy(policy).run().await.unwrap();
    assert_eq!(steps(&report), "up 2_b, up 4_d");
    expect![[r#"
        1 | a | applied
        3 | c | applied
        2 | b | applied
        4 | d | applied"#]]
    .assert_eq(&db.history().await);
}

#[tokio::test]
async fn a_missing_one_is_refused_then_passed_over_when_accepted() {
    let db = Database::new().await;
    db.migrator(files(&FOUR[..3])).run().await.unwrap();
    let without = [FOUR[0], FOUR[2], FOUR[3]];
    let error = db.migrator(files(&without)).run().await.unwrap_err();
    assert_eq!(error.to_string(), "no plan can be made: 2_b is applied, but missing in this binary");
    let policy = Policy { missing: Missing::Accept, ..Policy::default() };
    let report = db.migrator(files(&without)).policy(policy).run().await.unwrap();
    assert_eq!(steps(&report), "up 4_d");
    assert_eq!(report.notes.len(), 1);
}

#[tokio::test]
async fn a_contract_waits_over_several_boots_and_runs_when_it_is_named() {
    let db = Database::new().await;
    db.migrator(files(&FOUR[..1])).run().await.unwrap();
    let contract = ("2_b.sql", "-- upshift: phase contract\ndrop table a;\n");
    let report = db.migrator(files(&[FOUR[0], contract, FOUR[2]])).run().await.unwrap();
    assert_eq!(steps(&report), "up 3_c");
    expect!["a contract waits for its gate, which `migrator.join()` looks after"]
        .assert_eq(&format!("{}", report.blocked[0].by));
    let later = [FOUR[0], contract, FOUR[2], FOUR[3]];
    assert_eq!(steps(&db.migrator(files(&later)).run().await.unwrap()), "up 4_d");
    assert!(db.migrator(files(&later)).run().await.unwrap().is_empty());
    let named = db.migrator(files(&later)).up(Target::Only(vec![version(2)])).await.unwrap();
    assert_eq!(steps(&named), "up 2_b");
    assert_eq!(db.tables().await, "c d");
}
