//! Who waits for locks, and who is in the way, is told to the person on call.

use std::sync::Arc;

use tokio::sync::Notify;
use upshift::{Event, WaitingPart};
use upshift_promises::{Database, files};

#[tokio::test]
async fn a_migration_that_waits_is_told_with_who_is_in_its_way_and_who_stands_behind_it() {
    let db = Database::new().await;
    let set = [
        ("1_a.sql", "create table a (x int)"),
        ("2_b.sql", "-- upshift: lock-timeout 60s\nalter table a add column y int"),
    ];
    db.migrator(files(&set[..1])).run().await.unwrap();
    assert_eq!(db.migrator(files(&set)).waits().await.unwrap(), []);
    let holder = db.client().await;
    holder.batch_execute("set application_name = 'dashboard'; begin; select * from a").await.unwrap();
    let blocked = Arc::new(Notify::new());
    let told = blocked.clone();
    let migrator = db.migrator(files(&set)).observer(move |event: &Event<'_>| {
        if matches!(event, Event::Blocked { .. }) {
            told.notify_one();
        }
    });
    let mut running = tokio::spawn(async move { migrator.run().await });
    tokio::select! {
        _ = blocked.notified() => {}
        ended = &mut running => panic!("{ended:?}"),
    }
    let reader = db.client().await;
    let behind =
        tokio::spawn(async move { reader.batch_execute("select * from a -- password=secret").await });
    let waits = loop {
        let waits = db.migrator(files(&set)).waits().await.unwrap();
        if waits.len() == 2 {
            break waits;
        }
        tokio::task::yield_now().await;
    };
    let [migration, traffic] = waits.as_slice() else { panic!("{waits:?}") };
    assert_eq!(migration.part, WaitingPart::Migrator);
    assert!(migration.query.contains("add column y"), "{migration}");
    assert_eq!(migration.by.iter().map(|it| it.application.as_str()).collect::<Vec<_>>(), ["dashboard"]);
    assert_eq!(traffic.part, WaitingPart::Other);
    assert_eq!(traffic.by.iter().map(|it| it.pid).collect::<Vec<_>>(), [migration.pid]);
    assert!(migration.waited >= traffic.waited, "the longest wait stands first");
    assert!(!traffic.query.contains("secret"), "{traffic}");
    let words = migration.to_string();
    assert!(words.starts_with("the migration (pid ") && words.contains("in the way: "), "{words}");
    holder.batch_execute("commit").await.unwrap();
    running.await.unwrap().unwrap();
    behind.await.unwrap().unwrap();
    assert_eq!(db.migrator(files(&set)).waits().await.unwrap(), []);
}
