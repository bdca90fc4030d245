//! One migrator at a time: the others wait, not for ever, and whoever loses the lock writes nothing.

use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use deadpool_postgres::Pool;
use expect_test::expect;
use tokio::runtime::Handle;
use tokio::sync::Notify;
use upshift::__private::{CodeDown, CodeFuture, CodeHeader, CodeMigration, Transaction};
use upshift::{BoxError, Event, Hooks, LockPolicy, Migrator, Plan, Report, StepContext, Version};
use upshift_promises::{Database, database, files, many};

const ADVISORY: &str = "select count(*) from pg_locks l join pg_database d on d.oid = l.database
    where d.datname = current_database() and l.locktype = 'advisory'";

/// A migrator whose sessions are called so.
fn named(db: &Database, application: &str, source: upshift::Source) -> Migrator {
    let pool = database::pool(&format!("{}?application_name={application}", db.url()), 4);
    Migrator::new(pool, source)
}

fn waits(wait: Duration) -> LockPolicy {
    LockPolicy { wait }
}

/// Waits until a query says true.
async fn until(db: &Database, sql: &str) {
    let began = Instant::now();
    while db.rows(sql).await != "t" {
        assert!(began.elapsed() < Duration::from_secs(30), "never true: {sql}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// A migration that takes a minute as long as the table `calm` is empty.
const SLOW: &str = "select pg_sleep(case when exists (select from calm) then 0 else 60 end)";
const SLOW_RUNS: &str = "select exists (select from pg_stat_activity where wait_event = 'PgSleep'
    and datname = current_database())";

#[tokio::test]
async fn thirty_two_boots_at_once_build_one_valid_index_concurrently_and_none_fails() {
    let db = Database::new().await;
    let set = || {
        files(&[
            (
                "1_rows.sql",
                "create table rows as select id, md5(id::text) word from generate_series(1, 20000) id",
            ),
            ("2_index.sql", "create index concurrently rows_word on rows (word)"),
            ("3_more.sql", "alter table rows add more int"),
            ("4_unique.sql", "create unique index concurrently if not exists rows_id on rows (id)"),
        ])
    };
    let boots = (0..32).map(|_| {
        let migrator = Migrator::new(database::pool(&db.url(), 2), set());
        tokio::spawn(async move { migrator.run().await })
    });
    let mut applied = 0;
    for boot in boots.collect::<Vec<_>>() {
        applied += boot.await.unwrap().unwrap().steps.len();
    }
    assert_eq!(applied, 4);
    let indexes = "select c.relname, i.indisvalid from pg_index i join pg_class c on c.oid = i.indexrelid
        where i.indrelid = 'rows'::regclass order by 1";
    expect!["rows_id | t\nrows_word | t"].assert_eq(&db.rows(indexes).await);
    assert_eq!(db.rows("select count(*) from upshift.audit where outcome <> 'done'").await, "0");
}

#[tokio::test]
async fn a_wait_ends_in_time_and_the_error_says_who_is_at_work() {
    let db = Database::new().await;
    db.run("create table calm ()").await;
    let first = named(&db, "the-first", files(&[("1_slow.sql", SLOW)]));
    let first = tokio::spawn(async move { first.run().await });
    until(&db, SLOW_RUNS).await;
    let began = Instant::now();
    let second = named(&db, "the-second", many(1)).lock(waits(Duration::from_millis(300)));
    let error = second.run().await.unwrap_err();
    assert!(error.is_locked());
    assert!(began.elapsed() >= Duration::from_millis(300) && began.elapsed() < Duration::from_secs(5));
    let pid = db.rows(
        "select pid from pg_stat_activity where wait_event = 'PgSleep' and datname = current_database()",
    );
    let pid = pid.await;
    let said = error.render();
    for expected in
        [&*format!("pid {pid}, `the-first`, role postgres"), &format!("select pg_terminate_backend({pid})")]
    {
        assert!(said.contains(expected), "{expected} is not in: {said}");
    }
    db.run(&format!("select pg_terminate_backend({pid})")).await;
    assert!(first.await.unwrap().unwrap_err().is_connection_lost());
}

/// Holds the run, its lock and all, after its last migration until it is told to end.
struct Linger(Arc<Notify>);

#[upshift::async_trait]
impl Hooks for Linger {
    async fn after_run(&self, _: &Report, _: &mut StepContext<'_>) -> Result<(), BoxError> {
        self.0.notified().await;
        Ok(())
    }
}

#[tokio::test]
async fn waiters_return_without_the_lock_when_somebody_else_has_done_the_work() {
    let db = Database::new().await;
    let go = Arc::new(Notify::new());
    let first = db.migrator(many(3)).hooks_with(Linger(go.clone()));
    let first = tokio::spawn(async move { first.run().await });
    until(&db, "select to_regclass('upshift.lease') is not null").await;
    let waiters = (0..4).map(|_| db.migrator(many(3)));
    for waiter in waiters {
        assert!(waiter.run().await.unwrap().is_empty());
    }
    assert_eq!(db.rows(ADVISORY).await, "1", "the first one still holds the lock");
    go.notify_one();
    assert_eq!(first.await.unwrap().unwrap().steps.len(), 3);
}

#[tokio::test]
async fn the_lock_is_free_as_soon_as_a_run_returns_be_it_with_an_error() {
    let db = Database::new().await;
    db.migrator(many(2)).run().await.unwrap();
    assert_eq!(db.rows(ADVISORY).await, "0", "after success");
    for broken in ["create table t0001 ()", "create index concurrently on nothing (id)", "vacuum nothing"] {
        let error = db.migrator(files(&[("9_broken.sql", broken)]));
        let error = error.policy(accepts_missing()).run().await.unwrap_err();
        assert!(error.failure().is_some(), "{error:?}");
        assert_eq!(db.rows(ADVISORY).await, "0", "after {broken}");
        db.run("delete from upshift.history where version = 9").await;
    }
    let error = db.migrator(many(1)).policy(accepts_missing()).run().await;
    assert!(error.unwrap().is_empty());
    let code = |_: &Plan| Err::<(), _>("no");
    let refused = db.migrator(many(5)).hooks_with(Refuse(code)).run().await.unwrap_err();
    assert_eq!(refused.to_string(), "the hook before_run failed");
    assert_eq!(db.rows(ADVISORY).await, "0", "after a hook's error");
}

fn accepts_missing() -> upshift::Policy {
    upshift::Policy { missing: upshift::Missing::Accept, ..upshift::Policy::default() }
}

struct Refuse(fn(&Plan) -> Result<(), &'static str>);

#[upshift::async_trait]
impl Hooks for Refuse {
    async fn before_run(&self, plan: &Plan, _: &mut StepContext<'_>) -> Result<(), BoxError> {
        Ok((self.0)(plan)?)
    }
}

#[tokio::test]
async fn a_killed_session_frees_the_lock_and_the_next_run_goes_on() {
    let db = Database::new().await;
    db.run("create table calm (at timestamptz)").await;
    let set = || {
        files(&[
            ("1_a.sql", "create table a ()"),
            ("2_slow.sql", &format!("create table b ();\n{SLOW};")),
            ("3_c.sql", "create table c ()"),
        ])
    };
    let pool = db.pool();
    let first = Migrator::new(pool.clone(), set());
    let first = tokio::spawn(async move { first.run().await });
    until(&db, SLOW_RUNS).await;
    db.run("select pg_terminate_backend(pid) from pg_stat_activity where wait_event = 'PgSleep' and datname = current_database()")
        .await;
    let error = first.await.unwrap().unwrap_err();
    assert!(error.is_connection_lost());
    assert_eq!(error.report().unwrap().steps.len(), 1);
    expect![[r#"
        migration 2_slow failed at statement 2 of 2
          --> 2_slow.sql:2:1
           |
         2 | select pg_sleep(case when exists (select from calm) then 0 else 60 end);
           | ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
          caused by: terminating connection due to administrator command (57P01)
          help: nothing of it was done; run again"#]]
    .assert_eq(&error.render());
    db.settle().await;
    assert_eq!(db.tables().await, "a calm");
    db.run("insert into calm values (now())").await;
    let report = Migrator::new(pool, set()).run().await.unwrap();
    assert_eq!(report.steps.len(), 2);
    assert_eq!(db.tables().await, "a b c calm");
}

#[tokio::test]
async fn two_histories_in_one_database_do_not_wait_for_each_other() {
    let db = Database::new().await;
    db.run("create table calm (at timestamptz)").await;
    let slow = db.migrator(files(&[("1_slow.sql", SLOW)])).schema("billing").unwrap();
    let slow = tokio::spawn(async move { slow.run().await });
    until(&db, SLOW_RUNS).await;
    let report =
        db.migrator(many(2)).schema("orders").unwrap().lock(waits(Duration::ZERO)).run().await.unwrap();
    assert_eq!(report.steps.len(), 2);
    assert!(!slow.is_finished());
    slow.abort();
}

/// Does what a second migrator does that believes the first one dead.
async fn take_the_lease(pool: &Pool) {
    let client = pool.get().await.unwrap();
    client.batch_execute("update upshift.lease set token = token + 1, owner = 'another'").await.unwrap();
}

fn code(version: u64, transaction: Transaction, up: upshift::__private::CodeFn) -> CodeMigration {
    let header = CodeHeader {
        path: "src/lock.rs",
        version: Version::new(version).unwrap(),
        name: "code",
        text: "async fn robbed(…)",
        transaction,
        down: CodeDown::Absent,
    };
    CodeMigration::function(header, up, None)
}

const LOST: &str = "\
the lock was lost in the middle of the run
  caused by: the lease was taken by another migrator
  help: nothing was done twice: run again, it goes on where it stopped";

#[tokio::test]
async fn a_migrator_that_lost_its_lease_cannot_write_history_and_its_migration_is_rolled_back() {
    static ANOTHER: OnceLock<Pool> = OnceLock::new();
    fn robbed<'a>(step: &'a mut StepContext<'_>) -> CodeFuture<'a> {
        Box::pin(async move {
            step.batch_execute("create table half_done ()").await?;
            take_the_lease(ANOTHER.get().unwrap()).await;
            Ok(())
        })
    }
    let db = Database::new().await;
    ANOTHER.set(db.pool()).unwrap();
    for transaction in [Transaction::On, Transaction::Off] {
        let set = files(&[("1_a.sql", "create table if not exists a ()"), ("3_c.sql", "create table c ()")]);
        let error = db.migrator(set.with([code(2, transaction, robbed)])).run().await.unwrap_err();
        assert_eq!(error.render(), LOST);
        let mine = "select string_agg(version::text, ' ' order by version) from upshift.history where state = 'applied'";
        assert_eq!(db.rows(mine).await, "1");
        assert_eq!(db.rows("select to_regclass('c') is null").await, "t");
        let rolled_back = transaction == Transaction::On;
        assert_eq!(db.rows("select to_regclass('half_done') is null").await == "t", rolled_back);
        assert_eq!(db.rows("select count(*) from upshift.audit where outcome = 'failed'").await, "0");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_migrator_that_lost_its_lease_stops_at_the_next_statement() {
    let db = Database::new().await;
    let another = db.pool();
    let robber = move |event: &Event<'_>| {
        if matches!(event, Event::StatementFinished { done: 1, .. }) {
            // An observer is no async function.
            tokio::task::block_in_place(|| Handle::current().block_on(take_the_lease(&another)));
        }
    };
    let set = files(&[("1_t.sql", "-- upshift: transaction off\ncreate table a ();\ncreate table b ();\n")]);
    let error = db.migrator(set).observer(robber).run().await.unwrap_err();
    assert_eq!(error.render(), LOST);
    assert_eq!(
        db.tables().await,
        "a",
        "the second table is rolled back with the place that could not be kept"
    );
    assert_eq!(db.rows("select statements_done, state from upshift.history").await, "1 | failed");
    // Somebody who takes the header away does not make the first statement run again.
    let set = files(&[("1_t.sql", "create table a ();\ncreate table b ();\n")]);
    assert_eq!(db.migrator(set).run().await.unwrap().steps.len(), 1);
    assert_eq!(db.tables().await, "a b");
}

#[tokio::test]
async fn what_a_dead_migrators_transaction_still_holds_is_waited_for_no_longer_than_the_lock() {
    let db = Database::new().await;
    db.migrator(many(1)).run().await.unwrap();
    // Behind a pooler the lock may be free before the session is that worked under it.
    let dead = database::connect(&format!("{}?application_name=the-dead", db.url())).await;
    dead.batch_execute("begin; select from upshift.lease for update").await.unwrap();
    let pid = database::rows(&dead, "select pg_backend_pid()").await;
    let began = Instant::now();
    let waiting = db.migrator(many(2)).lock(waits(Duration::from_millis(300)));
    let error = waiting.run().await.unwrap_err();
    assert!(error.is_locked(), "{error:?}");
    assert!(began.elapsed() >= Duration::from_millis(300) && began.elapsed() < Duration::from_secs(5));
    let said = error.render();
    for expected in
        [&*format!("pid {pid}, `the-dead`, role postgres"), &format!("select pg_terminate_backend({pid})")]
    {
        assert!(said.contains(expected), "{expected} is not in: {said}");
    }
    // Its connection is closed, and the server notices that in its own time.
    until(&db, &format!("select ({ADVISORY}) = 0")).await;
    let waiting = db.migrator(many(2)).lock(waits(Duration::from_secs(60)));
    let waiting = tokio::spawn(async move { waiting.run().await });
    until(&db, "select exists (select from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database())").await;
    dead.batch_execute("rollback").await.unwrap();
    assert_eq!(waiting.await.unwrap().unwrap().steps.len(), 1);
}

/// Somebody rewrites the audit by hand: reading the statement that writes it waits for that, too.
#[tokio::test]
async fn a_table_of_ours_that_somebody_holds_is_waited_for_no_longer_than_the_lock() {
    let db = Database::new().await;
    let set = [("1_a.sql", "create table a ()"), ("2_b.sql", "create table b ()")];
    db.migrator(files(&set[..1])).run().await.unwrap();
    let holder = db.client().await;
    for table in ["audit", "lease"] {
        holder.batch_execute(&format!("begin; lock table upshift.{table}")).await.unwrap();
        let run = db.migrator(files(&set)).lock(waits(Duration::from_millis(300)));
        let error = run.run().await.unwrap_err();
        assert!(error.is_locked(), "{table}: {error}");
        holder.batch_execute("rollback").await.unwrap();
    }
    assert_eq!(db.tables().await, "a");
    db.migrator(files(&set)).run().await.unwrap();
}
