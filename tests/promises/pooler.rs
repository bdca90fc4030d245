//! Behind a pooler: a session belongs to nobody, or to whoever comes next, so nothing may be left in one.

use std::time::Duration;

use deadpool_postgres::Pool;
use futures_util::future::{Either, join, select};
use tokio_postgres::SimpleQueryMessage;
use upshift::{DownTarget, LockPolicy, Migrator};
use upshift_promises::pgbouncer::{Mode, PgBouncer};
use upshift_promises::proxy::{Fault, Pretended, Proxy, ProxySettings, Sender, Tls, Way};
use upshift_promises::{Database, database, files};

use crate::cancel::{COUNTED, COUNTER, at_await_points, drop_at, is_whole, mixed};

/// Migrations of every kind, some of which set what must not leak.
const SET: &[(&str, &str)] = &[
    ("1_users.sql", "create table users (id int);\n-- upshift: down\ndrop table users;"),
    (
        "2_settings.sql",
        "create schema other; set search_path = other; set lock_timeout = '1h'; set role none;\n\
         create table inside ();\n\
         -- upshift: down\nset search_path = other;\ndrop table inside; drop schema other;",
    ),
    (
        "3_index.sql",
        "insert into users select generate_series(1, 1000);\n\
         create index concurrently users_id on users (id);\n\
         -- upshift: down\ndrop index concurrently users_id;",
    ),
    ("4_copy.sql", "copy users from stdin;\n1001\n1002\n\\.\n-- upshift: down\nselect 1"),
    (
        "5_off.sql",
        "-- upshift: transaction off\ncreate table off1 ();\ncreate table off2 ();\n\
         -- upshift: down\ndrop table off1; drop table off2;",
    ),
    (
        "6_checked.sql",
        "alter table users add name text;\n-- upshift: verify\nselect count(*) = 1002 from users;\n-- upshift: down\nselect 1",
    ),
    ("R__answer.sql", "create or replace function answer() returns int language sql as 'select 42'"),
];

fn pooled(pooler: &PgBouncer, db: &Database, size: usize) -> Pool {
    database::pool(&pooler.url(db.name()), size)
}

/// What a service that gets one of the pooler's server connections finds there.
const SESSION: &str =
    "select concat_ws(' | ', current_setting('search_path'), current_setting('lock_timeout'),
    current_setting('statement_timeout'), current_setting('idle_in_transaction_session_timeout'),
    current_user, (select count(*) from pg_prepared_statements))";

/// The sessions behind the pooler that nobody has, each asked: as many transactions at once as there are server connections.
async fn sessions(pooler: &PgBouncer, db: &Database) -> Vec<String> {
    sessions_but(0, pooler, db).await
}

/// The same, where so many belong to somebody.
async fn sessions_but(held: usize, pooler: &PgBouncer, db: &Database) -> Vec<String> {
    let servers = "select count(*) from pg_stat_activity
        where datname = current_database() and backend_type = 'client backend' and pid <> pg_backend_pid()";
    let count: usize = db.rows(servers).await.parse().unwrap();
    let (mut clients, mut found) = (Vec::new(), Vec::new());
    // The pooler closes the session of a client that left in the middle of a transaction, so after a failure there may
    // be one left, or none: then the pooler opens one.
    for _ in 0..count.saturating_sub(held).max(1) {
        let client = database::connect(&pooler.url(db.name())).await;
        client.batch_execute("begin").await.unwrap();
        let row = client.query_typed(SESSION, &[]).await.unwrap();
        found.push(row[0].get(0));
        clients.push(client);
    }
    for client in clients {
        client.batch_execute("commit").await.unwrap();
    }
    found
}

const ADVISORY: &str = "select count(*) from pg_locks l join pg_database d on d.oid = l.database
    where d.datname = current_database() and l.locktype = 'advisory'";

/// What a session of the pooler's looks like to a client that asks for nothing.
const AS_NEW: &str = "\"$user\", public | 0 | 0 | 0 | postgres | 0";

#[tokio::test]
async fn everything_is_applied_and_reverted_and_nothing_leaks_to_other_clients() {
    for (mode, pooler) in PgBouncer::each(20) {
        let db = Database::new().await;
        let migrator = Migrator::new(pooled(&pooler, &db, 2), files(SET));
        assert_eq!(migrator.run().await.unwrap().steps.len(), 7);
        assert_eq!(db.rows(ADVISORY).await, "0", "{mode:?}");
        for session in sessions(&pooler, &db).await {
            assert_eq!(session, AS_NEW, "{mode:?}");
        }
        assert_eq!(db.tables().await, "off1 off2 users");
        assert_eq!(db.rows("select count(*) from pg_tables where schemaname = 'other'").await, "1");
        assert_eq!(db.rows("select indisvalid from pg_index where indrelid = 'users'::regclass").await, "t");
        assert!(migrator.run().await.unwrap().is_empty(), "a migrated database");
        assert_eq!(migrator.down(DownTarget::All).await.unwrap().steps.len(), 6);
        let left = "select count(*) from pg_tables where schemaname in ('public', 'other')";
        assert_eq!(db.rows(left).await, "0");
        for session in sessions(&pooler, &db).await {
            assert_eq!(session, AS_NEW, "{mode:?}");
        }
    }
}

/// Each takes one of the pooler's connections, and the one that works a second: there are no more.
#[tokio::test]
async fn a_crowd_of_boots_applies_everything_once_and_all_return() {
    const BOOTS: usize = 16;
    for (mode, pooler) in PgBouncer::each(BOOTS + 1) {
        let db = Database::new().await;
        let boots = (0..BOOTS).map(|_| {
            let migrator = Migrator::new(pooled(&pooler, &db, 2), files(SET));
            tokio::spawn(async move { migrator.run().await })
        });
        let mut applied = 0;
        for boot in boots.collect::<Vec<_>>() {
            applied += boot.await.unwrap().unwrap_or_else(|error| panic!("{mode:?}: {error:?}")).steps.len();
        }
        assert_eq!(applied, 7, "{mode:?}");
        assert_eq!(db.rows("select count(*) from users").await, "1002");
        assert_eq!(db.rows(ADVISORY).await, "0");
    }
}

#[tokio::test]
async fn a_run_dropped_at_any_await_point_leaves_no_lock_in_a_session_that_goes_to_somebody_else() {
    for (mode, pooler) in PgBouncer::each(20) {
        let pool_of = |db: &Database| pooled(&pooler, db, 3);
        at_await_points(3, pool_of, async |db, pool, nth| {
            let migrator = Migrator::new(pool.clone(), mixed());
            let outcome = drop_at(nth, migrator.run()).await;
            is_whole(db, pool).await;
            assert_eq!(db.rows(ADVISORY).await, "0", "{mode:?}, dropped at {nth}");
            let held = if mode == Mode::Session { pool.status().size } else { 0 };
            for session in sessions_but(held, &pooler, db).await {
                assert_eq!(session, AS_NEW, "{mode:?}, dropped at {nth}");
            }
            migrator.run().await.unwrap_or_else(|error| panic!("{mode:?}, dropped at {nth}: {error:?}"));
            assert_eq!(db.rows(COUNTER).await, COUNTED, "{mode:?}, dropped at {nth}");
            outcome.is_none()
        })
        .await;
    }
}

/// PgBouncer before 1.21 counts a session as free when its client leaves between two answers, and whoever comes next gets
/// the second one. So nothing is asked behind a question that ends a transaction.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_dropped_before_any_answer_leaves_no_answer_to_somebody_else() {
    join(dropped_before_any_answer(Mode::Transaction), dropped_before_any_answer(Mode::Session)).await;
}

async fn dropped_before_any_answer(mode: Mode) {
    let db = Database::new().await;
    let mut dropped = 0;
    for nth in 1.. {
        // The pooler gets an error before the end of that answer, as it may from a server that has much to do.
        let behind_errors = Duration::from_millis(5);
        let settings = ProxySettings { delay_behind_errors: behind_errors, ..ProxySettings::default() };
        let proxy = Proxy::start(database::SERVER.port(), settings).await;
        // A new one each time: the old one's sessions may still be on their way back to it.
        let Some(pooler) = PgBouncer::before(proxy.port(), mode, 9) else { return };
        db.run("drop schema if exists upshift cascade; drop schema public cascade; create schema public")
            .await;
        proxy.plan(Fault { sender: Sender::Server, nth, way: Way::Hold });
        let migrator = Migrator::new(pooled(&pooler, &db, 2), files(FEW));
        let run = Box::pin(migrator.run());
        // Where an answer does not come the run is dropped.
        if let Either::Left((outcome, _)) = select(run, Box::pin(proxy.until_held())).await {
            assert_eq!(outcome.unwrap().steps.len(), FEW.len());
            break;
        }
        dropped += 1;
        everybody_gets_their_own_answer(&pooler, &db, &format!("{mode:?}, before answer {nth}")).await;
    }
    println!("{mode:?}: dropped before {dropped} answers");
    assert!(dropped > 40, "only {dropped}");
}

const FEW: &[(&str, &str)] = &[
    ("1_one.sql", "create table one ()"),
    ("2_two.sql", "create table two ()"),
    ("3_three.sql", "-- upshift: transaction off\ncreate table three ()"),
];

async fn everybody_gets_their_own_answer(pooler: &PgBouncer, db: &Database, when: &str) {
    // PgBouncer itself waits 15 seconds where a server did not let it in.
    let patience = Duration::from_secs(40);
    for number in 0..3 {
        let client = database::connect(&pooler.url(db.name())).await;
        let answer = tokio::time::timeout(patience, client.simple_query(&format!("select {number}"))).await;
        let Ok(rows) = answer else { panic!("no answer {when}: {}", pooler.log()) };
        let rows = rows.unwrap_or_else(|error| panic!("{error:?} {when}"));
        let mut values = rows.iter().filter_map(|message| match message {
            SimpleQueryMessage::Row(row) => row.get(0),
            _ => None,
        });
        assert_eq!(values.next(), Some(number.to_string().as_str()), "{when}");
    }
}

/// One connection keeps the lock and another one works, so a pooler with one for the database is too small.
#[tokio::test]
async fn a_pooler_with_one_server_connection_is_named() {
    for mode in [Mode::Transaction, Mode::Session] {
        let Some(pooler) = PgBouncer::of(mode, 1) else { return };
        let db = Database::new().await;
        let error = Migrator::new(pooled(&pooler, &db, 2), files(SET)).run().await.unwrap_err();
        assert_eq!(
            error.help().unwrap(),
            "the pooler had no server connection free in time: a migrator needs two at once, so raise its \
             `default_pool_size`, or connect past it",
            "{mode:?}: {error:?}"
        );
        db.settle().await;
        assert_eq!(db.rows(ADVISORY).await, "0");
    }
}

#[tokio::test]
async fn a_failure_leaves_the_poolers_sessions_as_they_were() {
    let Some(pooler) = PgBouncer::start() else { return };
    let db = Database::new().await;
    let good = Migrator::new(pooled(&pooler, &db, 2), files(&SET[..3]));
    good.run().await.unwrap();
    let ways = [
        "set search_path = other; create table half_done (); nonsense",
        "-- upshift: transaction off\nset search_path = other;\nset lock_timeout = '1h';\nnonsense;",
        "set search_path = other; create index concurrently on nothing (id)",
        "copy nothing from stdin;\n1\n\\.\n",
        "copy users from stdin;\n1\nnonsense\n\\.\n",
    ];
    for broken in ways {
        let set =
            files(SET[..3].iter().chain(&[("4_broken.sql", broken)]).copied().collect::<Vec<_>>().as_slice());
        let error = Migrator::new(pooled(&pooler, &db, 2), set).run().await.unwrap_err();
        assert!(error.failure().is_some(), "{broken}: {error:?}");
        db.settle().await;
        for session in sessions(&pooler, &db).await {
            assert_eq!(session, AS_NEW, "after {broken}");
        }
        db.run("delete from upshift.history where version = 4").await;
    }
    assert!(good.run().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_pool_of_one_connection_is_refused_in_words() {
    let Some(pooler) = PgBouncer::start() else { return };
    let db = Database::new().await;
    let error = Migrator::new(pooled(&pooler, &db, 1), files(SET)).run().await.unwrap_err();
    assert_eq!(
        error.render(),
        "behind a transaction pooler the migrator needs two connections, and the pool allows one\n  \
         help: raise the pool's `max_size` to 2 or more, or connect past the pooler"
    );
    assert_eq!(db.rows(ADVISORY).await, "0");
    let direct = Migrator::new(database::pool(&db.url(), 1), files(SET)).run().await.unwrap();
    assert_eq!(direct.steps.len(), 7, "a direct connection is not taken for a pooler");
}

#[tokio::test]
async fn a_migrator_behind_the_pooler_and_one_past_it_wait_for_each_other() {
    let Some(pooler) = PgBouncer::start() else { return };
    let db = Database::new().await;
    let key_holder = db.client().await;
    db.migrator(files(&SET[..1])).run().await.unwrap();
    let impatient = LockPolicy { wait: Duration::from_millis(200) };
    let slow = files(&[SET[0], ("2_slow.sql", "select pg_sleep(60)")]);
    for (first, second) in [(pooled(&pooler, &db, 2), db.pool()), (db.pool(), pooled(&pooler, &db, 2))] {
        let first = Migrator::new(first, slow.clone());
        let first = tokio::spawn(async move { first.run().await });
        while db.rows("select count(*) from pg_stat_activity where wait_event = 'PgSleep' and datname = current_database()").await
            == "0"
        {
            tokio::task::yield_now().await;
        }
        let error = Migrator::new(second, files(&SET[..2])).lock(impatient).run().await.unwrap_err();
        assert!(error.is_locked(), "{error:?}");
        let kill = "select pg_terminate_backend(pid) from pg_stat_activity where wait_event = 'PgSleep' and datname = current_database()";
        key_holder.batch_execute(kill).await.unwrap();
        assert!(first.await.unwrap().is_err());
        db.settle().await;
    }
}

/// The driver tells the process id of its session in the cancel request alone, and sends that through TLS where the
/// configuration insists on it.
#[tokio::test]
async fn a_pooler_is_told_from_a_server_when_the_configuration_insists_on_tls() {
    let Some(pooler) = PgBouncer::start() else { return };
    let db = Database::new().await;
    for (port, expected) in
        [(database::SERVER.port(), None), (pooler.port(), Some("behind a transaction pooler"))]
    {
        let settings = ProxySettings { tls: Tls::Pretended, ..ProxySettings::default() };
        let proxy = Proxy::start(port, settings).await;
        for mode in ["require", "prefer", "disable"] {
            db.run("drop schema if exists upshift cascade; drop table if exists users").await;
            let url = format!("{}?sslmode={mode}", proxy.url(db.name()));
            let outcome =
                Migrator::new(database::pool_with(&url, 1, Pretended), files(&SET[..1])).run().await;
            match (outcome, expected) {
                (Ok(report), None) => assert_eq!(report.steps.len(), 1, "{mode}"),
                (Err(error), Some(words)) => {
                    assert!(error.to_string().starts_with(words), "{mode}: {error:?}")
                }
                (outcome, _) => panic!("{mode}: {outcome:?}"),
            }
        }
    }
}
