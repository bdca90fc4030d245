//! The audit: every attempt, append-only, each row chained to the one before.

use expect_test::expect;
use upshift::{AuditVerdict, DownTarget, Version};
use upshift_promises::{Database, files};

const TWO: &[(&str, &str)] = &[
    ("1_a.sql", "create table a ();\n-- upshift: down\ndrop table a;\n"),
    ("2_b.sql", "create table b ();\n-- upshift: down\ndrop table b;\n"),
];

async fn verdict(db: &Database) -> AuditVerdict {
    db.migrator(files(&[])).audit().verify().await.unwrap()
}

/// Runs this with the trigger that refuses changes out of the way.
async fn by_hand(db: &Database, sql: &str) {
    db.run(&format!(
        "alter table upshift.audit disable trigger all; {sql}; alter table upshift.audit enable trigger all"
    ))
    .await;
}

async fn migrated() -> Database {
    let db = Database::new().await;
    db.migrator(files(TWO)).run().await.unwrap();
    db.migrator(files(TWO)).down(DownTarget::Steps(1)).await.unwrap();
    db.migrator(files(TWO)).run().await.unwrap();
    assert_eq!(verdict(&db).await, AuditVerdict::Whole { rows: 4 });
    db
}

#[tokio::test]
async fn every_attempt_is_there_with_its_outcome() {
    let db = Database::new().await;
    let one = Version::new(1).unwrap();
    db.migrator(files(TWO)).baseline(one).await.unwrap();
    let broken = [TWO[0], ("2_b.sql", "create table b ();\nselect nonsense;\n")];
    db.migrator(files(&broken)).run().await.unwrap_err();
    db.migrator(files(TWO)).run().await.unwrap();
    let edited_down =
        [TWO[0], ("2_b.sql", "create table b ();\n-- upshift: down\ndrop table if exists b;\n")];
    db.migrator(files(&edited_down)).run().await.unwrap();
    let edited = [("1_a.sql", "create table a (id int);\n"), edited_down[1]];
    db.migrator(files(&edited)).repair().accept_checksum(one).await.unwrap();
    db.migrator(files(&edited)).down(DownTarget::Steps(1)).await.unwrap();
    db.migrator(files(&[("2_b.sql", "create table b ();")])).repair().forget(one).await.unwrap();
    db.migrator(files(&[("R__v.sql", "create view v as select 1 as one")])).run().await.unwrap();
    let sql = "select id, action, outcome, coalesce(version::text, 'R'), name, detail from upshift.audit order by id";
    expect![[r#"
        1 | baseline | done | 1 | a | accepted by a baseline, not run
        2 | apply | failed | 2 | b | migration 2_b failed at statement 2 of 2 (2_b.sql:2:8): column "nonsense" does not exist (42703)
        3 | apply | done | 2 | b | -
        4 | record | done | 2 | b | the down was edited
        5 | repair | done | 1 | a | the edited text was accepted; the checksum was v1:0db38149e0c353608ccb4a4dfc5867eeca6c9eb16f56c7e30595fdb1a85d4700
        6 | revert | done | 2 | b | -
        7 | repair | done | 1 | a | forgotten by hand; its state was `baseline`
        8 | apply | done | R | v | -"#]].assert_eq(&db.rows(sql).await);
    assert_eq!(verdict(&db).await, AuditVerdict::Whole { rows: 8 });
}

#[tokio::test]
async fn rows_are_read_back_as_they_were_written() {
    let db = Database::new().await;
    let began = db.rows("select clock_timestamp()").await;
    db.migrator(files(TWO)).service("orders", "1.4.2").host("web-1").run().await.unwrap();
    let rows = db.migrator(files(TWO)).audit().rows().await.unwrap();
    assert_eq!(rows.iter().map(|row| row.id).collect::<Vec<_>>(), [1, 2]);
    let row = &rows[1];
    let words = [&row.action, &row.outcome, &row.name, &row.role];
    assert_eq!(words, ["apply", "done", "b", "postgres"]);
    assert_eq!(
        (row.version, row.service.as_deref(), row.release.as_deref()),
        (Some(2), Some("orders"), Some("1.4.2"))
    );
    assert_eq!(row.host.as_deref(), Some("web-1"));
    let checksum = db.rows("select up_checksum from upshift.history where version = 2").await;
    assert_eq!(row.checksum.as_deref(), Some(checksum.as_str()));
    assert_eq!(row.detail, None);
    let between = format!("select bool_and(at between '{began}' and clock_timestamp()) from upshift.audit");
    assert_eq!(db.rows(&between).await, "t");
    let history = "select bool_and(h.applied_at = a.at and h.role = a.role and h.service = a.service \
                   and h.release = a.release and h.host = a.host and h.duration_ms = a.duration_ms) \
                   from upshift.history h join upshift.audit a using (version)";
    assert_eq!(db.rows(history).await, "t");
}

#[tokio::test]
async fn a_slow_migration_has_its_duration() {
    let db = Database::new().await;
    db.migrator(files(&[
        ("1_slow.sql", "select pg_sleep(0.05)"),
        ("2_slow.sql", "vacuum;\nselect pg_sleep(0.05)"),
    ]))
    .run()
    .await
    .unwrap();
    let sql = "select bool_and(duration_ms between 50 and 5000) from upshift.history";
    assert_eq!(db.rows(sql).await, "t");
    assert_eq!(db.rows(&sql.replace("history", "audit")).await, "t");
}

#[tokio::test]
async fn without_names_the_server_says_where_it_came_from() {
    let db = Database::new().await;
    upshift::Migrator::new(db.pool(), files(TWO)).run().await.unwrap();
    let sql = "select service, release, host from upshift.audit limit 1";
    expect!["- | - | 127.0.0.1"].assert_eq(&db.rows(sql).await);
}

#[tokio::test]
async fn its_rows_are_neither_changed_nor_removed() {
    let db = migrated().await;
    let client = db.client().await;
    for sql in ["update upshift.audit set name = 'x'", "delete from upshift.audit", "truncate upshift.audit"]
    {
        let error = client.batch_execute(sql).await.unwrap_err();
        assert_eq!(
            error.as_db_error().unwrap().message(),
            "upshift.audit is append-only: rows are neither changed nor removed"
        );
    }
}

#[tokio::test]
async fn our_schema_may_have_any_name() {
    for name in ["O'Brien", "a%b", r#"a "b""#, "%"] {
        let db = Database::new().await;
        let migrator = db.migrator(files(TWO)).schema(name).unwrap();
        migrator.run().await.unwrap();
        migrator.down(DownTarget::Steps(1)).await.unwrap();
        assert_eq!(migrator.audit().verify().await.unwrap(), AuditVerdict::Whole { rows: 3 });
        let schema = name.replace('"', "\"\"");
        let change = format!("delete from \"{schema}\".audit");
        let error = db.client().await.batch_execute(&change).await.unwrap_err();
        assert_eq!(
            error.as_db_error().unwrap().message(),
            format!("{name}.audit is append-only: rows are neither changed nor removed")
        );
    }
}

#[tokio::test]
async fn a_changed_row_is_found() {
    for change in [
        "name = 'x'",
        "at = at + interval '1 microsecond'",
        "detail = ''",
        "version = null",
        "duration_ms = duration_ms + 1",
        "role = 'somebody'",
        "service = null",
        "host = 'x'",
        "token = token + 1",
        "outcome = 'failed'",
    ] {
        let db = migrated().await;
        by_hand(&db, &format!("update upshift.audit set {change} where id = 2")).await;
        let found = verdict(&db).await;
        let AuditVerdict::Broken(row) = found else { panic!("{change} was not found") };
        assert_eq!((row.id, row.why), (2, "its content is not what was written"), "{change}");
    }
}

#[tokio::test]
async fn a_changed_hash_is_found() {
    let db = migrated().await;
    by_hand(&db, "update upshift.audit set hash = sha256('x') where id = 2").await;
    expect![[r#"Broken(BrokenRow { id: 2, why: "its content is not what was written" })"#]]
        .assert_eq(&format!("{:?}", verdict(&db).await));
    let db = migrated().await;
    by_hand(&db, "update upshift.audit set previous_hash = sha256('x') where id = 2").await;
    expect![[r#"Broken(BrokenRow { id: 2, why: "its content is not what was written" })"#]]
        .assert_eq(&format!("{:?}", verdict(&db).await));
}

#[tokio::test]
async fn a_row_written_anew_with_its_hash_is_found_by_the_next() {
    let db = migrated().await;
    let forged = |id: i32| {
        format!(
            "update upshift.audit set name = 'x' where id = {id}; update upshift.audit a set hash = \
             sha256(a.previous_hash || convert_to(jsonb_build_array(a.id, (extract(epoch from a.at) * 1000000)::bigint, \
             a.action, a.outcome, a.version, a.name, a.checksum, a.detail, a.duration_ms, a.role, a.service, a.release, \
             a.host, a.token)::text, 'UTF8')) where id = {id}"
        )
    };
    by_hand(&db, &forged(2)).await;
    expect![[r#"Broken(BrokenRow { id: 3, why: "it does not follow the row before it" })"#]]
        .assert_eq(&format!("{:?}", verdict(&db).await));
    // The last one has no next: the lease remembers it.
    let db = migrated().await;
    by_hand(&db, &forged(4)).await;
    expect![[r#"Broken(BrokenRow { id: 4, why: "it is not the last row that was written" })"#]]
        .assert_eq(&format!("{:?}", verdict(&db).await));
}

#[tokio::test]
async fn a_removed_row_is_found() {
    for (id, place) in [(1, "first"), (2, "in the middle"), (4, "last")] {
        let db = migrated().await;
        by_hand(&db, &format!("delete from upshift.audit where id = {id}")).await;
        let found = verdict(&db).await;
        assert!(matches!(found, AuditVerdict::Broken(_)), "{place}: {found:?}");
    }
    let db = migrated().await;
    by_hand(&db, "delete from upshift.audit").await;
    expect![[r#"Broken(BrokenRow { id: 1, why: "it was written and is gone" })"#]]
        .assert_eq(&format!("{:?}", verdict(&db).await));
}

#[tokio::test]
async fn a_removed_row_is_found_though_the_others_were_numbered_anew() {
    let db = migrated().await;
    by_hand(&db, "delete from upshift.audit where id = 2; update upshift.audit set id = id - 1 where id > 2")
        .await;
    assert!(matches!(verdict(&db).await, AuditVerdict::Broken(row) if row.id == 2));
}

#[tokio::test]
async fn an_audit_whose_lease_is_gone_is_not_whole() {
    let db = migrated().await;
    db.run("delete from upshift.lease").await;
    expect![[r#"Broken(BrokenRow { id: 1, why: "the lease, which remembers the last row, is gone" })"#]]
        .assert_eq(&format!("{:?}", verdict(&db).await));
}

#[tokio::test]
async fn a_row_written_by_hand_is_found() {
    let db = migrated().await;
    let sql = "insert into upshift.audit select 5, at, action, outcome, version, name, checksum, detail, duration_ms, role, \
               service, release, host, token, hash, sha256('x') from upshift.audit where id = 4";
    db.run(sql).await;
    assert!(matches!(verdict(&db).await, AuditVerdict::Broken(row) if row.id == 5));
}

#[tokio::test]
async fn texts_of_every_kind_are_verified() {
    let db = Database::new().await;
    let strange = "select 'quote '' and \"double\" and \\ and ünï 漢字 😀 and \t tab', nonsense";
    db.migrator(files(&[("1_strange.sql", strange)]))
        .service("se\"r'v\\ice", "1.0 😀")
        .run()
        .await
        .unwrap_err();
    assert_eq!(verdict(&db).await, AuditVerdict::Whole { rows: 1 });
}

#[tokio::test]
async fn sessions_of_every_setting_verify_the_same() {
    let db = migrated().await;
    let name = db.name();
    for setting in [
        "timezone = 'Asia/Kolkata'",
        "datestyle = 'SQL, DMY'",
        "extra_float_digits = -15",
        "bytea_output = 'escape'",
    ] {
        db.run(&format!("alter database {name} set {setting}")).await;
        assert_eq!(verdict(&db).await, AuditVerdict::Whole { rows: 4 }, "{setting}");
    }
}

#[tokio::test]
async fn the_audit_of_a_database_that_was_never_migrated_is_empty_and_one_that_was_taken_away_is_not() {
    let db = Database::new().await;
    let migrator = db.migrator(files(TWO));
    assert_eq!(migrator.audit().rows().await.unwrap(), []);
    assert_eq!(migrator.audit().verify().await.unwrap(), AuditVerdict::Whole { rows: 0 });
    migrator.run().await.unwrap();
    db.run("drop table upshift.audit").await;
    assert!(migrator.audit().verify().await.is_err());
    let error = migrator.audit().rows().await.unwrap_err();
    expect![[r#"
        could not read the audit
          caused by: relation "upshift.audit" does not exist (42P01)
          help: upshift's tables were changed by hand, or belong to something else: put them back, or choose another schema with `Migrator::schema`"#]]
    .assert_eq(&error.render());
}
