//! The way back, and a look whether the old tool is still in use.

use expect_test::expect;
use upshift_adopt::{LookBack, Request, Tool};
use upshift_promises::{files, steps};

use crate::stage::{database, old_tables, states};

const FILES: &[(&str, &str)] = &[
    ("20240101120000_a.sql", "-- +goose Up\ncreate table a ();\n-- +goose Down\ndrop table a;\n"),
    ("20240102120000_b.sql", "-- +goose Up\ncreate table b ();\n-- +goose Down\ndrop table b;\n"),
];

#[tokio::test]
async fn an_adoption_is_taken_back_and_made_again() {
    let db = database("goose-v3.27.3.from-source.sql").await;
    let migrator = db.migrator(files(FILES));
    let before = old_tables(&db, &migrator).await;
    for _ in 0..2 {
        upshift_adopt::adopt(&migrator, &Request::new(Tool::Goose)).await.unwrap();
        let gone = migrator.unadopt().await.unwrap();
        assert_eq!(gone, ["20240101120000_a", "20240102120000_b"]);
        assert_eq!(db.history().await, "");
        assert_eq!(upshift_adopt::look_back(&migrator).await.unwrap(), LookBack::NotAdopted);
    }
    expect![[r#"
        20240101120000_a pending
        20240102120000_b pending
    "#]]
    .assert_eq(&states(&migrator).await);
    let sql = "select id, action, version, name from upshift.audit order by id limit 6";
    expect![[r#"
        1 | adopt | - | goose
        2 | adopt | 20240101120000 | a
        3 | adopt | 20240102120000 | b
        4 | unadopt | - | goose
        5 | unadopt | 20240101120000 | a
        6 | unadopt | 20240102120000 | b"#]]
    .assert_eq(&db.rows(sql).await);
    assert_eq!(old_tables(&db, &migrator).await, before);
    let verdict = migrator.audit().verify().await.unwrap();
    assert_eq!(verdict, upshift::AuditVerdict::Whole { rows: 12 });
}

#[tokio::test]
async fn once_upshift_has_migrated_there_is_no_way_back() {
    let db = database("goose-v3.27.3.from-source.sql").await;
    db.run("create table a (); create table b ()").await;
    let more = [
        FILES[0],
        FILES[1],
        ("20240103120000_c.sql", "-- +goose Up\ncreate table c ();\n-- +goose Down\ndrop table c;\n"),
    ];
    let migrator = db.migrator(files(&more));
    upshift_adopt::adopt(&migrator, &Request::new(Tool::Goose)).await.unwrap();
    assert_eq!(steps(&migrator.run().await.unwrap()), "up 20240103120000_c");
    let error = migrator.unadopt().await.unwrap_err();
    expect![[r#"
        20240103120000_c was applied or reverted since the adoption, which cannot be taken back
          help: stay, for the other tool knows nothing of it; its own table is as it was when its history was adopted"#]].assert_eq(&error.render());
    // Nor when it was reverted: of an adopted one the old tool would think that it is there.
    let report = migrator.down(upshift::DownTarget::Steps(2)).await.unwrap();
    assert_eq!(steps(&report), "down 20240103120000_c, down 20240102120000_b");
    let error = migrator.unadopt().await.unwrap_err();
    expect!["20240103120000_c was applied or reverted since the adoption, which cannot be taken back"]
        .assert_eq(&error.to_string());
    assert_eq!(db.history().await, "20240101120000 | a | baseline");
}

#[tokio::test]
async fn what_was_not_adopted_is_not_taken_back() {
    let db = database("goose-v3.27.3.from-source.sql").await;
    let migrator = db.migrator(files(FILES));
    let error = migrator.unadopt().await.unwrap_err();
    expect![[r#"
        no history of another tool was adopted
          help: there is nothing to take back"#]]
    .assert_eq(&error.render());
    assert_eq!(db.rows("select to_regnamespace('upshift')").await, "-");
    migrator.baseline(upshift::Version::new(20_240_101_120_000).unwrap()).await.unwrap();
    let error = migrator.unadopt().await.unwrap_err();
    assert_eq!(error.to_string(), "no history of another tool was adopted");
}

#[tokio::test]
async fn a_look_back_tells_that_the_old_tool_is_still_in_use() {
    let db = database("goose-v3.27.3.from-source.sql").await;
    let migrator = db.migrator(files(FILES));
    let look = || async { upshift_adopt::look_back(&migrator).await.unwrap().to_string() };
    let mut seen = vec![look().await];
    upshift_adopt::adopt(&migrator, &Request::new(Tool::Goose)).await.unwrap();
    seen.push(look().await);
    db.run("insert into goose_db_version (version_id, is_applied) values (20240103120000, true)").await;
    seen.push(look().await);
    db.run("delete from goose_db_version where version_id = 20240103120000").await;
    seen.push(look().await);
    db.run("update goose_db_version set is_applied = false where version_id = 20240102120000").await;
    seen.push(look().await);
    db.run("drop table goose_db_version").await;
    seen.push(look().await);
    expect![[r#"
        no history of another tool was adopted
        goose: public.goose_db_version is as it was adopted
        goose: public.goose_db_version had 3 rows when it was adopted and has 4: somebody still runs goose
        goose: public.goose_db_version is as it was adopted
        goose: public.goose_db_version was written to since it was adopted: somebody still runs goose
        goose: public.goose_db_version is gone since it was adopted"#]]
    .assert_eq(&seen.join("\n"));
}
