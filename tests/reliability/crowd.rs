//! Many processes boot at once and some are killed: every survivor's boot succeeds, each migration is applied by one of
//! them, and nobody waits much longer than the work takes.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio_postgres::Client;
use upshift::Migrator;
use upshift_promises::chance::Chance;
use upshift_promises::mixed::{self, EMPTY, MEND, mixed};
use upshift_promises::service::{Booted, Service};
use upshift_promises::tally::{Tally, is_long};
use upshift_promises::{Database, database};

const BOOT: &str = env!("CARGO_BIN_EXE_boot");
/// How many boot at once.
const CROWD: usize = 64;
/// How often somebody is killed in a round, always the one who is at work.
const KILLED: usize = 8;
/// The longest time between two kills: the work is a fifth of a second, so few get far.
const BETWEEN_KILLS: Duration = Duration::from_millis(100);
/// Who holds the lock.
const AT_WORK: &str = "select a.application_name from pg_locks l join pg_stat_activity a on a.pid = l.pid
    where l.locktype = 'advisory' and l.granted and a.datname = current_database()";
/// How long a boot may wait for the others: a bound that nobody reaches.
const WAIT: Duration = Duration::from_secs(60);
/// How many times the median of its round the slowest boot may take: who waits in turn waits as long as the others.
const NOBODY_STARVES: f64 = 10.0;

#[tokio::test]
async fn of_a_crowd_that_boots_at_once_every_survivor_succeeds_and_nobody_starves() {
    let mut chance = Chance::new();
    let (mut tally, mut times) = (Tally::default(), Times::default());
    let db = Database::new().await;
    let client = db.client().await;
    let rounds = if is_long() { 20 } else { 3 };
    for round in 0..rounds {
        client.batch_execute(EMPTY).await.unwrap();
        client.batch_execute(MEND).await.unwrap();
        let mut wrong = crowd(&db, &client, &mut chance, &mut times).await;
        let left = database::left_locked(&client).await;
        if !left.is_empty() {
            wrong.push(format!("locked: {left}"));
        }
        wrong.extend(mixed::wrong(&Migrator::new(db.pool(), mixed()), &client).await);
        tally.again += mixed::again(&client).await;
        tally.trial(&round, &wrong);
    }
    let seed = chance.seed();
    let (median, slowest) = times.worst();
    tally.finish(&format!("crowd of {CROWD} processes (seed {seed}): {rounds} rounds, {times}"));
    assert!(times.killed >= rounds, "only {} were killed", times.killed);
    assert!(
        starved(&(median, slowest)) < NOBODY_STARVES,
        "a boot took {slowest:?}, the median of its round {median:?}"
    );
}

/// One round: all are let go at once, and of those who are at work some are killed.
async fn crowd(db: &Database, client: &Client, chance: &mut Chance, times: &mut Times) -> Vec<String> {
    let mut services = Vec::new();
    for nth in 0..CROWD {
        // The name says who holds the lock.
        let url = format!("{}?application_name={nth}", db.url());
        services.push(Service::start(BOOT, &url, WAIT).await);
    }
    services.iter_mut().for_each(Service::go);
    let (mut ends, mut boots) = (Vec::new(), Vec::new());
    for service in services {
        let end = Arc::new(Notify::new());
        ends.push(end.clone());
        boots.push(tokio::spawn(async move { service.killed_at(end.notified()).await }));
    }
    for _ in 0..KILLED {
        tokio::time::sleep(chance.within(BETWEEN_KILLS)).await;
        let at_work = database::rows(client, AT_WORK).await;
        if let Some(end) = at_work.parse().ok().and_then(|nth: usize| ends.get(nth)) {
            end.notify_one();
        }
    }
    let (mut wrong, mut took, mut applied) = (Vec::new(), Vec::new(), 0);
    for boot in boots {
        match boot.await.unwrap() {
            Booted::Ok { steps, took: time } => {
                applied += steps;
                took.push(time);
            }
            Booted::Killed => times.killed += 1,
            Booted::Failed(said) => wrong.push(format!("a survivor's boot: {said}")),
        }
    }
    if applied > mixed::MIGRATIONS {
        wrong.push(format!("doubled: {applied} steps were reported"));
    }
    times.add(took);
    wrong
}

/// How long the survivors' boots took.
#[derive(Default)]
struct Times {
    survivors: usize,
    killed: usize,
    /// The median and the slowest of each round.
    rounds: Vec<(Duration, Duration)>,
}

impl Times {
    fn add(&mut self, mut took: Vec<Duration>) {
        took.sort();
        self.survivors += took.len();
        let median = took.get(took.len() / 2).copied().unwrap_or_default();
        self.rounds.push((median, took.last().copied().unwrap_or_default()));
    }

    /// The median and the slowest of the round in which they are furthest apart.
    fn worst(&self) -> (Duration, Duration) {
        let worst = self.rounds.iter().max_by(|a, b| starved(a).total_cmp(&starved(b)));
        worst.copied().unwrap_or_default()
    }
}

/// How many times as long as the median the slowest took.
fn starved((median, slowest): &(Duration, Duration)) -> f64 {
    slowest.as_secs_f64() / median.as_secs_f64()
}

impl std::fmt::Display for Times {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (median, slowest) = self.worst();
        let Times { survivors, killed, .. } = self;
        write!(
            f,
            "{survivors} booted, {killed} killed, in the worst round the median boot took {median:.1?} and the slowest {slowest:.1?}"
        )
    }
}
