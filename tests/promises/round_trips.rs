//! How often a boot waits for the network, counted at the socket.

use std::time::{Duration, Instant};

use deadpool_postgres::Pool;
use upshift::Migrator;
use upshift_promises::proxy::{Pace, Proxy, ProxySettings, Traffic};
use upshift_promises::{Database, database, many};

/// A proxy that counts, and a pool behind it whose first connection is open already.
async fn counted(db: &Database) -> (Proxy, Pool) {
    let settings = ProxySettings { pace: Pace::Lockstep, ..ProxySettings::default() };
    let proxy = Proxy::start(database::SERVER.port(), settings).await;
    let pool = database::pool(&proxy.url(db.name()), 2);
    drop(pool.get().await.unwrap());
    assert_eq!(proxy.take_traffic(), Traffic { connections: 1, ..Traffic::default() });
    (proxy, pool)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_proxy_counts_waits_and_not_messages() {
    let db = Database::new().await;
    let (proxy, pool) = counted(&db).await;
    let client = pool.get().await.unwrap();
    let queries = (0..50).map(|_| client.batch_execute("select 1"));
    futures_util::future::try_join_all(queries).await.unwrap();
    let pipelined = proxy.take_traffic();
    assert_eq!((pipelined.round_trips, pipelined.client_messages), (1, 50));
    for _ in 0..5 {
        client.batch_execute("select 1").await.unwrap();
    }
    assert_eq!(proxy.take_traffic().round_trips, 5);
    client.batch_execute("select pg_sleep(0.2)").await.unwrap();
    assert_eq!(proxy.take_traffic().round_trips, 1, "a slow answer is one wait");
    client.batch_execute("create temp table words (word text)").await.unwrap();
    proxy.take_traffic();
    let copy = client.copy_in::<_, bytes::Bytes>("copy words from stdin").await.unwrap();
    let mut copy = std::pin::pin!(copy);
    futures_util::SinkExt::send(&mut copy, bytes::Bytes::from_static(b"a\nb\n")).await.unwrap();
    assert_eq!(copy.finish().await.unwrap(), 2);
    assert_eq!(proxy.take_traffic().round_trips, 3, "prepare, begin of the data, end of the data");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_proxy_delays_each_direction_and_not_each_message() {
    let db = Database::new().await;
    let (there, back) = (Duration::from_millis(60), Duration::from_millis(40));
    let settings =
        ProxySettings { delay_to_server: there, delay_to_client: back, ..ProxySettings::default() };
    let proxy = Proxy::start(database::SERVER.port(), settings).await;
    let client = database::connect(&proxy.url(db.name())).await;
    let began = Instant::now();
    let queries = (0..200).map(|_| client.batch_execute("select 1"));
    futures_util::future::try_join_all(queries).await.unwrap();
    let took = began.elapsed();
    assert!(took >= there + back && took < 100 * (there + back), "{took:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_boot_with_nothing_to_do_waits_once() {
    let db = Database::new().await;
    db.migrator(many(1000)).run().await.unwrap();
    let (proxy, pool) = counted(&db).await;
    let report = Migrator::new(pool, many(1000)).run().await.unwrap();
    assert!(report.is_empty());
    let traffic = proxy.take_traffic();
    assert_eq!((traffic.connections, traffic.round_trips), (0, 1), "{traffic:?}");
}

/// A role that may read the history and do nothing else: neither write nor lock.
#[tokio::test]
async fn a_boot_with_nothing_to_do_takes_no_lock_and_writes_nothing() {
    let db = Database::new().await;
    db.migrator(many(10)).run().await.unwrap();
    let role = format!("reader_of_{}", db.name());
    db.run(&format!(
        "create role {role} login;
        alter role {role} set default_transaction_read_only = on;
        grant usage on schema upshift to {role};
        grant select on upshift.format, upshift.history to {role};
        do $$ declare it regprocedure; begin
            for it in select oid from pg_proc where proname like 'pg%advisory%' loop
                execute format('revoke execute on function %s from public', it);
            end loop;
        end $$"
    ))
    .await;
    let pool = database::pool(&db.url().replace("postgres@", &format!("{role}@")), 1);
    assert!(Migrator::new(pool.clone(), many(10)).run().await.unwrap().is_empty());
    let refused = Migrator::new(pool, many(11)).run().await.unwrap_err();
    assert_eq!(
        refused.sqlstate(),
        Some("42501"),
        "the role may not lock, so a boot that does would have failed"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_pending_migrations_wait_as_often_as_there_are_windows() {
    let mut least = usize::MAX;
    // A client that a busy machine does not let run looks silent to the proxy: that only ever adds round trips.
    for _ in 0..3 {
        let db = Database::new().await;
        let (proxy, pool) = counted(&db).await;
        let report = Migrator::new(pool, many(1000)).run().await.unwrap();
        let traffic = proxy.take_traffic();
        println!("1,000 migrations into an empty database: {traffic:?}");
        assert_eq!(report.steps.len(), 1000);
        least = least.min(traffic.round_trips);
        if least <= 20 {
            break;
        }
    }
    assert!(least <= 20, "{least}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_few_pending_migrations_wait_five_times() {
    let db = Database::new().await;
    db.migrator(many(3)).run().await.unwrap();
    let (proxy, pool) = counted(&db).await;
    let report = Migrator::new(pool, many(6)).run().await.unwrap();
    assert_eq!(report.steps.len(), 3);
    // Read the history; ask for the lock; take the lease; migrate; give the lock back.
    assert_eq!(proxy.take_traffic().round_trips, 5);
}
