//! Tools whose table has one row: golang-migrate and tern.

use expect_test::expect;
use upshift_adopt::{Request, Tool};
use upshift_promises::files;

use crate::stage::{Way, database};

#[tokio::test]
async fn golang_migrate_moves_in() {
    let db = database("golang-migrate.from-source.sql").await;
    let source = files(&[
        ("20240101120000_a.up.sql", "create table a ();"),
        ("20240101120000_a.down.sql", "drop table a;"),
        ("20240102120000_b.up.sql", "create table b ();"),
        ("20240102120000_b.down.sql", "drop table b;"),
    ]);
    Way {
        db: &db,
        source,
        request: Request::new(Tool::GolangMigrate),
        next: ("20240103120000_next.up.sql", "create table next ();"),
    }
    .walk(expect![[""]], expect![[""]], "up 20240103120000_next")
    .await;
}

#[tokio::test]
async fn a_mark_without_its_file_is_of_a_newer_release() {
    let db = database("golang-migrate.from-source.sql").await;
    let migrator = db.migrator(files(&[("20240101120000_a.up.sql", "create table a ();")]));
    let error = upshift_adopt::adopt(&migrator, &Request::new(Tool::GolangMigrate)).await.unwrap_err();
    expect![[""]].assert_eq(&error.render());
}

#[tokio::test]
async fn tern_moves_in() {
    let db = database("tern-2.4.2.from-source.sql").await;
    let both = |name: &str| {
        format!("create table {name} ();\n---- create above / drop below ----\ndrop table {name};\n")
    };
    let source = files(&[("001_a.sql", &both("a")), ("002_b.sql", &both("b"))]);
    Way { db: &db, source, request: Request::new(Tool::Tern), next: ("003_next.sql", &both("next")) }
        .walk(expect![[""]], expect![[""]], "up 3_next")
        .await;
}
