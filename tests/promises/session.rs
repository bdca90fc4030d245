//! Nothing of one migration reaches the next, nor its history row, nor the service; what the service's pool set is there
//! for all of them.

use deadpool_postgres::{Hook, HookError, Manager, Pool};
use expect_test::expect;
use tokio_postgres::NoTls;
use upshift::{Migrator, Missing, Policy};
use upshift_promises::{Database, files};

/// What the migration behind `first` finds, and the one behind that, which is run statement by statement.
async fn after(db: &Database, first: &str, probe: &str) -> String {
    let second = format!("create table public.second as select ({probe})::text as found;");
    let third =
        format!("-- upshift: transaction off\ncreate table public.third as select ({probe})::text as found;");
    let set = [("1_first.sql", first), ("2_second.sql", second.as_str()), ("3_third.sql", third.as_str())];
    db.migrator(files(&set)).run().await.unwrap_or_else(|error| panic!("{first}: {error:?}"));
    db.rows("select second.found, third.found from second, third").await
}

/// The same text in a transaction, and statement by statement.
fn both(text: &str) -> [String; 2] {
    [text.to_owned(), format!("-- upshift: transaction off\n{text}")]
}

#[tokio::test]
async fn a_setting_ends_with_its_migration() {
    for set in
        ["set work_mem = '7MB'", "set local work_mem = '7MB'", "select set_config('work_mem', '7MB', false)"]
    {
        for text in both(set) {
            let db = Database::new().await;
            assert_eq!(after(&db, &text, "current_setting('work_mem')").await, "4MB | 4MB", "{text}");
        }
    }
}

#[tokio::test]
async fn a_search_path_ends_with_its_migration() {
    let dumped = "set statement_timeout = 0;\nset lock_timeout = 0;\nset client_encoding = 'UTF8';\n\
                  set standard_conforming_strings = on;\n\
                  select pg_catalog.set_config('search_path', '', false);\nset check_function_bodies = false;\n\
                  set row_security = off;\ncreate table public.dumped (id int);\n";
    for text in both(dumped) {
        let db = Database::new().await;
        let found =
            after(&db, &text, "current_setting('search_path') || current_setting('lock_timeout')").await;
        assert_eq!(
            found, "\"$user\", public50ms | \"$user\", public2s",
            "in the next migration | statement by statement"
        );
    }
}

#[tokio::test]
async fn a_setting_made_in_a_function_ends_with_its_migration() {
    let db = Database::new().await;
    db.run(
        "create function sneak() returns void language sql as \
         $$ select set_config('search_path', 'pg_catalog', false), set_config('role', 'pg_monitor', false) $$",
    )
    .await;
    assert_eq!(
        after(&db, "select sneak()", "current_setting('search_path')").await,
        "\"$user\", public | \"$user\", public"
    );
}

#[tokio::test]
async fn a_role_ends_with_its_migration_and_does_not_write_the_history() {
    for set in ["set role pg_monitor", "set local role pg_monitor", "set session authorization pg_monitor"] {
        for text in both(set) {
            let db = Database::new().await;
            assert_eq!(
                after(&db, &text, "current_user || ' ' || session_user").await,
                "postgres postgres | postgres postgres"
            );
            assert_eq!(db.rows("select distinct role from upshift.history").await, "postgres");
            assert_eq!(db.rows("select distinct role from upshift.audit").await, "postgres");
        }
    }
}

#[tokio::test]
async fn a_temporary_table_ends_with_its_migration() {
    let db = Database::new().await;
    let scratch = "create temp table scratch (id int);\ninsert into scratch values (1);\n";
    for (version, text) in both(scratch).iter().chain(both(scratch).iter()).enumerate() {
        let version = version + 1;
        db.migrator(files(&[(&format!("{version}_t{version}.sql"), text.as_str())]))
            .policy(Policy { missing: Missing::Accept, ..Policy::default() })
            .run()
            .await
            .unwrap();
    }
    // And in one run.
    let db = Database::new().await;
    let [inside, outside] = both(scratch);
    let set =
        [("1_a.sql", inside.as_str()), ("2_b.sql", &inside), ("3_c.sql", &outside), ("4_d.sql", &outside)];
    db.migrator(files(&set)).run().await.unwrap();
}

#[tokio::test]
async fn a_prepared_statement_ends_with_its_migration() {
    let db = Database::new().await;
    let text = "prepare p as select 1;\nexecute p;\n";
    let [inside, outside] = both(text);
    let set =
        [("1_a.sql", inside.as_str()), ("2_b.sql", &inside), ("3_c.sql", &outside), ("4_d.sql", &outside)];
    db.migrator(files(&set)).run().await.unwrap();
}

#[tokio::test]
async fn deallocating_everything_does_no_harm() {
    for text in both("deallocate all") {
        let db = Database::new().await;
        let set =
            [("1_a.sql", text.as_str()), ("2_b.sql", "create table b ()"), ("3_c.sql", "create table c ()")];
        db.migrator(files(&set)).run().await.unwrap();
        assert_eq!(db.tables().await, "b c");
    }
}

#[tokio::test]
async fn discarding_everything_is_refused_and_all_else_does_no_harm() {
    let db = Database::new().await;
    let error = db.migrator(files(&[("1_a.sql", "discard all;\n")])).run().await.unwrap_err();
    expect![[r#"
        a mistake in the migration files

        DISCARD ALL would give away the lock that keeps other migrators out
          --> 1_a.sql:1:1
           |
         1 | discard all;
           | ^^^^^^^^^^^
           = help: leave it out: what a migration sets ends with it anyway"#]]
    .assert_eq(&error.render());
    for text in both("discard plans;\ndiscard sequences;\ndiscard temp;\n") {
        let db = Database::new().await;
        let set =
            [("1_a.sql", text.as_str()), ("2_b.sql", "create table b ()"), ("3_c.sql", "create table c ()")];
        db.migrator(files(&set)).run().await.unwrap();
        assert_eq!(db.tables().await, "b c");
    }
}

#[tokio::test]
async fn a_cursor_ends_with_its_migration() {
    let db = Database::new().await;
    let [inside, outside] = both("declare c cursor with hold for select 1;\nfetch c;\n");
    let set =
        [("1_a.sql", inside.as_str()), ("2_b.sql", &inside), ("3_c.sql", &outside), ("4_d.sql", &outside)];
    db.migrator(files(&set)).run().await.unwrap();
}

#[tokio::test]
async fn a_failing_migration_leaves_no_setting_behind_either() {
    for text in both("set role pg_monitor;\nset search_path to pg_catalog;\nselect nonsense;\n") {
        let db = Database::new().await;
        db.migrator(files(&[("1_a.sql", &text)])).run().await.unwrap_err();
        assert_eq!(db.rows("select outcome, role from upshift.audit").await, "failed | postgres", "{text}");
    }
}

#[tokio::test]
async fn the_services_pool_gets_no_connection_that_migrated() {
    let db = Database::new().await;
    let pool = db.pool();
    let set =
        [("1_a.sql", "set work_mem = '7MB';\ncreate temp table scratch ();\nselect pg_advisory_lock(7);\n")];
    Migrator::new(pool.clone(), files(&set)).run().await.unwrap();
    for _ in 0..3 {
        let client = pool.get().await.unwrap();
        let row = client
            .query_one("select current_setting('work_mem'), to_regclass('scratch')::text", &[])
            .await
            .unwrap();
        assert_eq!((row.get::<_, String>(0), row.get::<_, Option<String>>(1)), ("4MB".to_owned(), None));
    }
    db.settle().await;
}

/// A pool that runs this on every new connection.
fn hooked(db: &Database, sql: &'static str) -> Pool {
    let manager = Manager::new(db.url().parse().unwrap(), NoTls);
    let hook = Hook::async_fn(move |client: &mut deadpool_postgres::ClientWrapper, _| {
        Box::pin(async move { client.batch_execute(sql).await.map_err(HookError::Backend) })
    });
    Pool::builder(manager).max_size(4).post_create(hook).build().unwrap()
}

#[tokio::test]
async fn what_the_services_pool_set_is_there_for_every_migration() {
    let db = Database::new().await;
    db.run("create schema app").await;
    let pool = hooked(
        &db,
        "set search_path to app, public; set work_mem = '9MB'; set session_replication_role = 'origin'",
    );
    let set = [
        (
            "1_a.sql",
            "create table a as select current_setting('work_mem') as m;\nset search_path to pg_catalog;\n",
        ),
        ("2_b.sql", "create table b as select current_setting('work_mem') as m;\nreset all;\n"),
        (
            "3_c.sql",
            "create table c as select current_setting('work_mem') as m;\nvacuum c;\nset work_mem = '1MB';\n",
        ),
        ("4_d.sql", "create table d as select current_setting('work_mem') as m;\nvacuum d;\n"),
    ];
    Migrator::new(pool, files(&set)).run().await.unwrap();
    assert_eq!(
        db.rows("select a.m, b.m, c.m, d.m from app.a, app.b, app.c, app.d").await,
        "9MB | 9MB | 9MB | 9MB"
    );
}

#[tokio::test]
async fn a_role_that_the_services_pool_set_owns_everything() {
    let db = Database::new().await;
    let role = format!("{}_owner", db.name());
    db.run(&format!(
        "create role {role}; grant create on database {} to {role}; grant all on schema public to {role}",
        db.name()
    ))
    .await;
    let set_role: &'static str = Box::leak(format!("set role {role}").into_boxed_str());
    let set = [
        ("1_a.sql", "create table a ();"),
        ("2_b.sql", "create table b (x int);\ncreate index concurrently on b (x);\n"),
        ("3_c.sql", "set role pg_monitor;\n"),
        ("4_d.sql", "create table d ();"),
    ];
    Migrator::new(hooked(&db, set_role), files(&set)).run().await.unwrap();
    let owners = "select string_agg(distinct tableowner, ' ') from pg_tables where schemaname in ('public', 'upshift')";
    assert_eq!(db.rows(owners).await, role);
    db.run(&format!("drop owned by {role}; drop role {role}")).await;
}

#[tokio::test]
async fn settings_of_the_role_and_the_database_hold() {
    let db = Database::new().await;
    db.run(&format!("alter database {} set search_path = app, public; create schema app", db.name())).await;
    assert_eq!(
        after(&db, "set search_path to pg_catalog", "current_setting('search_path')").await,
        "app, public | app, public"
    );
}

#[tokio::test]
async fn an_isolation_level_is_set_where_the_server_wants_it() {
    let shown = "create table t as select current_setting('transaction_isolation') as i, current_setting('lock_timeout') as l;";
    for text in [
        format!("set transaction isolation level serializable;\n{shown}"),
        format!("begin;\nset transaction isolation level serializable, deferrable;\n{shown}\ncommit;"),
        format!("begin isolation level serializable;\n{shown}\ncommit;"),
    ] {
        let db = Database::new().await;
        db.migrator(files(&[("1_t.sql", &text), ("2_u.sql", "create table u ();")])).run().await.unwrap();
        assert_eq!(db.rows("select i, l from t").await, "serializable | 50ms", "{text}");
    }
}
