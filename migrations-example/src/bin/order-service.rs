//! One instance of the order service, under load of its own: `order-service RELEASE HOST WORKERS`, with DATABASE_URL.
//! Tells what happens on standard output (`rollout/wire.rs`), and ends when its standard input does.

use std::future::IntoFuture as _;
use std::io::Write;
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use migrations_example::error::Error;
use migrations_example::rollout::requests::{Dice, one};
use migrations_example::rollout::service::{Release, SWITCH, migrator, pool};
use migrations_example::rollout::wire::Line;
use tokio::io::AsyncReadExt;
use tokio::net::TcpListener;
use tokio::sync::{RwLock, watch};
use tokio::task::JoinSet;
use upshift::deadpool_postgres::Pool;
use upshift::{Event, Fleet, StepAt, Switch};
use upshift_http::{Site, axum};

/// Between two requests of a worker: the load stays below what two cores can do.
const THINK: Duration = Duration::from_millis(4);
const TELL: Duration = Duration::from_millis(100);

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, release, host, workers] = arguments.as_slice() else {
        writeln!(std::io::stderr(), "usage: order-service RELEASE HOST WORKERS").unwrap_or_default();
        return ExitCode::FAILURE;
    };
    let (Some(release), Ok(workers)) = (Release::of(release), workers.parse()) else {
        writeln!(std::io::stderr(), "releases are 1.0.0 and 2.0.0, workers a number").unwrap_or_default();
        return ExitCode::FAILURE;
    };
    match serve(release, host, workers).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tell(&Line::Refused(error.render()));
            ExitCode::FAILURE
        }
    }
}

fn tell(line: &Line) {
    let Ok(line) = serde_json::to_string(line) else { return };
    // Nobody listens: then there is nobody to tell that.
    writeln!(std::io::stdout().lock(), "{line}").unwrap_or_default();
}

/// Boots, joins, serves until the input ends, and leaves.
async fn serve(release: Release, host: &str, workers: usize) -> Result<(), Error> {
    let url =
        std::env::var("DATABASE_URL").map_err(|_| Error::Usage("DATABASE_URL is not set".to_owned()))?;
    let site = Site::new(migrator(pool(&url, release, 3)?, release, host).observer(observe));
    let (migrator, fleet) = (site.migrator(), Arc::new(RwLock::new(None::<Fleet>)));
    probed(site, &fleet).await?;
    migrator.run().await?;
    *fleet.write().await = Some(migrator.join().await?);
    let seat = fleet.read().await;
    let Some(joined) = seat.as_ref() else { return Ok(()) };
    tell(&Line::Serving);
    // Connections of requests apart from those that migrate: neither waits for the other.
    let pool = pool(&url, release, workers)?;
    let serving = Arc::new(Serving { pool, switch: joined.switch(SWITCH), done: Mutex::default() });
    let (end, ended) = watch::channel(End::No);
    let mut tasks = JoinSet::new();
    for worker in 0..workers {
        tasks.spawn(work(Arc::clone(&serving), worker as u64, ended.clone()));
    }
    tasks.spawn(tell_of(Arc::clone(&serving), ended));
    let mut input = tokio::io::stdin();
    let mut rest = Vec::new();
    tokio::select! {
        // However it ends: nobody holds this instance any more.
        _ = input.read_to_end(&mut rest) => {}
        unfit = joined.unfit() => tell(&Line::Said(format!("stops serving: {unfit}"))),
    }
    end.send_replace(End::Yes);
    // What has begun is answered.
    tasks.join_all().await;
    serving.tell();
    drop(seat);
    if let Some(joined) = fleet.write().await.take() {
        joined.leave().await;
    }
    Ok(())
}

/// Answers probes and shows the page from now on, as long as the process lives.
async fn probed(site: Site, fleet: &Arc<RwLock<Option<Fleet>>>) -> Result<(), Error> {
    let listening = |source| Error::Network { doing: "listen for probes".to_owned(), source };
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.map_err(listening)?;
    tell(&Line::Listening(listener.local_addr().map_err(listening)?));
    let asked = Arc::clone(fleet);
    let site = site.fleet(move || asked.try_read().ok()?.as_ref().map(Fleet::fitness));
    tokio::spawn(axum::serve(listener, site.router()).into_future());
    Ok(())
}

/// Whether the instance ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    No,
    Yes,
}

/// What the workers of an instance share.
struct Serving {
    pool: Pool,
    switch: Switch,
    done: Mutex<(Vec<u64>, Vec<String>)>,
}

impl Serving {
    fn tell(&self) {
        let mut done = self.done.lock().unwrap_or_else(PoisonError::into_inner);
        let (micros, failed) = std::mem::take(&mut *done);
        drop(done);
        if !micros.is_empty() || !failed.is_empty() {
            tell(&Line::Load { micros, failed });
        }
    }
}

async fn tell_of(serving: Arc<Serving>, ended: watch::Receiver<End>) {
    while *ended.borrow() == End::No {
        tokio::time::sleep(TELL).await;
        serving.tell();
    }
}

async fn work(serving: Arc<Serving>, worker: u64, ended: watch::Receiver<End>) {
    let mut dice = Dice::new(u64::from(std::process::id()) << 8 | worker);
    while *ended.borrow() == End::No {
        let began = Instant::now();
        let answer = one(&serving.pool, serving.switch.shape(), &mut dice).await;
        let took = u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX);
        {
            let mut done = serving.done.lock().unwrap_or_else(PoisonError::into_inner);
            match answer {
                Ok(()) => done.0.push(took),
                Err(why) => done.1.push(why),
            }
        }
        tokio::time::sleep(THINK).await;
    }
}

/// What the library does, for the story.
fn observe(event: &Event<'_>) {
    match event {
        Event::StepFinished { step: StepAt { label, .. }, took } => {
            let millis = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
            tell(&Line::Applied((*label).to_owned(), millis));
        }
        Event::Retrying { step: StepAt { label, .. }, .. } => {
            tell(&Line::Said(format!("{label} lets the traffic pass")))
        }
        _ => {}
    }
}
