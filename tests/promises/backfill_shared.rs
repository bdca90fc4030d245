//! A backfill is shared by whoever has time, gives way to the service, and obeys its operator.

use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::time::timeout;
use upshift::{
    BackfillPolicy, BackfillState, Event, Migrator, Source, Stopped, Target, Timeouts, Version, Worked,
};
use upshift_promises::pgbouncer::PgBouncer;
use upshift_promises::proxy::{Pace, Proxy, ProxySettings};
use upshift_promises::standby::until;
use upshift_promises::{Database, database, files, steps};

const LONG: Duration = Duration::from_secs(60);
const COUNT: &str = "-- upshift: backfill table=t\nupdate t set times = times + 1;";

fn fill() -> Version {
    Version::new(2).unwrap()
}

fn policy(rows: u64) -> BackfillPolicy {
    BackfillPolicy { first_rows: rows, most_rows: rows, ..BackfillPolicy::default() }
}

fn set(text: &str) -> Source {
    files(&[("1_first.sql", "create table first ();"), ("2_fill.sql", text)])
}

/// A database with a table of so many rows, in which version 1 is applied.
async fn table_of(rows: usize) -> Database {
    let db = Database::new().await;
    db.run(&format!(
        "create table t (id int primary key, times int default 0); insert into t select generate_series(1, {rows})"
    ))
    .await;
    db.migrator(set(COUNT)).up(Target::Version(Version::new(1).unwrap())).await.unwrap();
    db
}

async fn times(db: &Database) -> String {
    db.rows("select times, count(*) from t group by times order by times").await
}

/// What is said of batches, a line each.
fn told(migrator: Migrator) -> (Migrator, Receiver<String>) {
    let (say, heard) = channel();
    let say = Mutex::new(say);
    let observer = move |event: &Event<'_>| {
        let line = match event {
            Event::BatchFinished { rows, next, .. } => format!("{rows} rows, next {next}"),
            Event::BatchTriedAgain { next, why, .. } => format!("again with {next}: {why}"),
            Event::BackfillHeld { why, .. } => format!("holds: {why}"),
            _ => return,
        };
        _ = say.lock().unwrap().send(line);
    };
    (migrator.observer(observer), heard)
}

/// Waits until somebody in the database waits for a lock.
async fn until_somebody_waits(db: &Database) {
    // On a connection of its own: in a transaction the server shows the same picture again and again.
    let client = db.client().await;
    let waits = "select count(*) > 0 from pg_stat_activity
        where datname = current_database() and wait_event_type = 'Lock'";
    until(&client, waits).await;
}

#[tokio::test]
async fn workers_share_the_rows_and_do_each_once() {
    let db = table_of(3_000).await;
    let workers = (0..3).map(|n| {
        let migrator = db.migrator(set(COUNT)).backfill_policy(policy(10 + n));
        tokio::spawn(async move { migrator.backfills().work(fill(), LONG).await })
    });
    for worker in workers.collect::<Vec<_>>() {
        assert_eq!(worker.await.unwrap().unwrap(), Worked::Finished);
    }
    assert_eq!(times(&db).await, "1 | 3000");
    assert_eq!(db.migrator(set(COUNT)).backfills().progress().await.unwrap()[0].rows, 3_000);
}

#[tokio::test]
async fn a_worker_that_is_stuck_keeps_its_own_range_alone() {
    let db = table_of(300).await;
    let busy = db.client().await;
    busy.batch_execute("begin; update t set times = times where id = 5").await.unwrap();
    let patient = "-- upshift: backfill table=t\n-- upshift: lock-timeout 60s\n-- upshift: statement-timeout 60s\n\
        update t set times = times + 1;";
    let stuck = db.migrator(set(patient)).backfill_policy(policy(10));
    let stuck = tokio::spawn(async move { stuck.backfills().work(fill(), LONG).await });
    until_somebody_waits(&db).await;
    let other = db.migrator(set(patient)).backfill_policy(policy(10));
    let worked = other.backfills().work(fill(), Duration::from_secs(2)).await.unwrap();
    assert_eq!(worked, Worked::Held("others are at work on the last rows".to_owned()));
    // A range is eight batches: those of the other, which has not done one of them yet.
    assert_eq!(times(&db).await, "0 | 81\n1 | 219");
    busy.batch_execute("commit").await.unwrap();
    assert_eq!(stuck.await.unwrap().unwrap(), Worked::Finished);
    assert_eq!(times(&db).await, "1 | 300");
}

#[tokio::test]
async fn no_migration_lock_is_needed() {
    let db = table_of(100).await;
    let busy = db.client().await;
    busy.batch_execute("begin; lock table first").await.unwrap();
    let slow = files(&[
        ("1_first.sql", "create table first ();"),
        ("2_fill.sql", COUNT),
        ("3_slow.sql", "-- upshift: lock-timeout 60s\nlock table first;"),
    ]);
    let migrator = db.migrator(slow);
    let other = migrator.clone();
    let run = tokio::spawn(async move { other.run().await });
    until_somebody_waits(&db).await;
    assert_eq!(migrator.backfills().work(fill(), LONG).await.unwrap(), Worked::Finished);
    assert_eq!(times(&db).await, "1 | 100");
    busy.batch_execute("commit").await.unwrap();
    assert_eq!(steps(&run.await.unwrap().unwrap()), "up 3_slow");
}

#[tokio::test]
async fn a_session_in_the_way_makes_batches_smaller_until_it_stands_alone() {
    let db = table_of(100).await;
    let busy = db.client().await;
    busy.batch_execute("begin; select from t where id = 50 for update").await.unwrap();
    let policy = BackfillPolicy { lock: Duration::from_millis(30), ..policy(64) };
    let (migrator, heard) = told(db.migrator(set(COUNT)).backfill_policy(policy));
    let worker = tokio::spawn(async move { migrator.backfills().work(fill(), LONG).await });
    let mut lines = Vec::new();
    let alone = "again with 1: canceling statement due to lock timeout (55P03)";
    while lines.iter().filter(|line| *line == alone).count() < 3 {
        match heard.try_recv() {
            Ok(line) => lines.push(line),
            Err(_) => tokio::time::sleep(Duration::from_millis(1)).await,
        }
    }
    assert_eq!(lines[0], "again with 32: canceling statement due to lock timeout (55P03)");
    assert_eq!(lines[1], "33 rows, next 48");
    assert_eq!(times(&db).await, "0 | 51\n1 | 49", "all before it are done");
    busy.batch_execute("rollback").await.unwrap();
    assert_eq!(worker.await.unwrap().unwrap(), Worked::Finished);
    assert_eq!(times(&db).await, "1 | 100");
}

#[tokio::test]
async fn an_up_gives_up_after_its_time_and_names_who_was_in_the_way() {
    let db = table_of(10).await;
    let busy = database::connect(&format!("{}?application_name=dawdler", db.url())).await;
    busy.batch_execute("begin; select from t where id = 5 for update").await.unwrap();
    let timeouts = Timeouts { retry: Duration::from_millis(700), ..Timeouts::default() };
    let migrator = db.migrator(set(COUNT)).timeouts(timeouts);
    let error = migrator.up(Target::Only(vec![fill()])).await.unwrap_err();
    assert!(error.is_lock_timeout(), "{error:?}");
    assert_eq!(error.blockers()[0].application, "dawdler", "{error:?}");
    busy.batch_execute("commit").await.unwrap();
    assert_eq!(steps(&migrator.up(Target::Only(vec![fill()])).await.unwrap()), "up 2_fill");
    assert_eq!(times(&db).await, "1 | 10");
}

/// The batch waits for the waiter itself, so that nobody has to be quick.
#[tokio::test]
async fn it_holds_when_a_session_waits_for_rows_of_a_batch() {
    let db = table_of(20).await;
    db.run(
        "create function wait_for_waiter() returns int language plpgsql as $$
        begin
            for attempt in 1..2000 loop
                if exists (select from pg_locks l join pg_stat_activity a using (pid)
                    where l.locktype = 'transactionid' and not l.granted and a.datname = current_database()) then
                    return 1;
                end if;
                perform pg_stat_clear_snapshot();
                perform pg_sleep(0.005);
            end loop;
            raise 'nobody came';
        end $$",
    )
    .await;
    let text = "-- upshift: backfill table=t max-batch=10\n-- upshift: statement-timeout 60s\n\
        update t set times = times + case when id = 9 then wait_for_waiter() else 1 end;";
    let (migrator, heard) = told(db.migrator(set(text)));
    let worker = tokio::spawn(async move { migrator.backfills().work(fill(), LONG).await });
    let waiter = db.client().await;
    until(
        &waiter,
        "select count(*) > 0 from pg_stat_activity where datname = current_database() and wait_event = 'PgSleep'",
    )
    .await;
    waiter.batch_execute("update t set times = times where id = 1").await.unwrap();
    assert_eq!(worker.await.unwrap().unwrap(), Worked::Finished);
    let lines: Vec<String> = heard.try_iter().collect();
    assert_eq!(lines[1], "holds: a session waits for rows of a batch", "{lines:?}");
    let next: u64 = lines[0].strip_prefix("11 rows, next ").unwrap().parse().unwrap();
    assert!(next <= 5, "it is at most half as long then: {lines:?}");
    assert_eq!(times(&db).await, "1 | 20");
}

#[tokio::test]
async fn an_operator_pauses_resumes_cancels_and_restarts() {
    let db = table_of(100).await;
    let migrator = db.migrator(set(COUNT)).backfill_policy(policy(10));
    let backfills = migrator.backfills();
    let early = backfills.pause(fill(), "too early").await.unwrap_err();
    assert_eq!(early.stopped(), Some(&Stopped::NotBegun));
    assert_eq!(backfills.work(fill(), Duration::ZERO).await.unwrap(), Worked::TimeIsUp);

    backfills.pause(fill(), "the sale is on").await.unwrap();
    let words = "by postgres because the sale is on".to_owned();
    assert_eq!(backfills.work(fill(), LONG).await.unwrap(), Worked::Paused(words.clone()));
    let progress = backfills.progress().await.unwrap();
    assert_eq!(progress[0].state, BackfillState::Paused(words.clone()));
    let refused = migrator.up(Target::Only(vec![fill()])).await.unwrap_err();
    assert_eq!(refused.to_string(), format!("backfill 2_fill: it is paused {words}"));
    assert_eq!(times(&db).await, "0 | 100");
    let again = backfills.pause(fill(), "again").await.unwrap_err();
    assert_eq!(again.to_string(), format!("backfill 2: it cannot be paused: it is paused {words}"));

    backfills.resume(fill(), "it is over").await.unwrap();
    assert_eq!(backfills.progress().await.unwrap()[0].state, BackfillState::Running);
    backfills.cancel(fill(), "a bad idea").await.unwrap();
    let words = "by postgres because a bad idea".to_owned();
    assert_eq!(backfills.work(fill(), LONG).await.unwrap(), Worked::Cancelled(words));
    assert!(backfills.resume(fill(), "or not").await.is_err());
    let accepted = backfills.accept_text(fill()).await.unwrap_err().to_string();
    let expected = "backfill 2: it cannot be told to go on with its text of today: it is cancelled";
    assert!(accepted.starts_with(expected), "{accepted}");
    backfills.restart(fill()).await.unwrap();
    assert_eq!(backfills.work(fill(), LONG).await.unwrap(), Worked::Finished);
    let late = backfills.cancel(fill(), "too late").await.unwrap_err();
    assert_eq!(late.to_string(), "backfill 2: it cannot be cancelled: it is finished");
    assert_eq!(times(&db).await, "1 | 100");
}

#[tokio::test]
async fn a_pause_stops_a_worker_behind_the_batch_at_hand() {
    let db = table_of(1_000).await;
    let (migrator, heard) =
        told(db.migrator(set(&COUNT.replace("=t", "=t pause=20ms"))).backfill_policy(policy(10)));
    let operator = migrator.clone();
    let worker = tokio::spawn(async move { migrator.backfills().work(fill(), LONG).await });
    while heard.try_recv().is_err() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    operator.backfills().pause(fill(), "enough").await.unwrap();
    let worked = timeout(LONG, worker).await.unwrap().unwrap().unwrap();
    assert_eq!(worked, Worked::Paused("by postgres because enough".to_owned()));
    operator.backfills().resume(fill(), "more").await.unwrap();
    assert_eq!(steps(&operator.up(Target::Only(vec![fill()])).await.unwrap()), "up 2_fill");
    assert_eq!(times(&db).await, "1 | 1000");
}

#[tokio::test]
async fn behind_a_pooler_every_row_is_done_once_and_nothing_is_left_in_a_session() {
    for (mode, pooler) in PgBouncer::each(8) {
        let db = table_of(200).await;
        let workers = (0..2).map(|_| {
            let pool = database::pool(&pooler.url(db.name()), 3);
            let migrator = Migrator::new(pool, set(COUNT)).backfill_policy(policy(9));
            tokio::spawn(async move { migrator.backfills().work(fill(), LONG).await })
        });
        for worker in workers.collect::<Vec<_>>() {
            assert_eq!(worker.await.unwrap().unwrap(), Worked::Finished, "{mode:?}");
        }
        let pool = database::pool(&pooler.url(db.name()), 3);
        let migrator = Migrator::new(pool, set(COUNT));
        assert_eq!(steps(&migrator.up(Target::Only(vec![fill()])).await.unwrap()), "up 2_fill", "{mode:?}");
        assert_eq!(times(&db).await, "1 | 200", "{mode:?}");
        let client = database::connect(&pooler.url(db.name())).await;
        let left = "select current_setting('lock_timeout'), current_setting('enable_sort'),
            current_setting('statement_timeout'), count(*) from pg_prepared_statements";
        assert_eq!(database::rows(&client, left).await, "0 | on | 0 | 0", "{mode:?}");
    }
}

#[tokio::test]
async fn a_batch_is_two_round_trips() {
    let mut measured = Vec::new();
    for rows in [15, 50] {
        let db = table_of(rows).await;
        let proxy = Proxy::start(
            database::SERVER.port(),
            ProxySettings { pace: Pace::Lockstep, ..ProxySettings::default() },
        )
        .await;
        let pool = database::pool(&proxy.url(db.name()), 2);
        let (migrator, heard) = told(Migrator::new(pool, set(COUNT)).backfill_policy(policy(7)));
        assert_eq!(migrator.backfills().work(fill(), LONG).await.unwrap(), Worked::Finished);
        measured.push((heard.try_iter().count(), proxy.take_traffic().round_trips));
    }
    let [(few, short), (many, long)] = measured[..] else { panic!("two") };
    assert_eq!((few, many), (2, 7));
    assert_eq!(long - short, 2 * (many - few), "{measured:?}");
}

/// Rust code, and what it was asked to do.
struct Twice {
    ranges: Arc<Mutex<Vec<String>>>,
    ending: &'static str,
}

#[upshift::async_trait]
impl upshift::Backfill for Twice {
    async fn batch(
        &self,
        range: &upshift::BatchRange,
        step: &mut upshift::StepContext<'_>,
    ) -> Result<u64, upshift::BoxError> {
        let condition = range.condition("x");
        self.ranges.lock().unwrap().push(condition.clone());
        let sql = format!("update {} x set times = times + 1 where {condition}", range.table());
        let changed = step.execute(&sql, &[]).await?;
        step.batch_execute(self.ending).await?;
        Ok(changed)
    }
}

const IN_RUST: &str = "-- upshift: backfill table=t batch=40 max-batch=40\n\
    -- upshift: up\n-- The batches are Rust code.\n\
    -- upshift: verify\nselect bool_and(times = 1) from t;";

#[tokio::test]
async fn batches_may_be_rust_code() {
    let db = table_of(100).await;
    let migrator = db.migrator(set(IN_RUST));
    let unknown = migrator.up(Target::Only(vec![fill()])).await.unwrap_err();
    assert_eq!(unknown.stopped(), Some(&Stopped::NoCode), "{unknown:?}");
    let ranges = Arc::new(Mutex::new(Vec::new()));
    for ending in ["commit", "rollback", "commit; begin"] {
        let meddler = Twice { ranges: ranges.clone(), ending };
        let error =
            migrator.clone().backfill(fill(), meddler).backfills().work(fill(), LONG).await.unwrap_err();
        assert_eq!(error.to_string(), "migration 2_fill failed in its Rust code", "{ending}");
        migrator.backfills().restart(fill()).await.unwrap();
        db.run("update t set times = 0").await;
    }
    ranges.lock().unwrap().clear();
    let migrator = migrator.backfill(fill(), Twice { ranges: ranges.clone(), ending: "select 1" });
    assert_eq!(steps(&migrator.up(Target::Only(vec![fill()])).await.unwrap()), "up 2_fill");
    assert_eq!(times(&db).await, "1 | 100");
    let first = &ranges.lock().unwrap()[0];
    assert_eq!(
        first,
        "((x.\"id\" operator(\"pg_catalog\".>=) '1'::pg_catalog.int4) and (x.\"id\" operator(\"pg_catalog\".<=) '41'::pg_catalog.int4))"
    );
}

#[tokio::test]
async fn what_is_required_comes_first_and_what_is_no_backfill_is_not_worked_on() {
    let db = Database::new().await;
    db.run("create table t (id int primary key, times int default 0)").await;
    let migrator = db.migrator(files(&[
        ("1_first.sql", "create table first ();"),
        ("2_fill.sql", "-- upshift: requires 1\n-- upshift: backfill table=t\nupdate t set times = 1;"),
    ]));
    let error = migrator.backfills().work(fill(), LONG).await.unwrap_err();
    assert_eq!(error.to_string(), "backfill 2_fill: it is blocked: requires 1, which is not applied");
    let error = migrator.backfills().work(Version::new(1).unwrap(), LONG).await.unwrap_err();
    assert_eq!(error.stopped(), Some(&Stopped::NotInBatches));
    migrator.run().await.unwrap();
    let error = migrator.backfills().work(fill(), LONG).await.unwrap_err();
    assert_eq!(error.stopped(), Some(&Stopped::NotInBatches), "it is applied");
}

#[tokio::test]
async fn a_guard_is_asked_before_the_first_batch_and_not_again() {
    let db = table_of(100).await;
    db.run("create table door (is_open bool); insert into door values (false)").await;
    let guarded = "-- upshift: backfill table=t\n-- upshift: guard\nselect is_open from door;\n\
        -- upshift: up\nupdate t set times = times + 1;";
    let migrator = db.migrator(set(guarded)).backfill_policy(policy(10));
    assert!(migrator.backfills().work(fill(), LONG).await.unwrap_err().is_blocked());
    assert!(migrator.up(Target::Only(vec![fill()])).await.unwrap_err().is_blocked());
    db.run("update door set is_open = true").await;
    assert_eq!(migrator.backfills().work(fill(), Duration::ZERO).await.unwrap(), Worked::TimeIsUp);
    db.run("update door set is_open = false").await;
    assert_eq!(steps(&migrator.up(Target::Only(vec![fill()])).await.unwrap()), "up 2_fill");
    assert_eq!(times(&db).await, "1 | 100");
}

/// What the macro checks when it embeds the folder.
#[test]
fn a_backfill_without_a_statement_is_no_mistake() {
    let check = |text: &str| set(text).check().map(|_| ()).map_err(|error| error.render());
    check(IN_RUST).unwrap();
    assert!(check(&IN_RUST.replace("backfill table=t batch=40 max-batch=40", "lock-timeout 1s")).is_err());
}

#[tokio::test]
async fn a_worker_whose_backfill_was_applied_by_another_one_stops() {
    let db = table_of(40).await;
    let resting = "-- upshift: backfill table=t pause=2s\nupdate t set times = times + 1;";
    let (migrator, heard) = told(db.migrator(set(resting)).backfill_policy(policy(40)));
    let other = migrator.clone();
    let worker = tokio::spawn(async move { migrator.backfills().work(fill(), LONG).await });
    while heard.try_recv().is_err() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    // While it rests behind its only batch.
    assert_eq!(steps(&other.up(Target::Only(vec![fill()])).await.unwrap()), "up 2_fill");
    assert_eq!(timeout(LONG, worker).await.unwrap().unwrap().unwrap(), Worked::Gone);
    assert_eq!(times(&db).await, "1 | 40");
}

#[tokio::test]
async fn nobody_waits_for_ever_for_a_table_that_somebody_holds() {
    let db = table_of(50).await;
    let busy = db.client().await;
    busy.batch_execute("begin; lock table t").await.unwrap();
    let timeouts = Timeouts {
        lock: Duration::from_millis(50),
        retry: Duration::from_millis(300),
        ..Timeouts::default()
    };
    let migrator = db.migrator(set(COUNT)).timeouts(timeouts);
    let worked = timeout(LONG, migrator.backfills().work(fill(), LONG)).await.unwrap();
    assert!(worked.unwrap_err().is_lock_timeout());
    let applied = timeout(LONG, migrator.up(Target::Only(vec![fill()]))).await.unwrap();
    assert!(applied.unwrap_err().is_lock_timeout());
    busy.batch_execute("rollback").await.unwrap();
    assert_eq!(steps(&migrator.up(Target::Only(vec![fill()])).await.unwrap()), "up 2_fill");
}

#[tokio::test]
async fn a_server_that_tells_nothing_of_its_health_holds_nothing_up() {
    let db = table_of(50).await;
    let role = format!("worker_of_{}", db.name());
    db.run(&format!(
        "revoke execute on function pg_catalog.pg_current_wal_lsn() from public; create role {role} login;
        alter table t owner to {role}; alter table first owner to {role};
        grant all on schema upshift to {role}; grant all on all tables in schema upshift to {role}"
    ))
    .await;
    let url = db.url().replace("postgres@", &format!("{role}@"));
    let migrator = Migrator::new(database::pool(&url, 2), set(COUNT)).backfill_policy(policy(9));
    assert_eq!(migrator.backfills().work(fill(), LONG).await.unwrap(), Worked::Finished);
    assert_eq!(steps(&migrator.up(Target::Only(vec![fill()])).await.unwrap()), "up 2_fill");
    assert_eq!(times(&db).await, "1 | 50");
    db.run(&format!("drop owned by {role} cascade; drop role {role}")).await;
}

#[tokio::test]
async fn a_worker_with_the_old_text_stops_when_it_goes_on_with_another_one() {
    let db = table_of(100).await;
    let resting = "-- upshift: backfill table=t pause=1s\nupdate t set times = times + 1;";
    let (old, heard) = told(db.migrator(set(resting)).backfill_policy(policy(10)));
    let worker = tokio::spawn(async move { old.backfills().work(fill(), LONG).await });
    while heard.try_recv().is_err() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let new = db.migrator(set("-- upshift: backfill table=t\nupdate t set times = times + 10;"));
    new.backfills().accept_text(fill()).await.unwrap();
    assert_eq!(timeout(LONG, worker).await.unwrap().unwrap().unwrap(), Worked::Gone);
    assert_eq!(new.backfills().work(fill(), LONG).await.unwrap(), Worked::Finished);
    assert_eq!(times(&db).await, "1 | 11\n10 | 89");
}
