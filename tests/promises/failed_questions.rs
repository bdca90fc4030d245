//! A question that failed is over before the next one is asked, wherever a pooler may be in between. The server sends an error
//! at once, and behind it that the answer is over: PgBouncer before 1.21 gives what was asked before that to somebody else
//! when its client leaves.

use std::time::Duration;

use deadpool_postgres::Pool;
use upshift::__private::{CodeDown, CodeFuture, CodeHeader, CodeMigration, Transaction};
use upshift::{DriftPolicy, Migrator, Report, Source, StepContext, Target, Timeouts, Version};
use upshift_promises::pgbouncer::PgBouncer;
use upshift_promises::proxy::{Proxy, ProxySettings};
use upshift_promises::{Database, database, files};

use crate::dropped_questions::{LOOKS_REAL, QUESTIONS, SET};

/// A proxy before a pooler, which lets the end of an answer come late where that is an error.
struct Late<'p> {
    proxy: Proxy,
    db: Database,
    way: &'p str,
}

impl Late<'_> {
    fn pool(&self) -> Pool {
        database::pool(&self.proxy.url(self.db.name()), 3)
    }

    fn migrator(&self, more: &[(&str, &str)]) -> Migrator {
        let set: Vec<(&str, &str)> = SET.iter().chain(more).copied().collect();
        Migrator::new(self.pool(), files(&set))
    }

    fn nothing_came_too_soon(&self, what: &str) {
        assert_eq!(self.proxy.take_traffic().overtaken, 0, "{}: {what}", self.way);
    }
}

/// Each kind of pooler; one in a thousand looks like a server to its client.
async fn behind_each_pooler(check: impl AsyncFn(Late<'_>)) {
    for (mode, pooler) in PgBouncer::each(9) {
        for told_pid in [None, Some(LOOKS_REAL)] {
            let way = format!("{mode:?}, told {told_pid:?}");
            let behind_errors = Duration::from_millis(40);
            let settings =
                ProxySettings { told_pid, delay_behind_errors: behind_errors, ..ProxySettings::default() };
            let proxy = Proxy::start(pooler.port(), settings).await;
            check(Late { proxy, db: Database::new().await, way: &way }).await;
        }
    }
}

fn version(number: u64) -> Version {
    Version::new(number).unwrap()
}

#[tokio::test]
async fn nothing_is_asked_of_an_empty_database_before_its_error_is_over() {
    behind_each_pooler(async |late| {
        let migrator = late.migrator(&[]);
        for (what, ask) in QUESTIONS.iter().filter(|(what, _)| !what.starts_with("run")) {
            ask(&migrator).await.unwrap_or_else(|error| panic!("{what}: {error:?}"));
            late.nothing_came_too_soon(what);
        }
        assert_eq!(migrator.repair().renumbered().await.unwrap(), []);
        late.nothing_came_too_soon("what has other numbers");
        migrator.backfills().pause(version(2), "none").await.unwrap_err();
        late.nothing_came_too_soon("a word about a backfill that has not begun");
        assert_eq!(migrator.run().await.unwrap().steps.len(), 3);
        late.nothing_came_too_soon("the first run");
        migrator.rollout().forget("nobody").await.unwrap_err();
        late.nothing_came_too_soon("an instance that is not registered is forgotten");
    })
    .await;
}

#[tokio::test]
async fn a_process_that_joins_an_empty_database_asks_nothing_before_its_error_is_over() {
    behind_each_pooler(async |late| {
        let migrator = late.migrator(&[]);
        migrator.join().await.unwrap().leave().await;
        late.nothing_came_too_soon("join, leave");
    })
    .await;
}

/// Migrations that fail: how, and with which SQLSTATE.
const WRONG: &[(&str, &str, &str)] = &[
    ("in the transaction", "create table four ();\nselect 1 / 0;", "22012"),
    ("with its place", "-- upshift: transaction off\ncreate table four ();\nselect 1 / 0;", "22012"),
    ("alone", "-- upshift: transaction off\nvacuum nothing_there;", "42P01"),
    (
        "ending transactions itself",
        "-- upshift: transaction off\ndo $$ begin perform 1 / 0; commit; end $$;",
        "22012",
    ),
    (
        "in its commit",
        "create table parents (id int primary key);\n\
         create table children (parent int references parents deferrable initially deferred);\n\
         insert into children values (1);",
        "23503",
    ),
    (
        "at the guard of its batches",
        "-- upshift: phase backfill\n-- upshift: backfill table=orders batch=10\n\
         -- upshift: guard\nselect false;\n\
         -- upshift: up\nupdate orders set total = 1 where total is null;",
        "22P02",
    ),
];

#[tokio::test]
async fn nothing_is_asked_before_the_error_of_a_migration_is_over() {
    behind_each_pooler(async |late| {
        for (how, wrong, code) in WRONG {
            late.db.run("drop schema if exists upshift cascade; drop schema public cascade").await;
            late.db.run("create schema public").await;
            let migrator = late.migrator(&[("4_wrong.sql", wrong)]);
            let again = async || migrator.up(Target::Only(vec![version(4)])).await;
            for failed in [migrator.run().await, again().await] {
                let error = failed.unwrap_err();
                assert_eq!(error.sqlstate(), Some(*code), "{}, {how}: {error:?}", late.way);
            }
            late.nothing_came_too_soon(how);
        }
    })
    .await;
}

fn fails<'a>(step: &'a mut StepContext<'_>) -> CodeFuture<'a> {
    Box::pin(async move { Ok(step.query("select 1 / 0", &[]).await.map(drop)?) })
}

fn fails_and_goes_on<'a>(step: &'a mut StepContext<'_>) -> CodeFuture<'a> {
    Box::pin(async move {
        step.batch_execute("select 1 / 0").await.unwrap_err();
        Ok(step.batch_execute("create table four ()").await?)
    })
}

fn down<'a>(_: &'a mut StepContext<'_>) -> CodeFuture<'a> {
    Box::pin(async { Ok(()) })
}

fn without_transaction(up: upshift::__private::CodeFn) -> Source {
    let (path, name, text) = ("src/four.rs", "four", "fn four");
    let header = CodeHeader {
        path,
        version: version(4),
        name,
        text,
        transaction: Transaction::Off,
        down: CodeDown::Present,
    };
    files(SET).with([CodeMigration::function(header, up, Some(down))])
}

#[tokio::test]
async fn nothing_is_asked_before_the_error_of_rust_code_without_a_transaction_is_over() {
    behind_each_pooler(async |late| {
        let run = async |code| Migrator::new(late.pool(), without_transaction(code)).run().await;
        let failed: Result<Report, _> = run(fails).await;
        assert_eq!(failed.unwrap_err().sqlstate(), Some("22012"), "{}", late.way);
        late.nothing_came_too_soon("it fails");
        run(fails_and_goes_on).await.unwrap();
        late.nothing_came_too_soon("it goes on");
    })
    .await;
}

#[tokio::test]
async fn nothing_is_asked_before_a_look_for_drift_that_failed_is_over() {
    behind_each_pooler(async |late| {
        late.migrator(&[]).run().await.unwrap();
        late.db.run("create table locked (id int check (id > 0))").await;
        let importer = late.db.client().await;
        importer.batch_execute("begin; lock table locked").await.unwrap();
        let limits = Timeouts { lock: Duration::from_millis(50), ..Timeouts::default() };
        let more = late.migrator(&[("4_four.sql", "create table four ()")]);
        let more = more.drift_policy(DriftPolicy::Watch).timeouts(limits);
        assert_eq!(more.run().await.unwrap().steps.len(), 1);
        late.nothing_came_too_soon("a run that watches");
    })
    .await;
}
