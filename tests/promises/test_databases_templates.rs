//! The template of a set of migrations: made once, by the migrator, from nothing or from a beginning, and it hides nothing.

use expect_test::expect;
use upshift::{Source, Vars};
use upshift_promises::database::connect;
use upshift_promises::files;
use upshift_test::{Server, TestDatabase, TestError};

const ONE: (&str, &str) = ("1_a.sql", "create table a (x int, y int)");
const TWO: (&str, &str) = ("2_b.sql", "create table b ()");
const THREE: (&str, &str) = ("3_c.sql", "create table c ()");

/// A server of the test's own, so that it finds only its own templates.
struct Place {
    server: Server,
}

impl Place {
    fn new() -> Place {
        Place { server: Server::start().unwrap() }
    }

    async fn try_create(&self, source: Source) -> Result<TestDatabase, TestError> {
        TestDatabase::builder(source).server(self.server.url("postgres")).create().await
    }

    async fn create(&self, set: &[(&str, &str)]) -> TestDatabase {
        self.try_create(files(set)).await.unwrap()
    }

    /// What stands in the books.
    async fn books(&self, sql: &str) -> String {
        ask(&self.server.url("upshift_test_postgres"), sql).await
    }
}

async fn ask(url: &str, sql: &str) -> String {
    let client = connect(url).await;
    let rows = client.query_typed(sql, &[]).await.unwrap_or_else(|error| panic!("{sql}: {error:?}"));
    rows.iter().map(|row| row.get::<_, Option<String>>(0).unwrap_or_default()).collect::<Vec<_>>().join(" ")
}

/// When each migration was applied: equal only for copies of one template.
async fn moments(db: &TestDatabase) -> Vec<(String, String)> {
    let client = db.client().await.unwrap();
    let sql = "select name, applied_at::text from upshift.history order by ordinal";
    let rows = client.query_typed(sql, &[]).await.unwrap();
    rows.iter().map(|row| (row.get(0), row.get(1))).collect()
}

#[tokio::test]
async fn a_template_is_made_once_for_all_tests_of_a_program() {
    let place = Place::new();
    let many = (0..12).map(|_| place.create(&[ONE, TWO]));
    let mut seen = Vec::new();
    for db in futures_util::future::join_all(many).await {
        seen.push(moments(&db).await);
    }
    seen.dedup();
    assert_eq!(seen.len(), 1, "{seen:?}");
    assert_eq!(place.books("select count(*)::text from office.database where kind = 'template'").await, "1");
}

#[tokio::test]
async fn a_longer_set_is_built_on_the_template_of_its_beginning() {
    let place = Place::new();
    let short = moments(&place.create(&[ONE, TWO]).await).await;
    let long = moments(&place.create(&[ONE, TWO, THREE]).await).await;
    assert_eq!(long[..2], short);
    assert_eq!(long.len(), 3);
}

#[tokio::test]
async fn an_edited_migration_is_applied_anew_with_all_that_follow_it() {
    let place = Place::new();
    place.create(&[ONE]).await;
    let before = moments(&place.create(&[ONE, TWO, THREE]).await).await;
    let db = place.create(&[ONE, ("2_b.sql", "create table b (edited int)"), THREE]).await;
    let after = moments(&db).await;
    assert_eq!(after[0], before[0], "the beginning is the same");
    assert!(after[1].1 > before[1].1 && after[2].1 > before[2].1, "{after:?} {before:?}");
    let edited = "select column_name::text from information_schema.columns where table_name = 'b'";
    assert_eq!(ask(db.url(), edited).await, "edited");
}

#[tokio::test]
async fn a_repeatable_never_stands_in_the_way_of_a_later_migration() {
    let place = Place::new();
    let view = |sql: &'static str| ("R__v.sql", sql);
    place.create(&[ONE, view("create or replace view v as select x, y from a")]).await;
    // In a database in which the first view is there the column could not be dropped; from nothing it can.
    let narrow = [
        ONE,
        ("2_narrow.sql", "alter table a drop column y"),
        view("create or replace view v as select x from a"),
    ];
    let db = place.create(&narrow).await;
    let columns =
        "select string_agg(column_name, ' ') from information_schema.columns where table_name = 'v'";
    assert_eq!(ask(db.url(), columns).await, "x");
}

#[tokio::test]
async fn an_edited_repeatable_is_applied_on_the_template_of_the_versioned_ones() {
    let place = Place::new();
    let view = |sql: &'static str| ("R__v.sql", sql);
    let before =
        moments(&place.create(&[ONE, view("create or replace view v as select x from a")]).await).await;
    let after =
        moments(&place.create(&[ONE, view("create or replace view v as select x + 1 as x from a")]).await)
            .await;
    assert_eq!(before[0], after[0]);
    assert_ne!(before[1], after[1]);
}

#[tokio::test]
async fn backfills_and_contracts_run_in_a_test_database_also_when_the_set_grows_by_them() {
    let place = Place::new();
    place.create(&[ONE]).await;
    let contract = ("2_narrow.sql", "-- upshift: phase contract\nalter table a drop column y");
    let db = place.create(&[ONE, contract]).await;
    let names: Vec<String> = moments(&db).await.into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["a", "narrow"]);
    let names: Vec<String> = moments(&place.create(&[ONE, contract, THREE]).await)
        .await
        .into_iter()
        .map(|(name, _)| name)
        .collect();
    assert_eq!(names, ["a", "narrow", "c"]);
}

#[tokio::test]
async fn a_broken_migration_fails_every_test_whatever_templates_there_are() {
    let place = Place::new();
    place.create(&[ONE, TWO]).await;
    let broken = [ONE, TWO, ("3_c.sql", "create table c ();\ncreate tabel d ();")];
    for _ in 0..2 {
        let error = place.try_create(files(&broken)).await.unwrap_err();
        assert!(error.is_of_migrations());
        expect![[r#"
            the migrations cannot make a test database
            migration 3_c failed at statement 2 of 2
              --> 3_c.sql:2:8
               |
             2 | create tabel d ();
               |        ^^^^^
              caused by: syntax error at or near "tabel" (42601)
              help: nothing of it was done; mend it and run again"#]]
        .assert_eq(&format!("{error:?}"));
    }
    // What worked on the old beginning and works no more fails as well.
    let early = [("1_a.sql", "create table a (x int)"), ("2_b.sql", "create index on a (y)"), THREE];
    let error = place.try_create(files(&early)).await.unwrap_err();
    assert!(format!("{error:?}").contains("column \"y\" does not exist"), "{error:?}");
    // And a repeatable, which is applied last.
    let late = [ONE, TWO, ("R__v.sql", "create view v as select z from a")];
    assert!(place.try_create(files(&late)).await.unwrap_err().is_of_migrations());
    place.create(&[ONE, TWO, THREE]).await;
    let left = "select count(*)::text from office.database where kind = 'template' and state = 'making'";
    assert_eq!(place.books(left).await, "0");
}

#[tokio::test]
async fn other_values_of_variables_are_another_template() {
    let place = Place::new();
    let set = [("1_a.sql", "-- upshift: vars on\ncreate table ${name:ident} ();")];
    for name in ["one", "two"] {
        let db = TestDatabase::builder(files(&set))
            .server(place.server.url("postgres"))
            .vars(Vars::new().with("name", name))
            .create()
            .await
            .unwrap();
        let tables = "select string_agg(tablename, ' ') from pg_tables where schemaname = 'public'";
        assert_eq!(ask(db.url(), tables).await, name);
    }
}

#[tokio::test]
async fn nobody_can_enter_a_template() {
    let place = Place::new();
    place.create(&[ONE]).await;
    let name = place.books("select name from office.database where kind = 'template'").await;
    let url = place.server.url(&name);
    let error = upshift::tokio_postgres::connect(&url, upshift::tokio_postgres::NoTls).await.err().unwrap();
    let said = error.as_db_error().unwrap().message();
    assert_eq!(said, format!("database \"{name}\" is not currently accepting connections"));
}

#[tokio::test]
async fn a_template_that_somebody_dropped_or_opened_is_made_again() {
    for harm in [
        &["alter database {} is_template false", "drop database {}"][..],
        &["alter database {} allow_connections true"],
    ] {
        let place = Place::new();
        let before = moments(&place.create(&[ONE]).await).await;
        let name = place.books("select name from office.database where kind = 'template'").await;
        let admin = connect(&place.server.url("postgres")).await;
        for sql in harm {
            admin.batch_execute(&sql.replace("{}", &name)).await.unwrap();
        }
        // It is no beginning any more.
        let after = moments(&place.create(&[ONE, TWO]).await).await;
        assert!(after[0].1 > before[0].1, "{harm:?}: {after:?}");
    }
}

#[tokio::test]
async fn a_template_that_was_dropped_while_a_program_knew_it_is_made_again() {
    let place = Place::new();
    drop(place.create(&[ONE]).await);
    let name = place.books("select name from office.database where kind = 'template'").await;
    let admin = connect(&place.server.url("postgres")).await;
    for sql in ["alter database {} is_template false", "drop database {}"] {
        admin.batch_execute(&sql.replace("{}", &name)).await.unwrap();
    }
    // More than were made ahead.
    let mut held = Vec::new();
    for _ in 0..10 {
        held.push(place.create(&[ONE]).await);
    }
    assert_ne!(place.books("select name from office.database where kind = 'template'").await, name);
}

#[tokio::test]
async fn what_a_migration_sets_for_its_database_every_test_has() {
    let place = Place::new();
    let set = [(
        "1_settings.sql",
        "do $$ begin
            execute format('alter database %I set statement_timeout = ''77s''', current_database());
            execute format('alter database %I set search_path = shop, public', current_database());
            execute format('alter role postgres in database %I set work_mem = ''7MB''', current_database());
            execute format('revoke temporary on database %I from public', current_database());
         end $$",
    )];
    // The first is made on demand, the second ahead.
    for _ in 0..2 {
        let db = place.create(&set).await;
        let settings =
            "select current_setting('statement_timeout') || ' | ' || current_setting('search_path') || ' | '
            || current_setting('work_mem') || ' | ' || datacl::text
            from pg_database where datname = current_database()";
        assert_eq!(
            ask(db.url(), settings).await,
            "77s | shop, public | 7MB | {postgres=CTc/postgres,=c/postgres}"
        );
    }
}
