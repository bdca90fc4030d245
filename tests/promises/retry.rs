//! A table that others hold: a migration never stands in front of the traffic for long, and tries again.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use expect_test::expect;
use tokio::runtime::Handle;
use tokio::sync::Notify;
use tokio_postgres::Client;
use upshift::__private::{CodeDown, CodeFuture, CodeHeader, CodeMigration, Transaction};
use upshift::{Event, Migrator, Source, StepContext, Timeouts, Version};
use upshift_promises::{Database, database, files};

fn timeouts(lock: u64, retry: u64) -> Timeouts {
    let mut timeouts = Timeouts::default();
    (timeouts.lock, timeouts.retry) = (Duration::from_millis(lock), Duration::from_millis(retry));
    timeouts
}

/// A table with a session that reads it and does not end its transaction.
async fn held(db: &Database) -> Client {
    db.run("create table orders (id int)").await;
    let reader = database::connect(&format!("{}?application_name=monthly-report", db.url())).await;
    reader.batch_execute("begin; select count(*) from orders").await.unwrap();
    reader
}

fn migrator(db: &Database, source: Source) -> Migrator {
    let pool = database::pool(&format!("{}?application_name=migrator", db.url()), 4);
    Migrator::new(pool, source)
}

const SET: &[(&str, &str)] = &[
    ("1_before.sql", "create table before ()"),
    ("2_alter.sql", "create table half_done ();\nalter table orders add status text;\n"),
];

/// The migrating sessions that are in a transaction, and the locks they have on tables. The one that looks who is in the
/// way is none of them.
const AT_WORK: &str = "\
    select count(*) filter (where a.xact_start is not null), count(l.pid) from pg_stat_activity a
    left join pg_locks l on l.pid = a.pid and l.locktype = 'relation'
    where a.datname = current_database() and a.application_name = 'migrator' and a.query not like '%pg_blocking_pids%'";

/// What waits for a lock stands in front of the traffic: at first for a moment only.
#[tokio::test]
async fn the_first_attempt_waits_a_moment_and_each_one_after_it_twice_as_long() {
    for (header, retry, expected) in [
        ("", 60_000, "50ms 100ms 200ms 300ms 300ms"),
        ("-- upshift: lock-timeout 70ms\n", 60_000, "70ms 70ms 70ms 70ms 70ms"),
        ("", 0, "300ms"),
    ] {
        let db = Database::new().await;
        db.run("create sequence attempts").await;
        // A sequence counts on though the attempt is rolled back.
        let note = "do $$ begin
            perform nextval('attempts');
            raise exception using errcode = case when (select last_value from attempts) < ATTEMPTS
                then '55P03' else '22000' end, message = current_setting('lock_timeout');
            end $$";
        let attempts = expected.split(' ').count();
        let text = format!("{header}{}", note.replace("ATTEMPTS", &attempts.to_string()));
        let seen = Arc::new(Mutex::new(Vec::new()));
        let hears = Arc::clone(&seen);
        let observer = move |event: &Event<'_>| {
            if let Event::Retrying { why, .. } = event {
                hears.lock().unwrap().push(why.split(' ').next().unwrap_or_default().to_owned());
            }
        };
        let migrator = migrator(&db, files(&[("1_t.sql", &text)])).timeouts(timeouts(300, retry));
        let error = migrator.observer(observer).run().await.unwrap_err();
        let mut waits = seen.lock().unwrap().clone();
        let said = error.failure().and_then(|it| it.server.as_ref()).map(ToString::to_string).unwrap();
        waits.push(said.split(' ').next().unwrap_or_default().to_owned());
        assert_eq!(waits.join(" "), expected, "{header:?} with {retry} ms");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_is_tried_again_until_the_lock_goes_away_and_holds_nothing_in_between() {
    for header in ["", "-- upshift: transaction off\n"] {
        let db = Arc::new(Database::new().await);
        let reader = held(&db).await;
        let (seen, enough) = (Arc::new(Mutex::new(Vec::new())), Arc::new(Notify::new()));
        let observer = {
            let (db, seen, enough) = (db.clone(), seen.clone(), enough.clone());
            move |event: &Event<'_>| {
                if !matches!(event, Event::Retrying { .. }) {
                    return;
                }
                // An observer is no async function.
                let look = || Handle::current().block_on(db.rows(AT_WORK));
                let found = tokio::task::block_in_place(look);
                let mut seen = seen.lock().unwrap();
                seen.push(found);
                if seen.len() == 3 {
                    enough.notify_one();
                }
            }
        };
        let text = format!("{header}alter table orders add status text;\n");
        let migrator = migrator(&db, files(&[("1_alter.sql", &text)])).timeouts(timeouts(100, 60_000));
        let running = tokio::spawn(async move { migrator.observer(observer).run().await });
        enough.notified().await;
        reader.batch_execute("commit").await.unwrap();
        let report = running.await.unwrap().unwrap();
        let seen = seen.lock().unwrap().clone();
        assert!(seen.iter().all(|found| found == "0 | 0"), "{seen:?}");
        assert_eq!(report.steps[0].retries as usize, seen.len(), "with {header:?}");
        assert_eq!(db.rows("select count(*) from upshift.audit").await, "1", "a retry is no failure");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn traffic_never_waits_longer_than_the_lock_timeout() {
    let db = Database::new().await;
    let _reader = held(&db).await;
    let migrator = migrator(&db, files(SET)).timeouts(timeouts(100, 2000));
    let running = tokio::spawn(async move { migrator.run().await });
    let service = db.client().await;
    let (mut served, mut longest) = (0, Duration::ZERO);
    while !running.is_finished() {
        let began = Instant::now();
        service.batch_execute("select count(*) from orders").await.unwrap();
        (served, longest) = (served + 1, longest.max(began.elapsed()));
    }
    assert!(running.await.unwrap().unwrap_err().is_lock_timeout());
    // The default of the server would have been for ever; the slack is for a machine that is busy with other tests.
    assert!(served > 10 && longest < Duration::from_millis(1000), "{served} served, longest {longest:?}");
}

#[tokio::test]
async fn when_the_budget_ends_the_error_says_who_was_in_the_way_and_nothing_is_half_done() {
    let db = Database::new().await;
    let reader = held(&db).await;
    let pid: i32 = reader.query_one("select pg_backend_pid()", &[]).await.unwrap().get(0);
    let began = Instant::now();
    let error = migrator(&db, files(SET)).timeouts(timeouts(100, 500)).run().await.unwrap_err();
    assert!(error.is_lock_timeout());
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
    let [blocker] = error.blockers() else { panic!("one is in the way: {error:?}") };
    assert_eq!((blocker.pid, &*blocker.application, &*blocker.role), (pid, "monthly-report", "postgres"));
    assert!(blocker.transaction_age > Duration::from_millis(200), "{:?}", blocker.transaction_age);
    let age = blocker.to_string();
    let age = age.split("open for ").nth(1).unwrap().split(':').next().unwrap();
    expect![[r#"
        migration 2_alter failed at statement 2 of 2
          --> 2_alter.sql:2:1
           |
         2 | alter table orders add status text;
           | ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
          caused by: canceling statement due to lock timeout (55P03)
          in the way: pid PID, `monthly-report`, role postgres, transaction open for AGE: select pg_backend_pid()
          help: nothing of it was done; another session holds what it needs: run again when it is gone, or raise `-- upshift: lock-timeout`"#]]
    .assert_eq(&error.render().replace(age, "AGE").replace(&pid.to_string(), "PID"));
    assert_eq!(db.tables().await, "before orders");
    assert_eq!(db.history().await, "1 | before | applied");
    assert_eq!(
        db.rows("select name, outcome from upshift.audit order by id").await,
        "before | done\nalter | failed"
    );
    reader.batch_execute("commit").await.unwrap();
    assert_eq!(migrator(&db, files(SET)).run().await.unwrap().steps.len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_was_in_the_way_of_one_migration_is_not_blamed_for_the_next() {
    let db = Database::new().await;
    let reader = held(&db).await;
    let blocked = Arc::new(Notify::new());
    let seen = blocked.clone();
    let set = files(&[("1_alter.sql", "alter table orders add status text"), ("2_broken.sql", "nonsense")]);
    let migrator = migrator(&db, set).timeouts(timeouts(6_000, 500)).observer(move |event: &Event<'_>| {
        if matches!(event, Event::Blocked { .. }) {
            seen.notify_one();
        }
    });
    let running = tokio::spawn(async move { migrator.run().await });
    blocked.notified().await;
    reader.batch_execute("commit").await.unwrap();
    let error = running.await.unwrap().unwrap_err();
    assert_eq!(error.to_string(), "migration 2_broken failed at statement 1 of 1 (2_broken.sql:1:1)");
    assert_eq!(error.blockers(), []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_index_built_concurrently_waits_without_a_lock_timeout_and_says_for_whom() {
    let db = Database::new().await;
    db.run("create table orders (id int)").await;
    let writer = database::connect(&format!("{}?application_name=importer", db.url())).await;
    writer.batch_execute("begin; insert into orders values (1)").await.unwrap();
    let (seen, blocked) = (Arc::new(Mutex::new(Vec::new())), Arc::new(Notify::new()));
    let observer = {
        let (seen, blocked) = (seen.clone(), blocked.clone());
        move |event: &Event<'_>| match event {
            Event::Blocked { by, .. } => {
                seen.lock().unwrap().extend(by.iter().map(|it| it.application.clone()));
                blocked.notify_one();
            }
            Event::Retrying { .. } => panic!("no timeout, no retry"),
            _ => {}
        }
    };
    let set = files(&[("1_index.sql", "create index concurrently orders_id on orders (id)")]);
    let migrator = migrator(&db, set).timeouts(timeouts(100, 0)).observer(observer);
    let running = tokio::spawn(async move { migrator.run().await });
    for _ in 0..4 {
        blocked.notified().await;
    }
    writer.batch_execute("commit").await.unwrap();
    running.await.unwrap().unwrap();
    assert!(seen.lock().unwrap().iter().all(|application| application == "importer"));
    assert_eq!(db.rows("select indisvalid from pg_index where indrelid = 'orders'::regclass").await, "t");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rust_migration_that_met_a_lock_timeout_is_tried_again_in_a_new_transaction() {
    fn alter<'a>(step: &'a mut StepContext<'_>) -> CodeFuture<'a> {
        Box::pin(async move {
            step.batch_execute("create table half_done ()").await?;
            step.batch_execute("alter table orders add status text").await?;
            Ok(())
        })
    }
    let header = CodeHeader {
        path: "src/retry.rs",
        version: Version::new(1).unwrap(),
        name: "alter",
        text: "async fn alter(…)",
        transaction: Transaction::On,
        down: CodeDown::Absent,
    };
    let db = Database::new().await;
    let reader = held(&db).await;
    let tried = Arc::new(Notify::new());
    let seen = tried.clone();
    let migrator = migrator(&db, files(&[]).with([CodeMigration::function(header, alter, None)]))
        .timeouts(timeouts(100, 60_000))
        .observer(move |event: &Event<'_>| {
            if matches!(event, Event::Retrying { .. }) {
                seen.notify_one();
            }
        });
    let mut running = tokio::spawn(async move { migrator.run().await });
    tokio::select! {
        () = tried.notified() => {}
        ended = &mut running => panic!("it was not tried again: {:?}", ended.unwrap().unwrap_err()),
    }
    reader.batch_execute("commit").await.unwrap();
    let report = running.await.unwrap().unwrap();
    assert!(report.steps[0].retries >= 1);
    assert_eq!(db.tables().await, "half_done orders");
}
