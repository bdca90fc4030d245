//! The proof by replaying: what no checksum tells is told by the schema.

use expect_test::expect;
use upshift_adopt::{Request, Tool, prove};
use upshift_promises::{Database, files};

use crate::stage::{database, project};

const FILES: &[(&str, &str)] = &[
    ("20240101120000_a.sql", "-- +goose Up\ncreate table a (id int primary key);\n"),
    ("20240102120000_b.sql", "-- +goose Up\ncreate table b (id int references a);\n"),
    ("20240103120000_later.sql", "-- +goose Up\ncreate table later ();\n"),
];

#[tokio::test]
async fn a_database_that_its_files_have_made_is_sound() {
    let db = database("goose-v3.27.3.from-source.sql").await;
    db.run("create table a (id int primary key); create table b (id int references a)").await;
    let scratch = Database::new().await;
    let request = Request::new(Tool::Goose);
    let proof = prove(&db.migrator(files(FILES)), scratch.pool(), &request).await.unwrap();
    expect![[r#"
        the schema is what 2 files make
    "#]]
    .assert_eq(&proof.to_string());
    assert_eq!(scratch.tables().await, "a b", "what is pending is not replayed");
    assert_eq!(db.rows("select to_regnamespace('upshift')").await, "-", "the live database is read alone");
}

#[tokio::test]
async fn a_file_that_was_edited_after_goose_had_applied_it_is_found() {
    let db = database("goose-v3.27.3.from-source.sql").await;
    db.run("create table a (id int primary key); create table b (id bigint, note text)").await;
    let scratch = Database::new().await;
    let request = Request::new(Tool::Goose);
    let proof = prove(&db.migrator(files(FILES)), scratch.pool(), &request).await.unwrap();
    assert!(!proof.is_sound());
    expect![[r#"
        the schema is not what 2 files make:
        changed column public.b.id
            - integer
            + bigint
        added column public.b.note: text
        removed constraint public.b.b_id_fkey: FOREIGN KEY (id) REFERENCES public.a(id)
    "#]]
    .assert_eq(&proof.to_string());
}

#[tokio::test]
async fn the_tools_own_schema_is_no_difference() {
    let db = database("sqitch-1.3.1.real.sql").await;
    db.run("create table users(id int)").await;
    let scratch = Database::new().await;
    let proof =
        prove(&db.migrator(project("sqi")), scratch.pool(), &Request::new(Tool::Sqitch)).await.unwrap();
    assert!(proof.is_sound(), "{proof}");
}

#[tokio::test]
async fn an_adoption_can_be_proven_afterwards() {
    let db = database("goose-v3.27.3.from-source.sql").await;
    db.run("create table a (id int primary key); create table b (id int references a)").await;
    let migrator = db.migrator(files(FILES));
    let request = Request::new(Tool::Goose);
    upshift_adopt::adopt(&migrator, &request).await.unwrap();
    let proof = prove(&migrator, Database::new().await.pool(), &request).await.unwrap();
    assert!(proof.is_sound(), "{proof}");
}

#[tokio::test]
async fn the_sequences_that_the_tools_table_owns_are_no_difference_whatever_their_names() {
    let db = database("node-pg-migrate-9.0.0.real.sql").await;
    db.run("create table a (id int); create table b (id int)").await;
    let node: &[(&str, &str)] = &[
        ("1700000000000_a.sql", "-- Up Migration\ncreate table a (id int);\n"),
        ("1700000000001_b.sql", "-- Up Migration\ncreate table b (id int);\n"),
    ];
    let request = Request::new(Tool::NodePgMigrate);
    let proof = prove(&db.migrator(files(node)), Database::new().await.pool(), &request).await.unwrap();
    assert!(proof.is_sound(), "{proof}");

    let db = Database::new().await;
    db.run(
        "create table goose_db_version (id serial primary key, version_id bigint not null, is_applied boolean not null,
            tstamp timestamp not null default now());
        alter sequence goose_db_version_id_seq rename to counted;
        insert into goose_db_version (version_id, is_applied) values (0, true), (20240101120000, true);
        create table a (id int primary key); create sequence beside",
    )
    .await;
    let request = Request::new(Tool::Goose);
    let proof = prove(&db.migrator(files(FILES)), Database::new().await.pool(), &request).await.unwrap();
    expect![[r#"
        the schema is not what 1 file makes:
        added sequence public.beside: bigint
    "#]]
    .assert_eq(&proof.to_string());
}
