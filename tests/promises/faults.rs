//! The world around a boot goes wrong: the server goes away or is not there, a privilege is missing, a file is none.
//! Connections that are cut, at every message, are in `tests/reliability`.

use std::time::{Duration, Instant};

use expect_test::{Expect, expect};
use upshift::{Migrator, SourceFile};
use upshift_promises::{Database, database, files};
use upshift_test::{Server, StopMode};

const COUNTER: &str = "select string_agg(name, ' ' order by name) from counter";

#[tokio::test]
async fn a_server_that_goes_away_in_the_middle_is_met_again_where_it_stopped() {
    let server = tokio::task::spawn_blocking(Server::start).await.unwrap().unwrap();
    let url = server.url("postgres");
    let set = || {
        files(&[
            (
                "1_counter.sql",
                "create table counter (name text not null); create table calm (at timestamptz)",
            ),
            ("2_a.sql", "insert into counter values ('2')"),
            (
                "3_slow.sql",
                "insert into counter values ('3');\n\
                 select pg_sleep(case when exists (select from calm) then 0 else 60 end);",
            ),
            ("4_b.sql", "insert into counter values ('4')"),
        ])
    };
    let pool = database::pool(&url, 2);
    let migrator = Migrator::new(pool.clone(), set());
    let running = tokio::spawn(async move { migrator.run().await });
    let watcher = database::connect(&url).await;
    let sleeps = "select count(*) from pg_stat_activity where wait_event = 'PgSleep'";
    while watcher.query_one(sleeps, &[]).await.unwrap().get::<_, i64>(0) == 0 {
        tokio::task::yield_now().await;
    }
    server.stop(StopMode::Immediate).unwrap();
    let error = running.await.unwrap().unwrap_err();
    assert!(error.is_connection_lost(), "{error:?}");
    assert_eq!(error.report().unwrap().steps.len(), 2);
    let down = Migrator::new(pool.clone(), set()).run().await.unwrap_err();
    assert_eq!(down.to_string(), "no connection to the database");
    server.restart().unwrap();
    let client = database::connect(&url).await;
    client.batch_execute("insert into calm values (now())").await.unwrap();
    let report = Migrator::new(pool, set()).run().await.unwrap();
    assert_eq!(report.steps.len(), 2);
    let counted = client.query_one(COUNTER, &[]).await.unwrap();
    assert_eq!(counted.get::<_, &str>(0), "2 3 4");
}

#[tokio::test]
async fn a_server_that_is_not_there() {
    let port = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port();
    let pool = database::pool(&format!("postgres://postgres@127.0.0.1:{port}/postgres"), 1);
    let error = Migrator::new(pool, files(ONE)).run().await.unwrap_err();
    assert!(error.is_connection_lost());
    expect![[r#"
        no connection to the database
          caused by: error connecting to server: Connection refused (os error 111)
          help: check the address, the credentials and that the server is up"#]]
    .assert_eq(&error.render());
}

#[tokio::test]
async fn a_pool_whose_connections_are_all_in_use() {
    let db = Database::new().await;
    let config = db.url().parse().unwrap();
    let manager = deadpool_postgres::Manager::new(config, tokio_postgres::NoTls);
    let pool = deadpool_postgres::Pool::builder(manager)
        .max_size(1)
        .runtime(deadpool_postgres::Runtime::Tokio1)
        .wait_timeout(Some(Duration::from_millis(50)))
        .build()
        .unwrap();
    let _taken = pool.get().await.unwrap();
    let error = Migrator::new(pool, files(ONE)).run().await.unwrap_err();
    expect![[r#"
        all connections of the pool are in use, and none became free in time
          help: raise the pool's `max_size`, or migrate before anything else takes connections"#]]
    .assert_eq(&error.render());
}

/// What is said to a role of its own, made so that it lacks something. `{role}` stands for it.
async fn check_as_role(prepared: &str, set: &[(&str, &str)], expected: Expect) {
    let db = Database::new().await;
    let role = format!("role_of_{}", db.name());
    db.run(&format!(
        "create role {role} login; {}",
        prepared.replace("{role}", &role).replace("{db}", db.name())
    ))
    .await;
    let pool = database::pool(&db.url().replace("postgres@", &format!("{role}@")), 2);
    let error = Migrator::new(pool, files(set)).run().await.unwrap_err();
    expected.assert_eq(&error.render().replace(&role, "ROLE").replace(db.name(), "DATABASE"));
    db.settle().await;
}

const ONE: &[(&str, &str)] = &[("1_users.sql", "create table users (id int)")];

#[tokio::test]
async fn a_role_that_may_not_create_upshifts_schema() {
    check_as_role("", ONE, expect![[r#"
        the role "ROLE" lacks one thing in the database "DATABASE", and nothing was changed
          - create the schema "upshift", which is not there (or: grant create on database "DATABASE" to "ROLE")
          help: have an administrator run
            create schema "upshift" authorization "ROLE";"#]]).await;
}

#[tokio::test]
async fn a_role_that_may_not_do_what_a_migration_does() {
    let set = &[
        ("1_users.sql", "create table mine.users (id int)"),
        ("2_alter.sql", "alter table orders add status text"),
    ];
    let prepared = "grant create on database {db} to {role}; create schema mine authorization {role}; create table orders ();";
    check_as_role(prepared, set, expect![[r#"
        migration 2_alter failed at statement 1 of 1
          --> 2_alter.sql:1:1
           |
         1 | alter table orders add status text
           | ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
          caused by: must be owner of table orders (42501)
          help: nothing of it was done; grant the migrator's role what it lacks, or have the owner of the object run it"#]]).await;
}

#[tokio::test]
async fn a_role_that_may_only_read() {
    check_as_role("grant create on database {db} to {role}; alter role {role} set default_transaction_read_only = on", ONE, expect![[r#"
        could not create upshift's tables
          caused by: cannot execute CREATE SCHEMA in a read-only transaction (25006)
            context: SQL statement "create schema "upshift""
              PL/pgSQL function inline_code_block line 3 at EXECUTE
          help: this is a read-only server, or a role with `default_transaction_read_only`: connect to the primary, as a role that may write"#]]).await;
}

#[tokio::test]
async fn a_server_that_may_only_read() {
    let db = Database::new().await;
    db.migrator(files(ONE)).run().await.unwrap();
    db.run(&format!("alter database {} set default_transaction_read_only = on", db.name())).await;
    assert!(db.migrator(files(ONE)).run().await.unwrap().is_empty(), "with nothing to do nothing is written");
    let two = files(&[ONE[0], ("2_orders.sql", "create table orders (id int)")]);
    expect![[r#"
        could not take the lease
          caused by: cannot execute UPDATE in a read-only transaction (25006)
          help: this is a read-only server, or a role with `default_transaction_read_only`: connect to the primary, as a role that may write"#]].assert_eq(&db.migrator(two).run().await.unwrap_err().render());
}

/// What is said about files; the database is not even asked.
async fn check_files(set: &[(&str, &str)], expected: Expect) {
    let db = Database::new().await;
    let error = db.migrator(files(set)).run().await.unwrap_err();
    expected.assert_eq(&error.render());
    assert_eq!(db.rows("select to_regnamespace('upshift') is null").await, "t");
}

#[tokio::test]
async fn a_nul_byte_in_a_file() {
    let text = "create table users (id int);\ninsert into users values (1);\nselect 'a\0b';\n";
    check_files(
        &[("1_users.sql", text)],
        expect![[r#"
        a mistake in the migration files

        a NUL byte
          --> 1_users.sql:3:10
           |
         3 | select 'a�b';
           |          ^
           = help: PostgreSQL takes no such text: save the file as UTF-8, not as UTF-16"#]],
    )
    .await;
}

#[tokio::test]
async fn two_files_with_one_version() {
    let set = [("7_users.sql", "create table users ()"), ("007_orders.sql", "create table orders ()")];
    check_files(
        &set,
        expect![[r#"
        a mistake in the migration files

        version 7 stands twice: in `007_orders.sql` and in `7_users.sql`
          --> 7_users.sql
           = help: give the one that is not applied anywhere a new version"#]],
    )
    .await;
}

/// The most memory this program ever had, in megabytes.
fn peak_mb() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kb = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok());
    kb.unwrap_or(0) / 1024
}

/// Applies one file of about 50 MB, and sees to it that the history keeps every byte of it.
async fn apply_big(name: &str, text: String) {
    let db = Database::new().await;
    let (bytes, before, began) = (text.len(), peak_mb(), Instant::now());
    assert!(bytes > 48 << 20, "{bytes}");
    let checksum = upshift::Checksum::of(&text);
    let source = upshift::Source::files([SourceFile::new(name.to_owned(), text)]);
    let report = db.migrator(source).run().await.unwrap();
    println!("{name}: {} MB in {:?}, peak memory {before} to {} MB", bytes >> 20, began.elapsed(), peak_mb());
    assert_eq!(report.steps.len(), 1);
    let kept = "select octet_length(up), up_checksum from upshift.history";
    assert_eq!(db.rows(kept).await, format!("{bytes} | {checksum}"));
    // 3 to 5 seconds and 380 MB in a release build; the rest is for a debug build on a machine busy with other tests.
    assert!(began.elapsed() < Duration::from_secs(300), "{:?}", began.elapsed());
    assert!(peak_mb() < 1000, "{} MB", peak_mb());
}

#[tokio::test]
async fn a_file_of_fifty_megabytes_with_inserts() {
    let mut text = String::from("create table lines (id int, line text);\n");
    let line = "x".repeat(1000);
    for id in 0..50_000 {
        text.push_str(&format!("insert into lines values ({id}, '{line}');\n"));
    }
    apply_big("1_inserts.sql", text).await;
}

#[tokio::test]
async fn a_file_of_fifty_megabytes_with_one_copy() {
    let mut text = String::from("create table lines (id int, line text);\ncopy lines from stdin;\n");
    let line = "x".repeat(100);
    for id in 0..500_000 {
        text.push_str(&format!("{id}\t{line}\n"));
    }
    text.push_str("\\.\n");
    apply_big("1_copy.sql", text).await;
}
