//! Every message of a run is cut, delayed and held: whatever the network does, the next boot finishes, and nothing is lost,
//! doubled or left locked.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use deadpool_postgres::Pool;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::mpsc::unbounded_channel;
use tokio_postgres::Client;
use upshift::{Error, Event, Left, LockPolicy, Migrator};
use upshift_promises::chance::Chance;
use upshift_promises::mixed::{self, EMPTY, MEND, mixed};
use upshift_promises::pgbouncer::PgBouncer;
use upshift_promises::proxy::{Fault, Proxy, ProxySettings, Sender, Traffic, Way};
use upshift_promises::tally::{Tally, is_long};
use upshift_promises::{Database, database};

const WAYS: [Way; 4] = [Way::CutBefore, Way::CutAfter, Way::Delay(Duration::from_millis(40)), Way::Hold];
/// Databases in which trials go on at the same time.
const WORKERS: usize = 4;
/// How long a boot waits for a migrator that will not come back.
const SHORT_WAIT: Duration = Duration::from_millis(200);
/// How long such a boot may take in all, on a busy machine.
const BOUND: Duration = Duration::from_secs(20);
/// Nothing here takes that long, whatever the machine does beside it.
const HUNG: Duration = Duration::from_secs(120);

#[test]
fn whatever_happens_to_any_message_nothing_is_lost_doubled_or_left_locked() {
    // Every message in every way is half an hour: that is the long version. The short one goes to other messages with
    // each seed.
    let server = Front { port: database::SERVER.port(), hands_out: HandsOut::Sessions };
    meet_misfortune("messages", server, if is_long() { 1 } else { 4 });
}

#[test]
fn behind_a_transaction_pooler_neither() {
    let Some(pooler) = PgBouncer::start() else { return };
    // What differs from a direct connection is few messages, which stand all over a run.
    let front = Front { port: pooler.port(), hands_out: HandsOut::Transactions };
    meet_misfortune("messages behind PgBouncer", front, if is_long() { 1 } else { 10 });
}

/// What the proxy stands before.
#[derive(Debug, Clone, Copy)]
struct Front {
    port: u16,
    hands_out: HandsOut,
}

/// What a client gets there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum HandsOut {
    Sessions,
    /// Then nothing may be asked behind a transaction that has not ended.
    Transactions,
}

/// Trials at every so many messages of a run.
fn meet_misfortune(what: &str, front: Front, every: usize) {
    let chance = Chance::new();
    let faults = runtime().block_on(faults(front, every, chance.seed() as usize));
    let (faults, found) = (Mutex::new(faults), Mutex::new(Found::default()));
    // A thread each: what carries a message through client and proxy then never waits for another thread.
    std::thread::scope(|scope| {
        for _ in 0..WORKERS {
            scope.spawn(|| runtime().block_on(work(front, &faults, &found)));
        }
    });
    found.lock().unwrap().finish(what, chance.seed());
}

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

async fn work(front: Front, faults: &Mutex<Vec<Misfortune>>, found: &Mutex<Found>) {
    let mut site = Site::new(front).await;
    loop {
        let Some(misfortune) = faults.lock().unwrap().pop() else { return };
        let trial = tokio::time::timeout(HUNG, site.trial(misfortune)).await;
        let trial = match trial {
            Ok(trial) => trial,
            Err(_) => {
                site = Site::new(front).await;
                Trial { happened: true, wrong: vec!["it hung".to_owned()], ..Trial::default() }
            }
        };
        found.lock().unwrap().add(misfortune, trial);
    }
}

/// What goes wrong in which of the boots that the set takes.
#[derive(Debug, Clone, Copy)]
struct Misfortune {
    boot: usize,
    fault: Fault,
}

/// Every message once in every way, or in one way, another one for each.
async fn faults(front: Front, every: usize, seed: usize) -> Vec<Misfortune> {
    let mut faults = Vec::new();
    for (boot, traffic) in Site::new(front).await.untroubled().await.into_iter().enumerate() {
        for (sender, last) in
            [(Sender::Client, traffic.client_messages), (Sender::Server, traffic.server_messages)]
        {
            for nth in (1 + seed % every..=last).step_by(every) {
                let ways = WAYS.map(|way| Misfortune { boot, fault: Fault { sender, nth, way } });
                faults.extend_from_slice(if is_long() { &ways } else { &ways[(nth + seed) % 4..][..1] });
            }
        }
    }
    faults
}

/// Where trials go on: a database and a proxy in front of it.
struct Site {
    front: Front,
    db: Database,
    proxy: Proxy,
    /// Looks after the database, past the proxy.
    client: Client,
}

/// What came of one trial.
#[derive(Default)]
struct Trial {
    /// Whether the message was sent at all.
    happened: bool,
    /// Whether a held connection kept a lock or a transaction.
    kept_open: bool,
    /// Whether it was in the way of the next boot, which said so.
    named: bool,
    again: usize,
    wrong: Vec<String>,
}

impl Site {
    async fn new(front: Front) -> Site {
        // Long enough for a client that asks as soon as it has an error.
        let behind_errors = Duration::from_millis(2);
        let settings = ProxySettings { delay_behind_errors: behind_errors, ..ProxySettings::default() };
        let proxy = Proxy::start(front.port, settings).await;
        let db = Database::new().await;
        let client = db.client().await;
        client.batch_execute(EMPTY).await.unwrap();
        Site { front, db, proxy, client }
    }

    /// A pool of a service that has just been started.
    fn pool(&self) -> Pool {
        let url = format!("{}?application_name=orders", self.proxy.url(self.db.name()));
        database::pool(&url, 3)
    }

    /// What passes in each boot when nothing happens.
    async fn untroubled(&self) -> Vec<Traffic> {
        let mut traffic = Vec::new();
        for _ in 0..mixed::BOOTS {
            let migrator = Migrator::new(self.pool(), mixed());
            mixed::boot(&migrator, &self.client).await.unwrap();
            traffic.push(self.proxy.take_traffic());
        }
        let direct = Migrator::new(self.db.pool(), mixed());
        assert_eq!(mixed::wrong(&direct, &self.client).await, Vec::<String>::new());
        traffic
    }

    async fn trial(&self, Misfortune { boot, fault }: Misfortune) -> Trial {
        let direct = self.db.pool();
        mixed::prepare(&direct, &self.client, boot).await;
        let mut trial = Trial::default();
        let pool = self.pool();
        let said = Arc::new(AtomicUsize::new(0));
        let migrator = Migrator::new(pool.clone(), mixed()).observer(counting(&said));
        self.proxy.plan(fault);
        let outcome = tokio::select! {
            outcome = mixed::boot(&migrator, &self.client) => Some(outcome),
            () = self.proxy.until_held() => None,
        };
        trial.happened = !self.proxy.mend();
        // The next boot has nothing against it but what happened to this one.
        self.client.batch_execute(MEND).await.unwrap();
        match outcome {
            // Its client is gone with it: what comes now is another process.
            None => self.after_hold(&mut trial, &said).await,
            Some(outcome) => {
                trial.judge(fault, outcome, &self.client).await;
                let next = mixed::boot(&migrator, &self.client).await;
                trial.wrong.extend(next.err().map(|error| format!("the next boot: {error:?}")));
                trial.wrong.extend(broken(&pool).await);
            }
        }
        let left = database::left_locked(&self.client).await;
        if !left.is_empty() {
            trial.wrong.push(format!("locked: {left}"));
        }
        self.proxy.let_go();
        let overtaken = self.proxy.take_traffic().overtaken;
        if self.front.hands_out == HandsOut::Transactions && overtaken > 0 {
            trial.wrong.push(format!(
                "{overtaken} times something was asked behind a transaction that had not ended"
            ));
        }
        trial.wrong.extend(mixed::wrong(&Migrator::new(direct, mixed()), &self.client).await);
        trial.again = mixed::again(&self.client).await;
        if trial.again > said.load(Ordering::SeqCst) {
            trial.wrong.push("doubled: something ran again, and nobody was told".to_owned());
        }
        trial
    }

    /// A connection is open that nobody uses and nobody closes, and the server cannot know: the next boot does its work,
    /// or says in time who keeps it from that, so that somebody can end it.
    async fn after_hold(&self, trial: &mut Trial, said: &Arc<AtomicUsize>) {
        let (say, mut named) = unbounded_channel();
        let count = counting(said);
        let observer = move |event: &Event<'_>| {
            count(event);
            if let Event::Blocked { by, .. } = event {
                by.iter().for_each(|blocker| _ = say.send(blocker.pid));
            }
        };
        let short = LockPolicy { wait: SHORT_WAIT };
        let migrator = Migrator::new(self.pool(), mixed()).lock(short).observer(observer);
        let began = Instant::now();
        let mut boot = std::pin::pin!(mixed::boot(&migrator, &self.client));
        let outcome = loop {
            tokio::select! {
                outcome = &mut boot => break outcome,
                // CREATE INDEX CONCURRENTLY waits for every old transaction, without a limit.
                Some(pid) = named.recv() => { trial.named = true; self.end(pid).await; }
            }
        };
        if began.elapsed() > BOUND {
            trial.wrong.push(format!("the next boot took {:?}", began.elapsed()));
        }
        let held = database::rows(&self.client, STILL_HELD).await;
        let held: Vec<i32> = held.lines().map(|pid| pid.parse().unwrap()).collect();
        trial.kept_open = !held.is_empty();
        for pid in &held {
            self.end(*pid).await;
        }
        let Err(error) = outcome else { return };
        trial.named = true;
        let said = error.render();
        let names = |pid: &i32| said.contains(&format!("`select pg_terminate_backend({pid})`"));
        if !error.is_locked() || !held.iter().any(names) {
            trial.wrong.push(format!("the next boot names none of {held:?}: {said}"));
        }
        let patient = migrator.clone().lock(LockPolicy { wait: BOUND });
        let next = mixed::boot(&patient, &self.client).await;
        trial.wrong.extend(next.err().map(|error| format!("the boot behind the holder's end: {error:?}")));
    }

    async fn end(&self, pid: i32) {
        self.client.batch_execute(&format!("select pg_terminate_backend({pid})")).await.unwrap();
    }
}

/// What a held connection keeps: the migration lock, or just a transaction.
const STILL_HELD: &str = "select pid from pg_stat_activity a where datname = current_database()
    and pid <> pg_backend_pid() and backend_type = 'client backend' and (xact_start is not null
        or exists (select from pg_locks l where l.pid = a.pid and l.locktype = 'advisory' and l.granted))";

impl Trial {
    /// A cut may fail a boot, which then says so; a delay may not.
    async fn judge(&mut self, fault: Fault, outcome: Result<(), Error>, client: &Client) {
        let Err(error) = outcome else { return };
        if !error.is_connection_lost() || matches!(fault.way, Way::Delay(_)) {
            self.wrong.push(format!("the boot: {error:?}"));
        }
        let Some(failure) = error.failure().filter(|failure| failure.left == Left::Nothing) else { return };
        let done = format!("select from upshift.history where '{}' = version || '_' || name", failure.label);
        if !database::rows(client, &done).await.is_empty() {
            self.wrong.push(format!("it says that nothing was done, and that is not so: {error:?}"));
        }
    }
}

/// Counts what is said to be sent again though it may have been done.
fn counting(said: &Arc<AtomicUsize>) -> impl Fn(&Event<'_>) + Send + Sync + 'static {
    let said = said.clone();
    move |event| {
        if let Event::SentAgain { .. } = event {
            said.fetch_add(1, Ordering::SeqCst);
        }
    }
}

/// What does not work in a pool whose connections are all asked for.
async fn broken(pool: &Pool) -> Option<String> {
    let mut clients = Vec::new();
    for _ in 0..pool.status().max_size {
        let client = pool.get().await.map_err(|error| format!("the pool: {error}"));
        match client {
            Ok(client) => clients.push(client),
            Err(error) => return Some(error),
        }
    }
    for client in &clients {
        if let Err(error) = client.simple_query("select 1").await {
            return Some(format!("the pool: {error:?}"));
        }
    }
    None
}

/// What came of all trials.
#[derive(Default)]
struct Found {
    tally: Tally,
    not_sent: usize,
    cut: usize,
    delayed: usize,
    held: usize,
    kept_open: usize,
    named: usize,
}

impl Found {
    fn add(&mut self, misfortune: Misfortune, trial: Trial) {
        self.tally.trial(&misfortune, &trial.wrong);
        self.tally.again += trial.again;
        self.kept_open += usize::from(trial.kept_open);
        self.named += usize::from(trial.named);
        let count = match misfortune.fault.way {
            _ if !trial.happened => &mut self.not_sent,
            Way::CutBefore | Way::CutAfter => &mut self.cut,
            Way::Delay(_) => &mut self.delayed,
            Way::Hold => &mut self.held,
        };
        *count += 1;
    }

    fn finish(&self, what: &str, seed: u64) {
        let Found { cut, delayed, held, kept_open, named, not_sent, .. } = self;
        self.tally.finish(&format!(
            "{what} (seed {seed}): {cut} cut, {delayed} delayed, {held} held ({kept_open} kept a lock or a transaction, \
             {named} were in the way and named)"
        ));
        assert!(
            cut + delayed + held > 9 * not_sent,
            "{not_sent} of the messages were not sent the second time"
        );
    }
}
