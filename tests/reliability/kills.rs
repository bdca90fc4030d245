//! Migrating processes and the server itself die at random moments, as `kill -9` and a power cut have it: the next boot
//! finishes, and nothing is lost, doubled or left locked.

use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use deadpool_postgres::Pool;
use tokio_postgres::Client;
use upshift::Migrator;
use upshift_promises::chance::Chance;
use upshift_promises::mixed::{self, MEND, mixed};
use upshift_promises::service::{Booted, Service};
use upshift_promises::tally::{Tally, is_long};
use upshift_promises::{Database, database};
use upshift_test::{Server, StopMode};

const BOOT: &str = env!("CARGO_BIN_EXE_boot");
/// How long the next boot may wait for the end of a session whose client is dead. The server looks for it four times a
/// second; the rest is for a busy machine.
const WAIT: Duration = Duration::from_secs(30);
/// A server notices within milliseconds that one of its processes was killed; on a busy machine within this.
const LOOKS: Duration = Duration::from_secs(5);

/// How many kills the version asked for has.
fn kills(short: usize) -> usize {
    if is_long() { 200 } else { short }
}

#[tokio::test]
async fn a_migrating_process_killed_at_any_moment_loses_nothing_and_does_nothing_twice() {
    let mut chance = Chance::new();
    let (mut tally, mut killed, mut longest) = (Tally::default(), 0, Duration::ZERO);
    let db = Database::new().await;
    let client = db.client().await;
    let boots = time_of_boots(&db, &client).await;
    for nth in 0..kills(25) {
        let boot = chance.below(mixed::BOOTS);
        mixed::prepare(&db.pool(), &client, boot).await;
        let moment = chance.within(boots[boot]);
        let service = Service::start(BOOT, &db.url(), WAIT).await;
        killed += usize::from(service.killed_at(tokio::time::sleep(moment)).await == Booted::Killed);
        client.batch_execute(MEND).await.unwrap();
        let began = Instant::now();
        let mut wrong = Vec::new();
        match Service::start(BOOT, &db.url(), WAIT).await.booted().await {
            Booted::Ok { .. } => {}
            other => wrong.push(format!("the next boot: {other:?}")),
        }
        longest = longest.max(began.elapsed());
        wrong.extend(look(&db.pool(), &client).await);
        tally.again += mixed::again(&client).await;
        tally.trial(&(nth, boot, moment), &wrong);
    }
    let (trials, seed) = (tally.trials, chance.seed());
    tally.finish(&format!(
        "kill -9 of the migrating process (seed {seed}): {killed} of {trials} killed before their end, the longest next \
         boot took {longest:.1?}"
    ));
    assert!(3 * killed > trials, "only {killed} of {trials} were killed before their end");
}

/// How long each boot of a process takes when nobody kills it.
async fn time_of_boots(db: &Database, client: &Client) -> Vec<Duration> {
    let mut times = Vec::new();
    for boot in 0..mixed::BOOTS {
        mixed::prepare(&db.pool(), client, boot).await;
        let service = Service::start(BOOT, &db.url(), WAIT).await;
        let began = Instant::now();
        service.booted().await;
        times.push(began.elapsed());
    }
    times
}

/// What is wrong in a database when nobody is at work any more.
async fn look(pool: &Pool, client: &Client) -> Vec<String> {
    let left = database::left_locked(client).await;
    let mut wrong = mixed::wrong(&Migrator::new(pool.clone(), mixed()), client).await;
    if !left.is_empty() {
        wrong.push(format!("locked: {left}"));
    }
    wrong
}

/// How a server dies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Death {
    /// `pg_ctl stop -m immediate`: the whole server at once; the next start recovers from the log.
    Server,
    /// `kill -9` of the process that serves the migrator: the server takes all others down and recovers by itself.
    Session,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_dies_at_any_moment_loses_nothing_and_does_nothing_twice() {
    let mut chance = Chance::new();
    let mut tally = Tally::default();
    let server = tokio::task::spawn_blocking(Server::start).await.unwrap().unwrap();
    let site = Arc::new(DyingServer { url: server.url("postgres"), server });
    let (mut servers, mut sessions) = (0, 0);
    for nth in 0..kills(16) {
        let death = if chance.below(2) == 0 { Death::Server } else { Death::Session };
        let boot = chance.below(mixed::BOOTS);
        let share = chance.below(1000);
        let (died, wrong, again) = site.trial(death, boot, share).await;
        match death {
            _ if !died => {}
            Death::Server => servers += 1,
            Death::Session => sessions += 1,
        }
        tally.again += again;
        tally.trial(&(nth, death, boot, share), &wrong);
    }
    let (trials, seed) = (tally.trials, chance.seed());
    tally.finish(&format!(
        "death of the server (seed {seed}): {servers} by pg_ctl stop -m immediate, {sessions} by kill -9 of the session, \
         {} after the boot's end",
        trials - servers - sessions
    ));
    assert!(3 * (servers + sessions) > trials, "only {servers} and {sessions} of {trials} died in time");
}

struct DyingServer {
    url: String,
    server: Server,
}

impl DyingServer {
    /// Whether the boot was hit, what is wrong after the next one, and how often something ran again. The server dies
    /// when so many thousandths of the time are over that such a boot takes.
    async fn trial(self: &Arc<Self>, death: Death, boot: usize, share: usize) -> (bool, Vec<String>, usize) {
        let pool = database::pool(&self.url, 3);
        let client = database::connect(&self.url).await;
        mixed::prepare(&pool, &client, boot).await;
        let began = Instant::now();
        mixed::boot(&Migrator::new(pool.clone(), mixed()), &client).await.unwrap();
        let moment = began.elapsed() * share as u32 / 1000;
        mixed::prepare(&pool, &client, boot).await;
        let running = tokio::spawn({
            let migrator = Migrator::new(pool.clone(), mixed());
            async move { migrator.run().await }
        });
        tokio::time::sleep(moment).await;
        self.die(death, &client).await;
        let mut wrong = Vec::new();
        let outcome = running.await.unwrap();
        let mut died = false;
        if let Err(error) = &outcome {
            died = error.is_connection_lost();
            if !died && mixed::mending(error).is_none() {
                wrong.push(format!("the boot: {error:?}"));
            }
        }
        let client = self.alive().await;
        client.batch_execute(MEND).await.unwrap();
        let next = Migrator::new(pool.clone(), mixed()).run().await;
        wrong.extend(next.err().map(|error| format!("the next boot: {error:?}")));
        wrong.extend(look(&pool, &client).await);
        (died, wrong, mixed::again(&client).await)
    }

    async fn die(self: &Arc<Self>, death: Death, client: &Client) {
        if death == Death::Server {
            let site = self.clone();
            let restarted = tokio::task::spawn_blocking(move || {
                site.server.stop(StopMode::Immediate)?;
                site.server.restart()
            });
            return restarted.await.unwrap().unwrap();
        }
        let holder = "select pid from pg_locks where locktype = 'advisory' and granted";
        let pid = database::rows(client, holder).await;
        if !pid.is_empty() {
            // It may have ended by itself since it was seen; then nothing has died, and the boot is done.
            let sent = Command::new("kill").args(["-KILL", &pid]).status().unwrap().success();
            // The session is gone at once; the server goes down when it has noticed, or does not when the process was
            // on its own way out.
            let began = Instant::now();
            let lives_on = || began.elapsed() > LOOKS && !std::path::Path::new("/proc").join(&pid).exists();
            while sent && !client.is_closed() && !lives_on() {
                assert!(began.elapsed() < WAIT, "the server lives on");
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        }
    }

    /// A connection to the server as soon as it takes one again.
    async fn alive(&self) -> Client {
        let began = Instant::now();
        loop {
            match tokio_postgres::connect(&self.url, tokio_postgres::NoTls).await {
                Ok((client, connection)) => {
                    tokio::spawn(connection);
                    if client.simple_query("select").await.is_ok() {
                        return client;
                    }
                }
                Err(error) => assert!(began.elapsed() < WAIT, "{error:?}\n{}", self.server.log()),
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}
