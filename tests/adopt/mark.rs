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
    .walk(expect![[r#"
        golang-migrate: public.schema_migrations, 1 row; upshift files
        migration         golang-migrate  applied (UTC)  standing
        20240101120000_a  -               -              unverifiable: its table has one row, and all up to it counts
        20240102120000_b  20240102120000  -              unverifiable: its table has one row, and all up to it counts
        to adopt: 2 migrations, 0 verified
    "#]], expect![[r#"
        20240101120000_a baseline
        20240102120000_b baseline
    "#]], "up 20240103120000_next")
    .await;
}

#[tokio::test]
async fn a_mark_without_its_file_is_of_a_newer_release() {
    let db = database("golang-migrate.from-source.sql").await;
    let migrator = db.migrator(files(&[("20240101120000_a.up.sql", "create table a ();")]));
    let error = upshift_adopt::adopt(&migrator, &Request::new(Tool::GolangMigrate)).await.unwrap_err();
    expect![[r#"
        the history of golang-migrate is not adopted: applied, and newer than all files: 20240102120000

        golang-migrate: public.schema_migrations, 1 row; upshift files
        migration         golang-migrate  applied (UTC)  standing
        20240101120000_a  -               -              unverifiable: its table has one row, and all up to it counts
        20240102120000    20240102120000  -              newer than these files
        to adopt: 1 migration, 0 verified
        refused: applied, and newer than all files: 20240102120000
          help: adopt with the files of the newest release: the next one would apply them again"#]].assert_eq(&error.render());
}

#[tokio::test]
async fn tern_moves_in() {
    let db = database("tern-2.4.2.from-source.sql").await;
    let both = |name: &str| {
        format!("create table {name} ();\n---- create above / drop below ----\ndrop table {name};\n")
    };
    let source = files(&[("001_a.sql", &both("a")), ("002_b.sql", &both("b"))]);
    Way { db: &db, source, request: Request::new(Tool::Tern), next: ("003_next.sql", &both("next")) }
        .walk(
            expect![[r#"
            tern: public.schema_version, 1 row; tern files
            migration  tern  applied (UTC)  standing
            1_a        -     -              unverifiable: its table has one row, and all up to it counts
            2_b        2     -              unverifiable: its table has one row, and all up to it counts
            to adopt: 2 migrations, 0 verified
        "#]],
            expect![[r#"
            1_a baseline
            2_b baseline
        "#]],
            "up 3_next",
        )
        .await;
}
