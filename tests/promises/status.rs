//! Where a database stands, and whether a service may serve: asked without writing anything.

use expect_test::{Expect, expect};
use upshift::{Health, Migrator, Source, Version};
use upshift_promises::{Database, database, files};

const THREE: &[(&str, &str)] = &[
    ("1_a.sql", "create table a ();\n-- upshift: down\ndrop table a;\n"),
    ("2_b.sql", "create table b (x int);\n-- upshift: down\ndrop table b;\n"),
    ("R__v.sql", "create or replace view v as select 1 as one;\n"),
];

/// The status with what differs from run to run taken out, and the health below it.
async fn check(migrator: &Migrator, expected: Expect) {
    let status = migrator.status().await.unwrap().to_string();
    let mut text = String::new();
    for line in status.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        // The time, and how long it took: `2026-01-01 00:00:00 UTC  3 ms`.
        match words.iter().position(|word| *word == "UTC") {
            Some(utc) => {
                let took =
                    words[utc + 1..].iter().position(|word| *word == "ms" || *word == "s").unwrap() + utc + 1;
                text.push_str(&[&words[..utc - 2], &["TIME"], &words[took + 1..]].concat().join(" "));
            }
            None => text.push_str(line),
        }
        text.push('\n');
    }
    let health = migrator.health().await.unwrap();
    text.push_str(&format!("{} {health:?}\n", if health.is_fit() { "fit:" } else { "unfit:" }));
    expected.assert_eq(&text);
}

#[tokio::test]
async fn a_database_that_was_never_migrated_is_behind() {
    let db = Database::new().await;
    check(
        &db.migrator(files(THREE)),
        expect![[r#"
        upshift files
        1_a   pending
        2_b   pending
        R__v  pending
        unfit: Behind { pending: ["1_a", "2_b", "R__v"] }
    "#]],
    )
    .await;
    assert_eq!(db.rows("select to_regnamespace('upshift')").await, "-");
}

#[tokio::test]
async fn a_migrated_database_fits() {
    let db = Database::new().await;
    db.migrator(files(THREE)).run().await.unwrap();
    check(
        &db.migrator(files(THREE)),
        expect![[r#"
        upshift files
        1_a applied TIME postgres promises 1.0.0
        2_b applied TIME postgres promises 1.0.0
        R__v applied TIME postgres promises 1.0.0
        fit: Fits
    "#]],
    )
    .await;
}

#[tokio::test]
async fn an_older_binary_on_a_newer_schema_fits_too() {
    let db = Database::new().await;
    db.migrator(files(THREE)).run().await.unwrap();
    check(
        &db.migrator(files(&THREE[..1])),
        expect![[r#"
        upshift files
        1_a applied TIME postgres promises 1.0.0
        2_b newer TIME postgres promises 1.0.0
        R__v newer TIME postgres promises 1.0.0
        fit: Ahead { newer: ["2_b"] }
    "#]],
    )
    .await;
}

#[tokio::test]
async fn a_newer_binary_is_behind_until_it_has_migrated() {
    let db = Database::new().await;
    db.migrator(files(&THREE[..1])).run().await.unwrap();
    check(
        &db.migrator(files(THREE)),
        expect![[r#"
        upshift files
        1_a applied TIME postgres promises 1.0.0
        2_b   pending
        R__v  pending
        unfit: Behind { pending: ["2_b", "R__v"] }
    "#]],
    )
    .await;
}

#[tokio::test]
async fn a_blocked_contract_does_not_keep_a_service_from_serving() {
    let db = Database::new().await;
    db.migrator(files(&THREE[..1])).run().await.unwrap();
    let contract = [
        THREE[0],
        ("2_b.sql", "-- upshift: phase contract\ndrop table a;\n"),
        ("3_c.sql", "-- upshift: requires 2\ncreate table c ();\n"),
        ("4_d.sql", "create table d ();\n"),
    ];
    db.migrator(files(&contract)).run().await.unwrap();
    check(
        &db.migrator(files(&contract)),
        expect![[r#"
        upshift files
        1_a applied TIME postgres promises 1.0.0
        2_b  blocked  a contract waits for its gate, which `migrator.join()` looks after
        3_c  blocked  requires 2, which is not applied
        4_d applied TIME postgres promises 1.0.0
        fit: Fits
    "#]],
    )
    .await;
}

#[tokio::test]
async fn what_does_not_fit_is_refused_and_everything_is_told() {
    let db = Database::new().await;
    let three = ("3_c.sql", "create table c ();");
    db.migrator(files(&[THREE[0], ("2_gone.sql", "select 1"), three])).run().await.unwrap();
    let set = [("1_a.sql", "create table a (edited int);"), ("4_d.sql", "create table d ();"), three];
    check(&db.migrator(files(&set)), expect![[r#"
        upshift files
        1_a changed TIME postgres promises 1.0.0
        2_gone missing TIME postgres promises 1.0.0
        3_c applied TIME postgres promises 1.0.0
        4_d     pending
        refused: 1_a was edited after it was applied
        refused: 2_gone is applied, but missing in this binary
        unfit: Refused { why: ["1_a was edited after it was applied", "2_gone is applied, but missing in this binary"] }
    "#]]).await;
}

#[tokio::test]
async fn a_late_arrival_is_out_of_order() {
    let db = Database::new().await;
    db.migrator(files(&[THREE[0], ("3_c.sql", "select 1")])).run().await.unwrap();
    check(
        &db.migrator(files(&[THREE[0], THREE[1], ("3_c.sql", "select 1")])),
        expect![[r#"
        upshift files
        1_a applied TIME postgres promises 1.0.0
        2_b  out of order
        3_c applied TIME postgres promises 1.0.0
        refused: 2_b is older than 3, which is already applied
        unfit: Refused { why: ["2_b is older than 3, which is already applied"] }
    "#]],
    )
    .await;
}

#[tokio::test]
async fn what_stopped_in_the_middle_says_where_and_why() {
    let db = Database::new().await;
    let broken = [THREE[0], ("2_b.sql", "create table b (x int);\nvacuum nowhere;\n")];
    db.migrator(files(&broken)).run().await.unwrap_err();
    check(
        &db.migrator(files(&broken)),
        expect![[r#"
        upshift files
        1_a applied TIME postgres promises 1.0.0
        2_b failed at statement 2 TIME postgres promises 1.0.0 relation "nowhere" does not exist (42P01)
        unfit: Behind { pending: ["2_b"] }
    "#]],
    )
    .await;
}

#[tokio::test]
async fn a_half_done_down_says_so() {
    let db = Database::new().await;
    let set = [
        THREE[0],
        ("2_b.sql", "create table b (x int);\n-- upshift: down\ndrop table b;\nvacuum nowhere;\n"),
    ];
    db.migrator(files(&set)).run().await.unwrap();
    db.migrator(files(&set)).down(upshift::DownTarget::Steps(1)).await.unwrap_err();
    check(&db.migrator(files(&set)), expect![[r#"
        upshift files
        1_a applied TIME postgres promises 1.0.0
        2_b failed at statement 2 of its down TIME postgres promises 1.0.0 relation "nowhere" does not exist (42P01)
        refused: 2_b stopped after statement 1 of its down
        unfit: Refused { why: ["2_b stopped after statement 1 of its down"] }
    "#]]).await;
}

#[tokio::test]
async fn an_edited_repeatable_and_one_to_be_applied_again_are_pending() {
    let db = Database::new().await;
    let other = ("R__w.sql", "create or replace view w as select 1 as one;");
    db.migrator(files(&[THREE[0], THREE[2], other])).run().await.unwrap();
    let edited = ("R__v.sql", "create or replace view v as select 1 as one, 2 as two;");
    check(
        &db.migrator(files(&[THREE[0], edited, other])),
        expect![[r#"
        upshift files
        1_a applied TIME postgres promises 1.0.0
        R__v changed TIME postgres promises 1.0.0
        R__w applied TIME postgres promises 1.0.0
        unfit: Behind { pending: ["R__v"] }
    "#]],
    )
    .await;
    db.migrator(files(&[THREE[0], THREE[2], other])).down(upshift::DownTarget::All).await.unwrap();
    check(
        &db.migrator(files(&[THREE[0], THREE[2], other])),
        expect![[r#"
        upshift files
        1_a   pending
        R__v pending TIME postgres promises 1.0.0
        R__w pending TIME postgres promises 1.0.0
        unfit: Behind { pending: ["1_a", "R__v", "R__w"] }
    "#]],
    )
    .await;
}

#[tokio::test]
async fn a_baseline_and_a_release_are_shown() {
    let db = Database::new().await;
    db.migrator(files(THREE)).baseline(Version::new(1).unwrap()).await.unwrap();
    db.migrator(files(THREE)).service("orders", "2.0.0").run().await.unwrap();
    check(
        &db.migrator(files(THREE)),
        expect![[r#"
        upshift files
        1_a baseline TIME postgres promises 1.0.0
        2_b applied TIME postgres orders 2.0.0
        R__v applied TIME postgres orders 2.0.0
        fit: Fits
    "#]],
    )
    .await;
}

/// A migrator of a role that may read upshift's tables and nothing else.
async fn reader(db: &Database, source: Source) -> (String, Migrator) {
    let role = format!("{}_reader", db.name());
    db.run(&format!(
        "create role {role} login; revoke all on schema public from public; alter role {role} set \
         default_transaction_read_only = on"
    ))
    .await;
    let granted = db.rows("select to_regnamespace('upshift')").await;
    if granted != "-" {
        db.run(&format!(
            "grant usage on schema upshift to {role}; grant select on all tables in schema upshift to {role}"
        ))
        .await;
    }
    let url = db.url().replacen("postgres@", &format!("{role}@"), 1);
    (role, Migrator::new(database::pool(&url, 2), source))
}

#[tokio::test]
async fn every_question_is_answered_to_a_role_that_may_only_read() {
    let db = Database::new().await;
    let edited = [("1_a.sql", "create table edited ();"), THREE[1], THREE[2]];
    db.migrator(files(THREE)).run().await.unwrap();
    let written = "select (select count(*) || ' ' || max(xmin::text) from upshift.history), \
                   (select count(*) from upshift.audit), (select xmin from upshift.lease)";
    let before = db.rows(written).await;
    let (role, fits) = reader(&db, files(THREE)).await;
    assert_eq!(fits.health().await.unwrap(), Health::Fits);
    fits.status().await.unwrap();
    assert!(fits.plan(upshift::Target::Head).await.unwrap().is_empty());
    assert_eq!(fits.plan_down(upshift::DownTarget::All).await.unwrap().steps().count(), 2);
    assert_eq!(fits.audit().rows().await.unwrap().len(), 3);
    fits.audit().verify().await.unwrap();
    assert!(fits.run().await.unwrap().is_empty(), "a boot with nothing to do writes nothing");
    let other = Migrator::new(fits_pool(&db, &role), files(&edited));
    assert!(other.plan(upshift::Target::Head).await.unwrap_err().is_changed());
    assert!(matches!(other.health().await.unwrap(), Health::Refused { .. }));
    other.status().await.unwrap();
    assert_eq!(db.rows(written).await, before);
    db.settle().await;
    db.run(&format!("drop owned by {role}; drop role {role}")).await;
}

fn fits_pool(db: &Database, role: &str) -> deadpool_postgres::Pool {
    database::pool(&db.url().replacen("postgres@", &format!("{role}@"), 1), 2)
}

#[tokio::test]
async fn a_database_that_was_never_migrated_can_be_asked_by_anybody() {
    let db = Database::new().await;
    let (role, migrator) = reader(&db, files(THREE)).await;
    assert!(matches!(migrator.health().await.unwrap(), Health::Behind { .. }));
    migrator.status().await.unwrap();
    db.run(&format!("drop owned by {role}; drop role {role}")).await;
}

#[tokio::test]
async fn a_role_that_may_not_even_read_is_told_what_it_lacks() {
    let db = Database::new().await;
    let (role, migrator) = reader(&db, files(THREE)).await;
    db.migrator(files(THREE)).run().await.unwrap();
    let error = migrator.health().await.unwrap_err();
    expect![[r#"
        the role "ROLE" lacks 4 things in the database "DATABASE", and nothing was changed
          - use the schema "upshift"
          - select on "upshift".format
          - select on "upshift".lease
          - select on "upshift".history
          help: have an administrator run
            grant usage on schema "upshift" to "ROLE";
            grant select on "upshift".format to "ROLE";
            grant select on "upshift".lease to "ROLE";
            grant select on "upshift".history to "ROLE";"#]]
    .assert_eq(&error.render().replace(&role, "ROLE").replace(db.name(), "DATABASE"));
    db.run(&format!("drop owned by {role}; drop role {role}")).await;
}
