//! A run that is dropped, or panics, wherever it stands: nothing is held, nothing is done twice, the next one goes on.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use deadpool_postgres::Pool;
use tokio_postgres::types::Type;
use upshift::__private::{CodeDown, CodeFuture, CodeHeader, CodeMigration, Transaction};
use upshift::{AuditVerdict, DownTarget, Event, Migrator, Report, Source, StepContext, Version};
pub(crate) use upshift_promises::dropped::drop_at;
use upshift_promises::{Database, database, files};

/// Every kind of migration there is. Each counts itself in the table `counter`, and its down in `reverted`.
const MIXED: &[(&str, &str)] = &[
    (
        "1_counter.sql",
        "create table counter (name text not null);\n\
         -- upshift: down\ndrop table counter; insert into reverted values ('1');",
    ),
    ("2_a.sql", "insert into counter values ('2');\n-- upshift: down\ninsert into reverted values ('2');"),
    ("3_b.sql", "insert into counter values ('3');\n-- upshift: down\ninsert into reverted values ('3');"),
    (
        "4_index.sql",
        "create table big (id int);\n\
         insert into big select generate_series(1, 100);\n\
         create index concurrently big_id on big (id);\n\
         insert into counter values ('4');\n\
         -- upshift: down\n\
         drop index concurrently big_id;\n\
         drop table big;\n\
         insert into reverted values ('4');",
    ),
    (
        "5_off.sql",
        "-- upshift: transaction off\n\
         insert into counter values ('5');\n\
         insert into counter values ('5, too');\n\
         -- upshift: down\n\
         insert into reverted values ('5');",
    ),
    (
        "6_copy.sql",
        "copy counter from stdin;\n6\n6, too\n\\.\n-- upshift: down\ninsert into reverted values ('6');",
    ),
    (
        "8_checked.sql",
        "-- upshift: guard\nselect count(*) > 0 from counter;\n\
         -- upshift: up\ninsert into counter values ('8');\n\
         -- upshift: verify\nselect exists (select from counter where name = '8');\n\
         -- upshift: down\ninsert into reverted values ('8');",
    ),
    ("9_last.sql", "insert into counter values ('9');\n-- upshift: down\ninsert into reverted values ('9');"),
    (
        "R__answer.sql",
        "create or replace function answer() returns int language sql as 'select 42';\n\
         insert into counter values ('R');",
    ),
];

pub(crate) const COUNTED: &str = "2 3 4 5 5, too 6 6, too 7 8 9 R";
const REVERTED: &str = "9 8 7 6 5 4 3 2 1";

/// Rows of the tables above in the order they were written: anything done twice, or not at all, shows.
pub(crate) const COUNTER: &str = "select string_agg(name, ' ' order by name) from counter";
const REVERTS: &str = "select string_agg(name, ' ' order by name desc) from reverted";

fn seven<'a>(step: &'a mut StepContext<'_>) -> CodeFuture<'a> {
    Box::pin(async move {
        step.execute("insert into counter values ($1)", &[(&"7", Type::TEXT)]).await?;
        step.query("select name from counter", &[]).await?;
        Ok(())
    })
}

fn seven_back<'a>(step: &'a mut StepContext<'_>) -> CodeFuture<'a> {
    Box::pin(async move { Ok(step.batch_execute("insert into reverted values ('7')").await?) })
}

fn code(version: u64, up: upshift::__private::CodeFn, down: upshift::__private::CodeFn) -> CodeMigration {
    let header = CodeHeader {
        path: "src/cancel.rs",
        version: Version::new(version).unwrap(),
        name: "code",
        text: "async fn seven(…)",
        transaction: Transaction::On,
        down: CodeDown::Present,
    };
    CodeMigration::function(header, up, Some(down))
}

pub(crate) fn mixed() -> Source {
    files(MIXED).with([code(7, seven, seven_back)])
}

/// Nothing of ours is left in the database, and every connection of the pool works.
pub(crate) async fn is_whole(db: &Database, pool: &Pool) {
    db.settle().await;
    let status = pool.status();
    assert!(status.size <= status.max_size, "{status:?}");
    let mut clients = Vec::new();
    for _ in 0..status.max_size {
        let client = pool.get().await.unwrap();
        client.batch_execute("select 1").await.unwrap();
        clients.push(client);
    }
}

const EMPTY: &str = "\
    drop schema if exists upshift cascade; drop schema public cascade; create schema public;
    create table reverted (name text);";

/// Drops `subject` at every await point there is, shared out among a few databases; `afterwards` looks what came of it.
async fn at_every_await_point(check: impl AsyncFn(&Database, &Pool, usize) -> bool) {
    at_await_points(1, |db| database::pool(&db.url(), 3), check).await;
}

/// The same at every `step`th of them, through pools like this.
pub(crate) async fn at_await_points(
    step: usize,
    pool_of: impl Fn(&Database) -> Pool,
    check: impl AsyncFn(&Database, &Pool, usize) -> bool,
) {
    const WORKERS: usize = 3;
    let (next, dropped) = (AtomicUsize::new(1), AtomicUsize::new(0));
    let worker = async || {
        let db = Database::new().await;
        loop {
            let nth = next.fetch_add(step, Ordering::SeqCst);
            db.run(EMPTY).await;
            let pool = pool_of(&db);
            let was_dropped = check(&db, &pool, nth).await;
            if !was_dropped {
                return;
            }
            dropped.fetch_add(1, Ordering::SeqCst);
        }
    };
    futures_util::future::join_all((0..WORKERS).map(|_| worker())).await;
    let points = dropped.into_inner();
    println!("dropped at {points} await points");
    assert!(points * step > 20, "only {points}");
}

#[tokio::test]
async fn a_run_dropped_at_any_await_point_leaves_nothing_behind_and_the_next_one_goes_on() {
    at_every_await_point(async |db, pool, nth| {
        let migrator = Migrator::new(pool.clone(), mixed());
        let outcome = drop_at(nth, migrator.run()).await;
        is_whole(db, pool).await;
        if let Some(completed) = &outcome {
            assert_eq!(completed.as_ref().unwrap().steps.len(), 10);
        }
        migrator.run().await.unwrap_or_else(|error| panic!("dropped at {nth}: {error:?}"));
        assert_eq!(db.rows(COUNTER).await, COUNTED, "dropped at {nth}");
        assert_eq!(db.rows("select bool_and(indisvalid) from pg_index").await, "t", "dropped at {nth}");
        assert_eq!(
            db.rows("select count(*), bool_and(state = 'applied') from upshift.history").await,
            "10 | t"
        );
        assert!(
            matches!(migrator.audit().verify().await.unwrap(), AuditVerdict::Whole { .. }),
            "dropped at {nth}"
        );
        outcome.is_none()
    })
    .await;
}

#[tokio::test]
async fn a_down_dropped_at_any_await_point_leaves_nothing_behind_and_the_next_one_goes_on() {
    at_every_await_point(async |db, pool, nth| {
        let migrator = Migrator::new(pool.clone(), mixed());
        migrator.run().await.unwrap();
        let outcome = drop_at(nth, migrator.down(DownTarget::All)).await;
        is_whole(db, pool).await;
        migrator.down(DownTarget::All).await.unwrap_or_else(|error| panic!("dropped at {nth}: {error:?}"));
        assert_eq!(db.rows(REVERTS).await, REVERTED, "dropped at {nth}");
        assert_eq!(db.rows("select coalesce(version::text, 'R') from upshift.history").await, "R");
        outcome.is_none()
    })
    .await;
}

#[tokio::test]
async fn a_waiter_dropped_at_any_await_point_is_as_if_it_had_never_come() {
    let db = Database::new().await;
    let busy = db.client().await;
    db.run("create table door ()").await;
    busy.batch_execute("begin; lock table door").await.unwrap();
    let slow =
        || files(&[("1_slow.sql", "-- upshift: lock-timeout 60s\nlock table door;\ncreate table done ()")]);
    let first = db.migrator(slow());
    let first = tokio::spawn(async move { first.run().await });
    while db
        .rows(
            "select count(*) from pg_locks l join pg_database d on d.oid = l.database
            where d.datname = current_database() and l.locktype = 'advisory' and l.granted",
        )
        .await
        == "0"
    {
        tokio::task::yield_now().await;
    }
    let pool = database::pool(&db.url(), 2);
    let waiter = Migrator::new(pool.clone(), slow());
    for nth in 1..20 {
        let outcome = drop_at(nth, waiter.run()).await;
        assert!(outcome.is_none(), "dropped at {nth}: {outcome:?}");
    }
    busy.batch_execute("commit").await.unwrap();
    assert_eq!(first.await.unwrap().unwrap().steps.len(), 1);
    is_whole(&db, &pool).await;
    assert!(waiter.run().await.unwrap().is_empty());
}

/// Runs in a task of its own, as a service would; the error is the panic.
async fn spawned(migrator: &Migrator) -> Result<Report, tokio::task::JoinError> {
    let migrator = migrator.clone();
    tokio::spawn(async move { migrator.run().await.unwrap() }).await
}

#[tokio::test]
async fn a_panic_in_an_observer_at_any_event_is_as_if_the_connection_had_died() {
    at_every_await_point(async |db, pool, nth| {
        let seen = Arc::new(AtomicUsize::new(0));
        let watching = seen.clone();
        let observer = move |_: &Event<'_>| {
            let event = watching.fetch_add(1, Ordering::SeqCst) + 1;
            assert_ne!(event, nth, "a panic on purpose");
        };
        let migrator = Migrator::new(pool.clone(), mixed());
        let outcome = spawned(&migrator.clone().observer(observer)).await;
        is_whole(db, pool).await;
        migrator.run().await.unwrap_or_else(|error| panic!("panicked at event {nth}: {error:?}"));
        assert_eq!(db.rows(COUNTER).await, COUNTED, "panicked at event {nth}");
        outcome.is_err()
    })
    .await;
}

#[tokio::test]
async fn a_panic_in_a_rust_migration_is_as_if_the_connection_had_died() {
    static PANICS: AtomicBool = AtomicBool::new(true);
    fn fragile<'a>(step: &'a mut StepContext<'_>) -> CodeFuture<'a> {
        Box::pin(async move {
            step.batch_execute("insert into counter values ('7')").await?;
            assert!(!PANICS.load(Ordering::SeqCst), "a panic on purpose");
            Ok(())
        })
    }
    let db = Database::new().await;
    db.run("create table reverted (name text)").await;
    let pool = database::pool(&db.url(), 2);
    let migrator = Migrator::new(pool.clone(), files(MIXED).with([code(7, fragile, seven_back)]));
    assert!(spawned(&migrator).await.unwrap_err().is_panic());
    is_whole(&db, &pool).await;
    assert_eq!(db.rows("select max(version) from upshift.history").await, "6");
    PANICS.store(false, Ordering::SeqCst);
    assert_eq!(spawned(&migrator).await.unwrap().steps.len(), 4);
    assert_eq!(db.rows(COUNTER).await, COUNTED);
}
