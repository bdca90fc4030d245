//! A password that stands in a connection string or in a migration is in no error, no log line, no audit row.
//!
//! The text of a migration is kept in the history as it is written, and `plan` shows what will be sent: a file is no
//! place for a password. `docs/privileges.md` says what to do instead; here is what holds all the same.

use std::error::Error as _;
use std::fmt::{Debug, Write};
use std::sync::{Mutex, OnceLock};
use std::time::Duration;

use deadpool_postgres::{Hook, HookError, Manager, Pool, Runtime};
use expect_test::expect;
use tokio_postgres::NoTls;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Metadata, Subscriber};
use upshift::__private::{CodeDown, CodeFuture, CodeHeader, CodeMigration, Transaction};
use upshift::{Error, LockPolicy, Migrator, StepContext, Timeouts, Vars, Version};
use upshift_promises::{Database, database, files};
use upshift_test::Server;

/// The password in every test: whatever shows it is caught.
const SECRET: &str = "hunter2";

/// Every event and span of this program, at every level; lines with the secret are kept.
struct Log;

static CAUGHT: Mutex<Vec<String>> = Mutex::new(Vec::new());
static LISTENING: OnceLock<()> = OnceLock::new();

struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        write!(self.0, " {field}={value:?}").unwrap();
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        if self.0.contains(SECRET) {
            CAUGHT.lock().unwrap().push(std::mem::take(&mut self.0));
        }
    }
}

impl Subscriber for Log {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }
    fn new_span(&self, span: &Attributes<'_>) -> Id {
        span.record(&mut Line(span.metadata().name().to_owned()));
        Id::from_u64(1)
    }
    fn record(&self, _: &Id, values: &Record<'_>) {
        values.record(&mut Line("span".to_owned()));
    }
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn event(&self, event: &tracing::Event<'_>) {
        event.record(&mut Line(format!("{} {}", event.metadata().level(), event.metadata().target())));
    }
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

fn listen() {
    LISTENING.get_or_init(|| tracing::subscriber::set_global_default(Log).unwrap());
}

fn expect_no_secret(what: &str, text: &str) {
    assert!(!text.contains(SECRET), "the secret is in {what}:\n{text}");
}

/// Nothing anybody could print of an error has the secret; nor has what was logged.
fn expect_silent(error: &Error) {
    let mut shown =
        format!("{error}\n{error:?}\n{}\n{:?}\n{:?}", error.render(), error.help(), error.failure());
    write!(shown, "{:?}\n{:?}\n{:?}", error.report(), error.blockers(), error.diagnostics()).unwrap();
    let mut cause = error.source();
    while let Some(error) = cause {
        // Not the debugging output of errors that are not ours: that is what their owners make it.
        write!(shown, "\n{error}").unwrap();
        cause = error.source().filter(|_| error.is::<upshift::ServerError>());
    }
    expect_no_secret("the error", &shown);
    let logged: Vec<String> =
        CAUGHT.lock().unwrap().iter().filter(|line| !line.contains("control")).cloned().collect();
    assert_eq!(logged, Vec::<String>::new());
}

async fn expect_silent_audit(db: &Database) {
    expect_no_secret("the audit", &db.rows("select to_jsonb(a) from upshift.audit a").await);
    expect_no_secret("the history's errors", &db.rows("select error from upshift.history").await);
}

#[tokio::test]
async fn the_log_is_really_listened_to() {
    listen();
    tracing::trace!(password = SECRET, "control");
    let span = tracing::debug_span!("control", password = %SECRET);
    drop(span);
    let caught = CAUGHT.lock().unwrap().iter().filter(|line| line.contains("control")).count();
    assert!(caught >= 2, "{caught}");
}

/// A server that asks one role for a password.
async fn guarded_server() -> Server {
    let server = Server::start().unwrap();
    let admin = database::connect(&server.url("postgres")).await;
    let prepared = format!(
        "set password_encryption = 'scram-sha-256'; create role secretive login password '{SECRET}'; grant create on database postgres to secretive"
    );
    admin.batch_execute(&prepared).await.unwrap();
    let rules = server.data_dir().join("pg_hba.conf");
    let trusting = std::fs::read_to_string(&rules).unwrap();
    let asking = format!("host all secretive 127.0.0.1/32 scram-sha-256\n{trusting}");
    std::fs::write(&rules, asking).unwrap();
    admin.batch_execute("select pg_reload_conf()").await.unwrap();
    let asked =
        "select count(*) from pg_hba_file_rules where auth_method = 'scram-sha-256' and error is null";
    assert_eq!(admin.query_one(asked, &[]).await.unwrap().get::<_, i64>(0), 1);
    server
}

#[tokio::test]
async fn connection_strings() {
    listen();
    let server = guarded_server().await;
    let port = server.port();
    let gone = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port();
    let one = || files(&[("1_one.sql", "select 1")]);
    for (url, says) in [
        (
            format!("postgres://secretive:{SECRET}-wrong@127.0.0.1:{port}/postgres"),
            "password authentication failed",
        ),
        (format!("postgres://nobody_here:{SECRET}@127.0.0.1:{port}/postgres"), "does not exist"),
        (format!("postgres://secretive:{SECRET}@127.0.0.1:{port}/nowhere"), "does not exist"),
        (format!("postgres://secretive:{SECRET}@127.0.0.1:{gone}/postgres"), "Connection refused"),
        (
            format!(
                "host=127.0.0.1 port={port} user=secretive password={SECRET} dbname=postgres sslmode=require"
            ),
            "TLS",
        ),
    ] {
        let migrator = Migrator::new(database::pool(&url, 1), one());
        let error = migrator.run().await.unwrap_err();
        assert!(error.render().contains(says), "{error:?}");
        expect_silent(&error);
        expect_no_secret("the migrator", &format!("{migrator:?}"));
    }
    let url = format!("postgres://secretive:{SECRET}@127.0.0.1:{port}/postgres");
    let migrator = Migrator::new(database::pool(&url, 1), one());
    migrator.run().await.unwrap();
    let broken = Migrator::new(
        database::pool(&url, 1),
        files(&[("1_one.sql", "select 1"), ("2_two.sql", "nonsense")]),
    );
    expect_silent(&broken.run().await.unwrap_err());
}

#[tokio::test]
async fn a_pools_own_hook() {
    listen();
    let db = Database::new().await;
    let hook = Hook::async_fn(|_: &mut deadpool_postgres::ClientWrapper, _| {
        Box::pin(async {
            Err(HookError::message(format!("the vault at https://me:{SECRET}@vault is closed")))
        })
    });
    let manager = Manager::new(db.url().parse().unwrap(), NoTls);
    let pool = Pool::builder(manager).max_size(1).runtime(Runtime::Tokio1).post_create(hook).build().unwrap();
    let error = Migrator::new(pool, files(&[("1_one.sql", "select 1")])).run().await.unwrap_err();
    let shown = format!("{error:?}");
    assert!(shown.contains("the vault at https://me:*******@vault is closed"), "{shown}");
}

/// What a service does that cannot go on.
fn boot(outcome: Result<(), Error>) {
    outcome.unwrap();
}

#[tokio::test]
async fn a_migration_that_says_a_password() {
    listen();
    let ways = [
        "create role postgres password 'SECRET'",
        "create role new_role password 'SECRET' nonsense",
        "create role new_role pasword 'SECRET'",
        "create role new_role\n  login\n  password 'SECRET' login",
        "alter role nobody_here with encrypted password E'SECRET'",
        "do $$ begin execute 'alter role nobody_here password ''SECRET'''; end $$",
        "do $$ begin perform nonsense('password=SECRET'); end $$",
        "create function f() returns void language sql as $$ select nonsense('x', password => 'SECRET') $$",
        "select 'postgres://app:SECRET@db/orders'::integer",
        "create table users (name text, password text);\ninsert into users (name, password) values ('x', 1, 2);\nalter role nobody_here password 'SECRET'",
        "-- upshift: transaction off\nselect 1;\nalter role nobody_here password 'SECRET';",
        "-- upshift: guard\nselect 'password=SECRET'::integer;\n-- upshift: up\nselect 1;",
        "-- upshift: up\nselect 1;\n-- upshift: verify\nselect false, 'password=SECRET' as it;",
        "create role new_role password 'SECRET;\n",
        "create role new_role password 'SECRET'; \\connect new_role",
        "copy (select 'password=SECRET') to '/nowhere/at/all'",
    ];
    for text in ways {
        let db = Database::new().await;
        let error =
            db.migrator(files(&[("1_role.sql", &text.replace("SECRET", SECRET))])).run().await.unwrap_err();
        expect_silent(&error);
        assert!(error.render().contains("1_role.sql"), "{text}: {error:?}");
        if error.failure().is_some() {
            expect_silent_audit(&db).await;
        }
        let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| boot(Err(error))));
        expect_no_secret("a panic", panicked.unwrap_err().downcast_ref::<String>().unwrap());
    }
}

#[tokio::test]
async fn the_line_is_shown_with_stars_for_the_password() {
    let db = Database::new().await;
    let set = files(&[("1_role.sql", "create role postgres password 'hunter2' nonsense")]);
    expect![[r#"
        migration 1_role failed at statement 1 of 1
          --> 1_role.sql:1:41
           |
         1 | create role postgres password '*******' nonsense
           |                                         ^^^^^^^^
          caused by: unrecognized role option "nonsense" (42601)
          help: nothing of it was done; mend it and run again"#]]
    .assert_eq(&db.migrator(set).run().await.unwrap_err().render());
}

#[tokio::test]
async fn the_difference_of_an_edited_migration() {
    listen();
    let db = Database::new().await;
    let text = |password: &str| {
        format!("do $$ begin return; execute 'create role x password ''{password}'''; end $$;\nselect 1;\n")
    };
    db.migrator(files(&[("1_role.sql", &text("hunter2-old"))])).run().await.unwrap();
    let error = db
        .migrator(files(&[("1_role.sql", &text("hunter2-new").replace("1;", "2;"))]))
        .run()
        .await
        .unwrap_err();
    assert!(error.is_changed() && error.render().contains("+select 2;"), "{error:?}");
    expect_silent(&error);
    let shown: String =
        db.migrator(files(&[("1_role.sql", &text("hunter2-new"))])).status().await.unwrap().refused.concat();
    expect_no_secret("the status", &shown);
}

/// What other sessions run is quoted to say who is in the way.
#[tokio::test]
async fn what_other_sessions_run() {
    listen();
    let db = Database::new().await;
    db.run("create table busy ()").await;
    let other = db.client().await;
    let query = format!(
        "begin; lock table busy; do $$ begin return; execute 'alter role postgres password ''{SECRET}'''; end $$"
    );
    other.batch_execute(&query).await.unwrap();
    let timeouts = Timeouts {
        lock: Duration::from_millis(100),
        retry: Duration::from_millis(300),
        ..Timeouts::default()
    };
    let blocked = db.migrator(files(&[("1_busy.sql", "alter table busy add x integer")])).timeouts(timeouts);
    let error = blocked.run().await.unwrap_err();
    assert!(error.blockers().iter().any(|it| it.query.contains("password ''*******''")), "{error:?}");
    expect_silent(&error);
    expect_silent_audit(&db).await;
    other.batch_execute("rollback").await.unwrap();
    let role = format!("alter role nobody_{} password '{SECRET}'; select pg_sleep(60)", db.name());
    let slow =
        db.migrator(files(&[("1_slow.sql", &format!("do $$ begin perform pg_sleep(60); {role}; end $$"))]));
    let slow = tokio::spawn(async move { slow.run().await });
    let sleeping =
        "select count(*) from pg_stat_activity where wait_event = 'PgSleep' and datname = current_database()";
    while db.rows(sleeping).await == "0" {
        tokio::task::yield_now().await;
    }
    let waiting = db.migrator(files(&[("1_slow.sql", "select 1")])).lock(LockPolicy { wait: Duration::ZERO });
    let error = waiting.run().await.unwrap_err();
    assert!(error.is_locked(), "{error:?}");
    expect_silent(&error);
    db.run("select pg_terminate_backend(pid) from pg_stat_activity where wait_event = 'PgSleep' and datname = current_database()").await;
    expect_silent(&slow.await.unwrap().unwrap_err());
}

/// A Rust migration says what it likes; ours is what is done with it.
#[tokio::test]
async fn the_error_of_a_rust_migration() {
    listen();
    fn up<'a>(_: &'a mut StepContext<'_>) -> CodeFuture<'a> {
        Box::pin(async { Err(format!("cannot reach postgres://app:{SECRET}@other/orders").into()) })
    }
    let header = CodeHeader {
        path: "src/one.rs",
        version: Version::new(1).unwrap(),
        name: "one",
        text: "async fn one(…)",
        transaction: Transaction::On,
        down: CodeDown::Absent,
    };
    let db = Database::new().await;
    let error =
        db.migrator(files(&[]).with([CodeMigration::function(header, up, None)])).run().await.unwrap_err();
    assert!(format!("{error:?}").contains("postgres://app:*******@other"), "{error:?}");
    expect_silent_audit(&db).await;
}

/// A variable is how a migration gets a password: it is neither in the file nor in the history.
#[tokio::test]
async fn a_password_in_a_variable_is_not_even_in_the_history() {
    listen();
    let db = Database::new().await;
    let role = format!("app_of_{}", db.name());
    let vars = Vars::new().with("password", SECRET).with("role", &role);
    let text = "-- upshift: vars on\ncreate role ${role:ident} login password ${password:literal};\n-- upshift: down\ndrop role ${role:ident};";
    let migrator = db.migrator(files(&[("1_role.sql", text)])).vars(vars.clone());
    migrator.run().await.unwrap();
    let login = "select count(*) from pg_roles where rolcanlogin and rolname = 'ROLE'";
    assert_eq!(db.rows(&login.replace("ROLE", &role)).await, "1");
    expect_no_secret("the history", &db.rows("select to_jsonb(h) from upshift.history h").await);
    expect_no_secret("the migrator", &format!("{migrator:?} {vars:?}"));
    let broken = text.replace(" login ", " nonsense ");
    let set = files(&[("1_role.sql", text), ("2_role.sql", &broken)]);
    expect_silent(&db.migrator(set).vars(vars).run().await.unwrap_err());
    expect_silent_audit(&db).await;
    db.run(&format!("drop role {role}")).await;
}
