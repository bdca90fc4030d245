//! What is refused: half-done migrations, edited files, files that are gone, histories that are not what they seem.

use expect_test::expect;
use upshift::SourceFile;
use upshift_adopt::{OnChanged, OnMissing, Request, TableName, Tool};
use upshift_promises::{Database, files, steps};

use crate::stage::{database, old_tables, project};

/// What an adoption is refused with; neither history nor old table is touched.
async fn refused(db: &Database, source: upshift::Source, request: &Request) -> String {
    let migrator = db.migrator(source);
    let before = old_tables(db, &migrator).await;
    let error = upshift_adopt::adopt(&migrator, request).await.unwrap_err();
    assert!(error.adoption().is_some());
    assert_eq!(db.rows("select to_regnamespace('upshift')").await, "-");
    assert_eq!(old_tables(db, &migrator).await, before);
    error.render()
}

#[tokio::test]
async fn a_dirty_golang_migrate() {
    let db = database("golang-migrate.from-source.sql").await;
    db.run("update schema_migrations set dirty = true").await;
    let source = files(&[("20240102120000_b.up.sql", "create table b ();")]);
    expect![[""]].assert_eq(&refused(&db, source, &Request::new(Tool::GolangMigrate)).await);
}

#[tokio::test]
async fn a_failed_flyway_row() {
    let db = database("flyway-13.0.0.from-source.sql").await;
    db.run("insert into flyway_schema_history values (4, '2', 'two', 'SQL', 'V2__two.sql', 7, 'me', now(), 1, false)").await;
    let source = files(&[
        ("V1_1__create_t.sql", "create table t(id int);"),
        ("V2__two.sql", "select 2;"),
        ("R__my_view.sql", "select 1;\n"),
    ]);
    expect![[""]].assert_eq(&refused(&db, source, &Request::new(Tool::Flyway)).await);
}

#[tokio::test]
async fn a_failed_sqlx_row() {
    let db = database("sqlx-0.9.from-source.sql").await;
    db.run("update _sqlx_migrations set success = false").await;
    let source = files(&[("20240101120000_create_t.sql", "create table t(id int);")]);
    expect![[""]].assert_eq(&refused(&db, source, &Request::new(Tool::Sqlx)).await);
}

#[tokio::test]
async fn an_edited_file_unless_it_is_accepted() {
    let db = database("sqlx-0.9.from-source.sql").await;
    let source = files(&[("20240101120000_create_t.sql", "create table t(id bigint);")]);
    expect![[""]].assert_eq(&refused(&db, source.clone(), &Request::new(Tool::Sqlx)).await);
    let request = Request::new(Tool::Sqlx).changed(OnChanged::Accept);
    upshift_adopt::adopt(&db.migrator(&source), &request).await.unwrap();
    expect![[""]].assert_eq(&db.history().await);
    assert!(db.migrator(&source).run().await.unwrap().is_empty());
    let sql = "select detail from upshift.audit where version is not null";
    expect![[""]].assert_eq(&db.rows(sql).await);
}

#[tokio::test]
async fn a_file_that_is_gone_unless_it_is_left_out() {
    let db = database("goose-v3.27.3.from-source.sql").await;
    let source = files(&[("20240102120000_b.sql", "-- +goose Up\ncreate table b ();\n")]);
    expect![[""]].assert_eq(&refused(&db, source.clone(), &Request::new(Tool::Goose)).await);
    let request = Request::new(Tool::Goose).missing(OnMissing::LeaveOut);
    upshift_adopt::adopt(&db.migrator(&source), &request).await.unwrap();
    expect![[""]].assert_eq(&db.history().await);
    let sql = "select left(detail, 50), right(detail, 60) from upshift.audit where version is null";
    expect![[""]].assert_eq(&db.rows(sql).await);
}

#[tokio::test]
async fn a_release_that_is_behind_its_database() {
    let db = database("goose-v3.27.3.from-source.sql").await;
    let source = files(&[("20240101120000_a.sql", "-- +goose Up\ncreate table a ();\n")]);
    // It would be applied again as soon as its file is there, so leaving it out is no way.
    let request = Request::new(Tool::Goose).missing(OnMissing::LeaveOut);
    expect![[""]].assert_eq(&refused(&db, source, &request).await);
}

#[tokio::test]
async fn a_pending_file_between_applied_ones_is_shown_and_left_to_the_next_run() {
    let db = database("goose-v3.27.3.from-source.sql").await;
    let up = |name: &str| format!("-- +goose Up\ncreate table {name} ();\n");
    let source = files(&[
        ("20240101120000_a.sql", &up("a")),
        ("20240101130000_late.sql", &up("late")),
        ("20240102120000_b.sql", &up("b")),
    ]);
    let migrator = db.migrator(source);
    let adopted = upshift_adopt::adopt(&migrator, &Request::new(Tool::Goose)).await.unwrap();
    expect![[""]].assert_eq(&adopted.to_string());
    assert!(migrator.run().await.is_err(), "the next run refuses it as it does any late one");
    let policy = upshift::Policy { out_of_order: upshift::OutOfOrder::Apply, ..upshift::Policy::default() };
    assert_eq!(steps(&migrator.policy(policy).run().await.unwrap()), "up 20240101130000_late");
}

#[tokio::test]
async fn what_goose_had_taken_back_is_pending() {
    let db = database("goose-v3.27.3.from-source.sql").await;
    // As goose wrote it before its version 3: a down is a row.
    db.run("insert into goose_db_version (version_id, is_applied) values (20240102120000, false)").await;
    let source = files(&[
        ("20240101120000_a.sql", "-- +goose Up\ncreate table a ();\n"),
        ("20240102120000_b.sql", "-- +goose Up\ncreate table b ();\n"),
    ]);
    let migrator = db.migrator(source);
    upshift_adopt::adopt(&migrator, &Request::new(Tool::Goose)).await.unwrap();
    assert_eq!(steps(&migrator.run().await.unwrap()), "up 20240102120000_b");
}

#[tokio::test]
async fn files_of_another_tool() {
    let db = database("goose-v3.27.3.from-source.sql").await;
    expect![[""]].assert_eq(&refused(&db, project("gm/migrations"), &Request::new(Tool::Goose)).await);
}

#[tokio::test]
async fn a_tool_that_was_never_here_and_one_that_has_done_nothing() {
    let db = database("goose-v3.27.3.from-source.sql").await;
    let source = || files(&[("1_a.sql", "-- +goose Up\ncreate table a ();\n")]);
    expect![[""]].assert_eq(&refused(&db, source(), &Request::new(Tool::Flyway)).await);
    let elsewhere = Request::new(Tool::Goose).table(TableName::new("public", "goose_lock"));
    expect![[""]].assert_eq(&refused(&db, source(), &elsewhere).await);
    db.run("delete from goose_db_version where version_id > 0").await;
    expect![[""]].assert_eq(&refused(&db, source(), &Request::new(Tool::Goose)).await);
}

#[tokio::test]
async fn several_histories_of_one_tool_until_one_is_named() {
    let db = database("goose-v3.27.3.from-source.sql").await;
    db.run("create schema billing; create table billing.goose_db_version as table goose_db_version").await;
    let source = files(&[
        ("20240101120000_a.sql", "-- +goose Up\ncreate table a ();\n"),
        ("20240102120000_b.sql", "-- +goose Up\ncreate table b ();\n"),
    ]);
    expect![[""]].assert_eq(&refused(&db, source.clone(), &Request::new(Tool::Goose)).await);
    let request = Request::new(Tool::Goose).table("billing.goose_db_version".parse().unwrap());
    let migrator =
        db.migrator(source.with_files([SourceFile::new("20240103120000_c.sql", "-- +goose Up\nselect 1;")]));
    upshift_adopt::adopt(&migrator, &request).await.unwrap();
    assert_eq!(steps(&migrator.run().await.unwrap()), "up 20240103120000_c");
}

#[tokio::test]
async fn a_table_the_role_may_not_read() {
    let db = database("goose-v3.27.3.from-source.sql").await;
    let role = format!("reader_{}", db.name());
    db.run(&format!("create role {role}; grant create on database {} to {role}", db.name())).await;
    let pool = db.pool();
    let client = pool.get().await.unwrap();
    client.batch_execute(&format!("set role {role}")).await.unwrap();
    drop(client);
    let source = files(&[("20240101120000_a.sql", "-- +goose Up\ncreate table a ();\n")]);
    let pool = upshift_promises::database::pool(&format!("{}?options=-c%20role%3D{role}", db.url()), 2);
    let migrator = upshift::Migrator::new(pool, source);
    let error = upshift_adopt::adopt(&migrator, &Request::new(Tool::Goose)).await.unwrap_err();
    expect![[""]].assert_eq(&error.render());
}
