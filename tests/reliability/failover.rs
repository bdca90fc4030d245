//! The primary dies in the middle of a boot and a standby takes its place: the next boot finishes from what is there.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use deadpool_postgres::Pool;
use expect_test::expect;
use tokio_postgres::Client;
use upshift::{Event, Migrator};
use upshift_promises::chance::Chance;
use upshift_promises::mixed::{self, MEND, mixed};
use upshift_promises::standby::{Standby, until};
use upshift_promises::tally::{Tally, is_long};
use upshift_promises::{database, files};
use upshift_test::{Server, StopMode};

/// How a standby follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Replication {
    /// A commit does not wait for it, and some are lost with the primary.
    Asynchronous,
    /// A commit is answered when the standby has it.
    Synchronous,
}

/// A primary and its standby, one pool for whichever of them takes writes.
struct Pair {
    // Dropped in this order: the standby lives in the primary's folder.
    standby: Standby,
    primary: Server,
    pool: Pool,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_an_asynchronous_standby_did_not_get_is_applied_again_and_nothing_twice() {
    fail_over(Replication::Asynchronous).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_that_was_reported_is_lost_with_a_synchronous_standby() {
    fail_over(Replication::Synchronous).await;
}

async fn fail_over(replication: Replication) {
    let mut chance = Chance::new();
    let (mut tally, mut numbers) = (Tally::default(), Numbers::default());
    for nth in 0..if is_long() { 40 } else { 5 } {
        let Some(pair) = Pair::start(replication).await else { return };
        // The first time the standby gets nothing at all of the boot.
        let (boot, blind) = if nth == 0 { (0, 0) } else { (chance.below(mixed::BOOTS), chance.below(1000)) };
        let moments = [blind, chance.below(1000)];
        let (wrong, again) = pair.trial(replication, boot, moments, &mut numbers).await;
        tally.again += again;
        tally.trial(&(nth, boot, moments), &wrong);
    }
    let (trials, seed) = (tally.trials, chance.seed());
    let Numbers { interrupted, reported, gone } = numbers;
    assert!(replication == Replication::Synchronous || gone > 0, "nothing was lost with the primary");
    tally.finish(&format!(
        "failover, {replication:?} (seed {seed}): {interrupted} of {trials} boots interrupted, {reported} steps reported \
         before, {gone} of them gone with the primary and applied again"
    ));
}

/// What came of all trials.
#[derive(Default)]
struct Numbers {
    interrupted: usize,
    reported: usize,
    gone: usize,
}

impl Pair {
    async fn start(replication: Replication) -> Option<Pair> {
        let primary = tokio::task::spawn_blocking(Server::start).await.unwrap().unwrap();
        let standby = Standby::of(&primary).await?;
        let client = database::connect(&primary.url("postgres")).await;
        if replication == Replication::Synchronous {
            client.batch_execute("alter system set synchronous_standby_names = '*'").await.unwrap();
            client.batch_execute("select pg_reload_conf()").await.unwrap();
            until(&client, "select count(*) = 1 from pg_stat_replication where sync_state = 'sync'").await;
        }
        let url = format!(
            "postgres://postgres@127.0.0.1:{},127.0.0.1:{}/postgres?target_session_attrs=read-write",
            primary.port(),
            standby.port()
        );
        Some(Pair { pool: database::pool(&url, 3), standby, primary })
    }

    /// The primary dies at one moment of a boot, and at another one, before, an asynchronous standby loses sight of it.
    /// Both are thousandths of the time such a boot takes.
    async fn trial(
        &self,
        replication: Replication,
        boot: usize,
        mut moments: [usize; 2],
        numbers: &mut Numbers,
    ) -> (Vec<String>, usize) {
        moments.sort_unstable();
        let client = database::connect(&self.primary.url("postgres")).await;
        mixed::prepare(&self.pool, &client, boot).await;
        let began = Instant::now();
        mixed::boot(&Migrator::new(self.pool.clone(), mixed()), &client).await.unwrap();
        let whole = began.elapsed();
        mixed::prepare(&self.pool, &client, boot).await;
        let before = history(&client).await;
        self.caught_up(&client).await;
        let reported = Arc::new(Mutex::new(Vec::new()));
        if replication == Replication::Asynchronous && moments[0] == 0 {
            self.standby.cut_off().await;
        }
        let running = self.boot_and_report(&reported);
        let began = Instant::now();
        if replication == Replication::Asynchronous && moments[0] > 0 {
            tokio::time::sleep(share(whole, moments[0])).await;
            self.standby.cut_off().await;
        }
        tokio::time::sleep(share(whole, moments[1]).saturating_sub(began.elapsed())).await;
        while reported.lock().unwrap().is_empty() && !running.is_finished() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        tokio::task::block_in_place(|| self.primary.stop(StopMode::Immediate)).unwrap();
        let outcome = running.await.unwrap();
        self.standby.promote().await;
        let client = self.standby.client("postgres").await;

        let mut wrong = Vec::new();
        match &outcome {
            Err(error) if error.is_connection_lost() => numbers.interrupted += 1,
            Err(error) if mixed::mending(error).is_none() => wrong.push(format!("the boot: {error:?}")),
            _ => {}
        }
        let there = history(&client).await;
        wrong.extend(
            before.iter().filter(|it| !there.contains(it)).map(|it| format!("lost: {it}, of before")),
        );
        let reported = std::mem::take(&mut *reported.lock().unwrap());
        let gone: Vec<&String> = reported.iter().filter(|it| !there.contains(it)).collect();
        if replication == Replication::Synchronous {
            wrong.extend(gone.iter().map(|it| format!("lost: {it}, which was reported")));
        }
        numbers.reported += reported.len();
        numbers.gone += gone.len();
        wrong.extend(self.after(&client).await);
        (wrong, mixed::again(&client).await)
    }

    fn boot_and_report(
        &self,
        reported: &Arc<Mutex<Vec<String>>>,
    ) -> tokio::task::JoinHandle<Result<upshift::Report, upshift::Error>> {
        let reported = reported.clone();
        let observer = move |event: &Event<'_>| {
            if let Event::StepFinished { step: upshift::StepAt { label, .. }, .. } = event {
                reported.lock().unwrap().push((*label).to_owned());
            }
        };
        let migrator = Migrator::new(self.pool.clone(), mixed()).observer(observer);
        tokio::spawn(async move { migrator.run().await })
    }

    /// The next boot of the same service, which finds the promoted server by itself.
    async fn after(&self, client: &Client) -> Vec<String> {
        client.batch_execute(MEND).await.unwrap();
        let migrator = Migrator::new(self.pool.clone(), mixed());
        let mut wrong = Vec::new();
        wrong.extend(migrator.run().await.err().map(|error| format!("the next boot: {error:?}")));
        let left = database::left_locked(client).await;
        if !left.is_empty() {
            wrong.push(format!("locked: {left}"));
        }
        wrong.extend(mixed::wrong(&migrator, client).await);
        wrong
    }

    /// Waits until the standby has what the primary has.
    async fn caught_up(&self, primary: &Client) {
        let now = database::rows(primary, "select pg_current_wal_lsn()").await;
        let standby = self.standby.client("postgres").await;
        until(&standby, &format!("select pg_last_wal_replay_lsn() >= '{now}'")).await;
    }
}

/// What is applied, by the names that reports use.
async fn history(client: &Client) -> Vec<String> {
    if database::rows(client, "select to_regclass('upshift.history') is null").await == "t" {
        return Vec::new();
    }
    let sql =
        "select coalesce(version::text, 'R_') || '_' || name from upshift.history where state = 'applied'";
    database::rows(client, sql).await.lines().map(str::to_owned).collect()
}

fn share(whole: Duration, thousandths: usize) -> Duration {
    whole * thousandths as u32 / 1000
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_boot_against_a_standby_says_so_and_one_with_nothing_to_do_succeeds() {
    let Some(pair) = Pair::start(Replication::Asynchronous).await else { return };
    let set = || files(&[("1_users.sql", "create table users (id int)")]);
    let against_standby = Migrator::new(database::pool(&pair.standby.url("postgres"), 2), set());
    expect![[r#"
        could not create upshift's tables
          caused by: cannot execute CREATE SCHEMA in a read-only transaction (25006)
            context: SQL statement "create schema "upshift""
              PL/pgSQL function inline_code_block line 3 at EXECUTE
          help: this is a read-only server, or a role with `default_transaction_read_only`: connect to the primary, as a role that may write"#]].assert_eq(&against_standby.run().await.unwrap_err().render());
    Migrator::new(pair.pool.clone(), set()).run().await.unwrap();
    pair.caught_up(&database::connect(&pair.primary.url("postgres")).await).await;
    assert!(against_standby.run().await.unwrap().is_empty());
    let more =
        files(&[("1_users.sql", "create table users (id int)"), ("2_more.sql", "create table more ()")]);
    let against_standby = Migrator::new(database::pool(&pair.standby.url("postgres"), 2), more);
    expect![[r#"
        could not take the lease
          caused by: cannot execute UPDATE in a read-only transaction (25006)
          help: this is a read-only server, or a role with `default_transaction_read_only`: connect to the primary, as a role that may write"#]].assert_eq(&against_standby.run().await.unwrap_err().render());
}
