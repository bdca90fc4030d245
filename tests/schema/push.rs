//! Push: a development database becomes the wish, and no other database does.

use upshift_generate::{Drops, GenerateError, GenerateOptions, Origin, PushOptions, Pushed, generate, push};
use upshift_promises::Database;

use crate::generate::place;
use crate::oracle::snapshot;

async fn pushed(db: &Database, wish: &str, drops: Drops) -> Result<Pushed, GenerateError> {
    let wish = Origin::Sql(vec![wish.to_owned()]);
    push(&place(), &db.url().parse().unwrap(), &wish, &PushOptions::default().drops(drops)).await
}

#[tokio::test]
async fn a_development_database_becomes_the_wish_and_keeps_its_rows() {
    let db = Database::new().await;
    db.run("create table users (id integer primary key, name text); insert into users values (1, 'Ann')")
        .await;
    let wish =
        "create table users (id integer primary key, name text not null default '', email text unique);
        create view names as select name from users;";
    let done = pushed(&db, wish, Drops::Refuse).await.unwrap();
    assert!(done.drops.is_empty() && !done.statements.is_empty(), "{done:?}");
    let wished = Database::new().await;
    wished.run(wish).await;
    assert_eq!(snapshot(&db).await.to_string(), snapshot(&wished).await.to_string());
    assert_eq!(db.rows("select id, name, email from users").await, "1 | Ann | -");
    assert_eq!(pushed(&db, wish, Drops::Refuse).await.unwrap().statements, Vec::<String>::new());
}

#[tokio::test]
async fn what_would_be_dropped_is_named_and_stays_unless_it_is_said() {
    let db = Database::new().await;
    db.run("create table users (id integer, name text); create table old (a integer); insert into old values (1)")
        .await;
    let before = snapshot(&db).await;
    let wish = "create table users (id integer)";
    let error = pushed(&db, wish, Drops::Refuse).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "this would drop column public.users.name, table public.old: say so to push it all the same"
    );
    assert_eq!(snapshot(&db).await, before);
    let done = pushed(&db, wish, Drops::Allow).await.unwrap();
    assert_eq!(done.drops, ["column public.users.name", "table public.old"]);
    assert_eq!(db.tables().await, "users");
}

#[tokio::test]
async fn a_database_with_a_history_is_refused_whoever_wrote_it() {
    let ours = Database::new().await;
    let set =
        upshift::Source::files([upshift::SourceFile::new("1_users.sql", "create table users (id integer);")]);
    ours.migrator(set).run().await.unwrap();
    let other = Database::new().await;
    other.run("create table _sqlx_migrations (version bigint)").await;
    for (db, table) in [(&ours, "upshift.history"), (&other, "public._sqlx_migrations")] {
        let before = snapshot(db).await;
        let error = pushed(db, "create table other (id integer)", Drops::Allow).await.unwrap_err();
        assert_eq!(
            error.to_string(),
            format!(
                "migrations were applied to this database ({table}): push is for development databases that no \
                 migrations were applied to"
            )
        );
        assert_eq!(snapshot(db).await, before);
    }
}

#[tokio::test]
async fn a_push_that_fails_on_rows_leaves_the_database_as_it_was() {
    let db = Database::new().await;
    db.run("create table users (id integer, name text); insert into users values (1, null)").await;
    let before = snapshot(&db).await;
    let wish = "create table users (id integer, name text not null); create table more (id integer)";
    let error = pushed(&db, wish, Drops::Refuse).await.unwrap_err();
    assert!(matches!(error, GenerateError::Statement { .. }), "{error:?}");
    assert_eq!(snapshot(&db).await, before);
}

#[tokio::test]
async fn a_schema_public_that_was_made_anew_is_pushed_to_and_generated_from_and_to() {
    let anew = Database::new().await;
    anew.run("drop schema public cascade; create schema public; create table users (id integer)").await;
    let from_anew = Origin::Database(anew.url().parse().unwrap());
    let wish = "create table users (id integer, name text)";
    let new = Origin::Sql(vec![wish.to_owned()]);
    for (from, to) in [(&from_anew, &new), (&new, &from_anew)] {
        let made = generate(&place(), from, to, &GenerateOptions::new(1)).await.unwrap();
        assert!(!made.files.is_empty(), "{made:?}");
    }
    let done = pushed(&anew, wish, Drops::Refuse).await.unwrap();
    assert!(done.statements.iter().any(|it| it.contains("name text")), "{done:?}");

    anew.run("comment on schema public is 'ours'").await;
    let done = pushed(&anew, wish, Drops::Allow).await.unwrap();
    assert_eq!(done.statements, ["COMMENT ON SCHEMA public IS 'standard public schema'"]);
    assert_eq!(pushed(&anew, wish, Drops::Refuse).await.unwrap().statements, [""; 0]);
}
