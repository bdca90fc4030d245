//! A migration that waits for others says so, and for whom: to observers, in the log, and behind a pooler too.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio_postgres::Client;
use upshift::{Event, Migrator, Timeouts};
use upshift_promises::log::Log;
use upshift_promises::pgbouncer::PgBouncer;
use upshift_promises::{Database, database, files};

/// A table, and a session that writes to it and does not end its transaction.
async fn importer(db: &Database) -> (Client, String) {
    db.run("create table orders (id int)").await;
    let importer = database::connect(&format!("{}?application_name=importer", db.url())).await;
    importer.batch_execute("begin; insert into orders values (1)").await.unwrap();
    let pid = database::rows(&importer, "select pg_backend_pid()").await;
    (importer, pid)
}

fn timeouts(lock: Duration, retry: Duration) -> Timeouts {
    let mut timeouts = Timeouts::default();
    (timeouts.lock, timeouts.retry) = (lock, retry);
    timeouts
}

/// Runs a migrator and lets the importer end when somebody was seen in the way so many times; whom.
async fn seen(migrator: Migrator, importer: &Client, times: usize) -> Vec<i32> {
    let (say, mut said) = tokio::sync::mpsc::unbounded_channel();
    let pids = Arc::new(Mutex::new(Vec::new()));
    let kept = pids.clone();
    let migrator = migrator.observer(move |event: &Event<'_>| {
        if let Event::Blocked { by, .. } = event {
            kept.lock().unwrap().extend(by.iter().map(|blocker| blocker.pid));
            let _ = say.send(());
        }
    });
    let ending = async {
        for _ in 0..times {
            said.recv().await.unwrap();
        }
        importer.batch_execute("commit").await.unwrap();
    };
    let patience = Duration::from_secs(60);
    let both = tokio::time::timeout(patience, async { tokio::join!(migrator.run(), ending) }).await;
    both.expect("nobody was said to be in the way").0.unwrap();
    std::mem::take(&mut *pids.lock().unwrap())
}

#[tokio::test]
async fn whom_a_migration_waits_for_is_logged_once() {
    let db = Database::new().await;
    let (importer, pid) = importer(&db).await;
    let set = files(&[("1_index.sql", "create index concurrently orders_id on orders (id)")]);
    let migrator = db.migrator(set).timeouts(timeouts(Duration::from_millis(100), Duration::ZERO));
    let log = Log::listen();
    seen(migrator, &importer, 3).await;
    let lines = log.lines();
    assert_eq!(lines.len(), 1, "{lines:?}");
    let expected = format!(
        "WARN the migration waits for another session migration=\"1_index\" by=pid {pid}, `importer`, role postgres, "
    );
    assert!(lines[0].starts_with(&expected), "{lines:?}");
}

#[tokio::test]
async fn behind_a_transaction_pooler_whom_it_waits_for_is_known_too() {
    let Some(pooler) = PgBouncer::start() else { return };
    for (header, statement) in [
        ("", "alter table orders add status text"),
        ("-- upshift: transaction off\n", "alter table orders add status text"),
        ("", "create index concurrently orders_id on orders (id)"),
    ] {
        let db = Database::new().await;
        let (importer, pid) = importer(&db).await;
        let text = format!("{header}{statement};\ncreate table behind ()");
        let pool = database::pool(&pooler.url(db.name()), 4);
        let migrator = Migrator::new(pool, files(&[("1_orders.sql", &text)]));
        let retry = Duration::from_secs(60);
        let pids = seen(migrator.timeouts(timeouts(Duration::from_millis(500), retry)), &importer, 2).await;
        assert!(pids.iter().all(|it| it.to_string() == pid), "{pids:?} instead of {pid} for {statement}");
    }
}

#[tokio::test]
async fn behind_a_transaction_pooler_the_error_blames_whoever_was_in_the_way() {
    let Some(pooler) = PgBouncer::start() else { return };
    let db = Database::new().await;
    let (_importer, pid) = importer(&db).await;
    let pool = database::pool(&pooler.url(db.name()), 4);
    let set = files(&[("1_orders.sql", "alter table orders add status text")]);
    let migrator = Migrator::new(pool, set).timeouts(timeouts(Duration::from_millis(500), Duration::ZERO));
    let error = migrator.run().await.unwrap_err();
    assert!(error.is_lock_timeout());
    let said = error.render();
    assert!(said.contains(&format!("in the way: pid {pid}, `importer`")), "{said}");
}
