//! Whatever happens to a worker, and when: every row is done once, and the next one goes on.

use std::sync::Mutex;
use std::time::Duration;

use futures_util::future::join_all;
use upshift::{BackfillPolicy, Migrator, Source, Target, Version, Worked};
use upshift_promises::chance::Chance;
use upshift_promises::pgbouncer::PgBouncer;
use upshift_promises::proxy::{Fault, Proxy, ProxySettings, Sender, Traffic, Way};
use upshift_promises::tally::is_long;
use upshift_promises::{Database, database, files, steps};

use crate::cancel::{at_await_points, drop_at, is_whole};

const LONG: Duration = Duration::from_secs(60);

/// 30 rows, and batches of four: the second range is cut off in the middle.
const TABLE: &str = "\
    drop schema if exists upshift cascade; drop schema public cascade; create schema public;
    create table first (); create table t (a int, id int, times int default 0, primary key (a, id));
    insert into t select n % 3, n from generate_series(1, 45) n";
/// The same without a key: what may be met twice must bear it.
const PAGED: &str = "\
    drop schema if exists upshift cascade; drop schema public cascade; create schema public;
    create table first (); create table t (id int, filler text default repeat('x', 2000), times int default 0);
    insert into t select generate_series(1, 45)";

/// Who does the batches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum By {
    Worker,
    Up,
}

fn fill() -> Version {
    Version::new(2).unwrap()
}

fn source(table: &str) -> Source {
    let text = match table {
        TABLE => "-- upshift: backfill table=t\nupdate t set times = times + 1;",
        _ => {
            "-- upshift: backfill table=t\nupdate t set times = times + 1 where times = 0;\n\
             -- upshift: verify\nselect bool_and(times = 1) from t;"
        }
    };
    files(&[("1_first.sql", "alter table first add a int;"), ("2_fill.sql", text)])
}

fn small(migrator: Migrator) -> Migrator {
    migrator.backfill_policy(BackfillPolicy { first_rows: 4, most_rows: 4, ..BackfillPolicy::default() })
}

async fn begin(db: &Database, table: &str) {
    db.run(table).await;
    db.migrator(source(table)).up(Target::Version(Version::new(1).unwrap())).await.unwrap();
}

async fn times(db: &Database) -> String {
    db.rows("select times, count(*) from t group by times order by times").await
}

/// Whoever comes next, past every fault, finds no row done twice, and finishes.
async fn finish(db: &Database, table: &str, what: &str) {
    assert_eq!(db.rows("select count(*) from t where times > 1").await, "0", "{what}");
    let next = small(db.migrator(source(table)));
    let report =
        next.up(Target::Only(vec![fill()])).await.unwrap_or_else(|error| panic!("{what}: {error:?}"));
    // The one that was cut may have applied it already.
    assert!(["", "up 2_fill"].contains(&steps(&report).as_str()), "{what}");
    assert_eq!(times(db).await, "1 | 45", "{what}");
    assert_eq!(db.rows("select count(*) from upshift.backfill_range").await, "0", "{what}");
    assert_eq!(db.history().await, "1 | first | applied\n2 | fill | applied", "{what}");
}

/// Cuts messages of a worker, and of an `up`, on their way to the server or from it, before them or behind them: one in
/// so many, which ones is up to the seed; in the long version (`UPSHIFT_LONG`) all of them.
async fn cut_every_message(port: u16, table: &'static str, every: usize) {
    let (mut faults, seed) = (Vec::new(), Chance::new().seed() as usize);
    let every = if is_long() { 1 } else { every };
    for by in [By::Worker, By::Up] {
        let db = Database::new().await;
        let proxy = Proxy::start(port, ProxySettings::default()).await;
        begin(&db, table).await;
        attempt(&db, &proxy, table, by).await.unwrap();
        let Traffic { client_messages, server_messages, .. } = proxy.take_traffic();
        for (sender, last) in [(Sender::Client, client_messages), (Sender::Server, server_messages)] {
            for nth in (1 + seed % every..=last).step_by(every) {
                let way = if (nth / every + seed) % 2 == 0 { Way::CutBefore } else { Way::CutAfter };
                faults.push((by, Fault { sender, nth, way }));
            }
        }
    }
    let count = faults.len();
    assert!(count * every > 500, "only {count}");
    let faults = Mutex::new(faults);
    let site = async || {
        let db = Database::new().await;
        let proxy = Proxy::start(port, ProxySettings::default()).await;
        loop {
            let Some((by, fault)) = faults.lock().unwrap().pop() else { return };
            begin(&db, table).await;
            proxy.plan(fault);
            let cut = attempt(&db, &proxy, table, by).await;
            proxy.mend();
            if let Err(error) = cut {
                assert!(error.is_connection_lost(), "{fault:?}: {error:?}");
            }
            finish(&db, table, &format!("{fault:?}")).await;
        }
    };
    join_all((0..4).map(|_| site())).await;
    println!("{count} cuts (seed {seed})");
}

async fn attempt(db: &Database, proxy: &Proxy, table: &str, by: By) -> Result<(), upshift::Error> {
    let pool = database::pool(&proxy.url(db.name()), 3);
    let migrator = small(Migrator::new(pool, source(table)));
    if by == By::Up {
        return migrator.up(Target::Only(vec![fill()])).await.map(|_| ());
    }
    assert_eq!(migrator.backfills().work(fill(), LONG).await?, Worked::Finished);
    Ok(())
}

#[tokio::test]
async fn a_connection_cut_at_any_message_loses_no_row_and_does_none_twice() {
    cut_every_message(database::SERVER.port(), TABLE, 12).await;
}

#[tokio::test]
async fn neither_where_the_table_has_no_key() {
    cut_every_message(database::SERVER.port(), PAGED, 20).await;
}

#[tokio::test]
async fn neither_behind_a_pooler() {
    let Some(pooler) = PgBouncer::start() else { return };
    cut_every_message(pooler.port(), TABLE, 30).await;
}

#[tokio::test]
async fn a_worker_dropped_at_any_await_point_loses_no_row_and_does_none_twice() {
    let pool_of = |db: &Database| database::pool(&db.url(), 3);
    at_await_points(if is_long() { 1 } else { 4 }, pool_of, async |db, pool, nth| {
        begin(db, TABLE).await;
        let migrator = small(Migrator::new(pool.clone(), source(TABLE)));
        let outcome = drop_at(nth, migrator.backfills().work(fill(), LONG)).await;
        is_whole(db, pool).await;
        finish(db, TABLE, &format!("dropped at {nth}")).await;
        outcome.is_none()
    })
    .await;
}

#[tokio::test]
async fn an_up_dropped_at_any_await_point_neither() {
    let pool_of = |db: &Database| database::pool(&db.url(), 3);
    at_await_points(if is_long() { 1 } else { 4 }, pool_of, async |db, pool, nth| {
        begin(db, TABLE).await;
        let migrator = small(Migrator::new(pool.clone(), source(TABLE)));
        let outcome = drop_at(nth, migrator.up(Target::Only(vec![fill()]))).await;
        is_whole(db, pool).await;
        finish(db, TABLE, &format!("dropped at {nth}")).await;
        outcome.is_none()
    })
    .await;
}

/// Workers that are ended one after the other while others go on.
#[tokio::test]
async fn workers_that_are_killed_while_others_go_on_lose_no_row() {
    let db = Database::new().await;
    begin(&db, TABLE).await;
    db.run("delete from t; insert into t select n % 3, n from generate_series(1, 4000) n").await;
    let worker = || {
        let migrator = small(db.migrator(source(TABLE)));
        tokio::spawn(async move { migrator.backfills().work(fill(), LONG).await })
    };
    let killer = db.client().await;
    let (mut workers, mut killed) = (vec![worker(), worker(), worker()], 0);
    // Each time one of those that are at work in the middle of a transaction.
    const KILL: &str = "select count(*) from (select pg_terminate_backend(pid) from pg_stat_activity
        where datname = current_database() and pid <> pg_backend_pid() and xact_start is not null limit 1) killed";
    while killed < 20 {
        if database::rows(&killer, KILL).await == "1" {
            killed += 1;
            workers.push(worker());
        }
    }
    let mut lost = 0;
    for worker in workers {
        match worker.await.unwrap() {
            Ok(worked) => assert_eq!(worked, Worked::Finished),
            Err(error) => {
                assert!(error.is_connection_lost(), "{error:?}");
                lost += 1;
            }
        }
    }
    assert!(lost >= 1, "nobody was killed");
    assert_eq!(times(&db).await, "1 | 4000");
}
