//! A question that is dropped before its answer is there, by a time limit or a client that hung up, harms nobody: its
//! connection is closed. Given back to the pool, the next question would stand behind the answer that is still to come, and
//! a pooler (PgBouncer before 1.21) gives one of the two answers to somebody else when the connection breaks in between.
//! For the same reason nothing is asked behind a transaction that has not ended, where a pooler may be in between.

use std::time::Duration;

use futures_util::future::{BoxFuture, Either, select};
use upshift::{DownTarget, Error, Event, LockPolicy, Migrator, Target, Timeouts, Version};
use upshift_promises::pgbouncer::{Mode, PgBouncer};
use upshift_promises::proxy::{Proxy, ProxySettings, Traffic};
use upshift_promises::{Database, database, files};

pub(crate) const SET: &[(&str, &str)] = &[
    (
        "1_orders.sql",
        "create table orders (id bigint primary key, total int);\n-- upshift: down\ndrop table orders;",
    ),
    (
        "2_totals.sql",
        "-- upshift: phase backfill\n-- upshift: backfill table=orders batch=10\n\
         update orders set total = 0 where total is null;\n-- upshift: down\nselect 1;",
    ),
    (
        "3_total_must_be.sql",
        "-- upshift: phase contract\n-- upshift: requires 2\n\
         alter table orders add constraint total_there check (total is not null) not valid;\n\
         -- upshift: down\nalter table orders drop constraint total_there;",
    ),
];

pub(crate) type Question = (&'static str, for<'m> fn(&'m Migrator) -> BoxFuture<'m, Result<(), Error>>);

/// Everything that asks and writes nothing.
pub(crate) const QUESTIONS: &[Question] = &[
    ("plan", |it| Box::pin(async { it.plan(Target::Head).await.map(drop) })),
    ("plan_down", |it| Box::pin(async { it.plan_down(DownTarget::All).await.map(drop) })),
    ("run, with nothing to do", |it| Box::pin(async { it.up(Target::Version(version(1))).await.map(drop) })),
    ("status", |it| Box::pin(async { it.status().await.map(drop) })),
    ("drift", |it| Box::pin(async { it.drift().await.map(drop) })),
    ("health", |it| Box::pin(async { it.health().await.map(drop) })),
    ("measures", |it| Box::pin(async { it.measures().await.map(drop) })),
    ("overview", |it| Box::pin(async { it.overview().await.map(drop) })),
    ("waits", |it| Box::pin(async { it.waits().await.map(drop) })),
    ("audit rows", |it| Box::pin(async { it.audit().rows().await.map(drop) })),
    ("audit verify", |it| Box::pin(async { it.audit().verify().await.map(drop) })),
    ("rollout status", |it| Box::pin(async { it.rollout().status().await.map(drop) })),
    ("backfill progress", |it| Box::pin(async { it.backfills().progress().await.map(drop) })),
];

/// A process id as a server may have one, and that none has: Linux counts up to one less.
pub(crate) const LOOKS_REAL: i32 = 1 << 22;

fn version(number: u64) -> Version {
    Version::new(number).unwrap()
}

/// As long as an answer takes: the question is dropped before.
const ANSWER: Duration = Duration::from_millis(60);

/// A server whose answers take their time.
async fn slow_server() -> Proxy {
    let settings = ProxySettings { delay_to_client: ANSWER, ..ProxySettings::default() };
    Proxy::start(database::SERVER.port(), settings).await
}

/// A pool of one connection to this server's database, and what counts on it.
async fn counted(server: u16, db: &Database) -> (Proxy, Migrator) {
    let proxy = Proxy::start(server, ProxySettings::default()).await;
    let migrator = Migrator::new(database::pool(&proxy.url(db.name()), 1), files(SET));
    (proxy, migrator)
}

#[tokio::test]
async fn a_question_that_is_answered_leaves_its_connection_to_the_next_one() {
    let db = Database::new().await;
    db.migrator(files(SET)).up(Target::Version(version(1))).await.unwrap();
    let (proxy, migrator) = counted(database::SERVER.port(), &db).await;
    for (what, ask) in QUESTIONS.iter().chain(QUESTIONS) {
        ask(&migrator).await.unwrap_or_else(|error| panic!("{what}: {error:?}"));
    }
    let Traffic { connections, overtaken, .. } = proxy.take_traffic();
    assert_eq!((connections, overtaken), (1, 0));
}

#[tokio::test]
async fn a_question_of_an_empty_database_leaves_its_connection_too() {
    let db = Database::new().await;
    let (proxy, migrator) = counted(database::SERVER.port(), &db).await;
    for (what, ask) in QUESTIONS.iter().filter(|(what, _)| !what.starts_with("run")).chain(QUESTIONS.first())
    {
        ask(&migrator).await.unwrap_or_else(|error| panic!("{what}: {error:?}"));
    }
    assert_eq!(proxy.take_traffic().connections, 1);
}

#[tokio::test]
async fn nothing_is_asked_behind_a_question_that_was_dropped() {
    let db = Database::new().await;
    db.migrator(files(SET)).up(Target::Version(version(1))).await.unwrap();
    let slow = slow_server().await;
    let (proxy, migrator) = counted(slow.port(), &db).await;
    for (what, ask) in QUESTIONS {
        migrator.waits().await.unwrap();
        proxy.take_traffic();
        match select(ask(&migrator), Box::pin(proxy.until_asked(1))).await {
            Either::Left(_) => panic!("{what}: answered before it was asked"),
            Either::Right(((), question)) => drop(question),
        }
        ask(&migrator).await.unwrap_or_else(|error| panic!("{what}, asked again: {error:?}"));
        assert_eq!(proxy.take_traffic().overtaken, 0, "{what}");
    }
}

/// Whoever waits for a lock looks who is in the way, and gives that up soon: nothing may hold up a run.
#[tokio::test]
async fn nothing_is_asked_behind_a_look_who_is_in_the_way_that_was_given_up() {
    let slow = slow_server().await;
    let Some(pooler) = PgBouncer::before(slow.port(), Mode::Transaction, 9) else { return };
    let db = Database::new().await;
    db.run("create table orders (id int)").await;
    let importer = db.client().await;
    importer.batch_execute("begin; lock table orders").await.unwrap();
    let proxy = Proxy::start(pooler.port(), ProxySettings::default()).await;
    let (say, mut retries) = tokio::sync::mpsc::unbounded_channel();
    let limits = Timeouts { lock: ANSWER, retry: Duration::from_secs(60), ..Timeouts::default() };
    let migrator = Migrator::new(
        database::pool(&proxy.url(db.name()), 3),
        files(&[("1_orders.sql", "alter table orders add status text")]),
    );
    let migrator = migrator.lock(LockPolicy { wait: Duration::from_secs(60) }).timeouts(limits).observer(
        move |event: &Event<'_>| {
            if let Event::Retrying { .. } = event {
                say.send(()).unwrap();
            }
        },
    );
    let run = async { migrator.run().await.unwrap() };
    let free = async {
        for _ in 0..3 {
            retries.recv().await.unwrap();
        }
        importer.batch_execute("commit").await.unwrap();
    };
    let (report, ()) = tokio::join!(run, free);
    assert_eq!(report.steps.len(), 1);
    let traffic = proxy.take_traffic();
    assert_eq!(traffic.overtaken, 0, "{traffic:?}");
}

/// PgBouncer makes up the process ids that it tells, of all 32 bits: one in a thousand looks like one of a server's.
#[tokio::test]
async fn nothing_is_asked_behind_a_transaction_of_a_pooler_that_looks_like_a_server() {
    for (mode, pooler) in PgBouncer::each(9) {
        let db = Database::new().await;
        let settings = ProxySettings { told_pid: Some(LOOKS_REAL), ..ProxySettings::default() };
        let proxy = Proxy::start(pooler.port(), settings).await;
        let migrator = Migrator::new(database::pool(&proxy.url(db.name()), 3), files(SET));
        assert_eq!(migrator.run().await.unwrap().steps.len(), 3, "{mode:?}");
        assert!(migrator.run().await.unwrap().is_empty(), "{mode:?}");
        migrator.down(DownTarget::Steps(1)).await.unwrap();
        assert_eq!(proxy.take_traffic().overtaken, 0, "{mode:?}");
    }
}
