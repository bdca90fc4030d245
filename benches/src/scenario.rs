//! The three boots that are measured. Rounds of all contenders take turns, and another one begins each round, so that
//! what disturbs the machine disturbs all of them.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::bench::Bench;
use crate::contender::{Bare, Entrant, File, Outcome, Place, Refinery, Sending, Sqlx, Upshift};
use crate::proxy::Proxy;
use crate::trips::Trips;

/// How many services boot at once.
pub const CROWD: usize = 8;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scenario {
    /// Everything is applied already.
    NothingToDo,
    /// Everything is to be applied.
    Empty,
    /// Everything is to be applied, and [`CROWD`] want to.
    Crowd,
}

/// One round of one contender.
#[derive(Debug, Clone, Copy)]
pub struct Sample {
    /// Of the migrating alone; for a crowd, from the first start to the last end, connecting included.
    pub took: Duration,
    pub with_connect: Duration,
    /// After connecting.
    pub trips: Trips,
    pub succeeded: usize,
}

/// All rounds of one contender in one scenario at one delay.
pub struct Cell {
    pub scenario: Scenario,
    pub delay: Duration,
    pub name: &'static str,
    pub place: Place,
    pub samples: Vec<Sample>,
    /// The first error of a boot that failed.
    pub failure: Option<String>,
}

impl Scenario {
    pub const ALL: [Scenario; 3] = [Scenario::NothingToDo, Scenario::Empty, Scenario::Crowd];

    pub fn title(self) -> &'static str {
        match self {
            Scenario::NothingToDo => "boot with nothing to do",
            Scenario::Empty => "all migrations into an empty database",
            Scenario::Crowd => "eight boots at once on an empty database",
        }
    }

    pub fn key(self) -> &'static str {
        match self {
            Scenario::NothingToDo => "nothing-to-do",
            Scenario::Empty => "empty",
            Scenario::Crowd => "crowd",
        }
    }

    /// Who takes part, in the order of the tables.
    pub fn entrants(self, files: &[File]) -> Vec<Entrant> {
        let bare = |place, sending| -> Entrant { Arc::new(Bare::new(place, sending, files)) };
        let mut all = match self {
            Scenario::NothingToDo => vec![bare(Place::Floor, Sending::MigrationAMessage)],
            Scenario::Empty => vec![
                bare(Place::Floor, Sending::MigrationAMessage),
                bare(Place::OtherFloor, Sending::StatementAMessage),
            ],
            Scenario::Crowd => vec![
                bare(Place::Floor, Sending::LockedOneByOne),
                bare(Place::OtherFloor, Sending::LockedPipelined),
            ],
        };
        all.push(Arc::new(Upshift::new(files)));
        all.push(Arc::new(Refinery::new(files)));
        all.push(Arc::new(Sqlx::new(files)));
        all
    }

    /// Runs all rounds; one more of each comes first and is thrown away.
    pub async fn run(
        self,
        bench: &Bench,
        entrants: &[Entrant],
        files: &[File],
        rounds: usize,
    ) -> Outcome<Vec<Cell>> {
        if self == Scenario::NothingToDo {
            for (at, entrant) in entrants.iter().enumerate() {
                apply_all(bench, entrant, &migrated(at), files).await?;
            }
        }
        let mut cells: Vec<Cell> = Vec::new();
        for proxy in &bench.proxies {
            let cell = |entrant: &Entrant| Cell {
                scenario: self,
                delay: proxy.delay,
                name: entrant.name(),
                place: entrant.place(),
                samples: Vec::new(),
                failure: None,
            };
            cells.extend(entrants.iter().map(cell));
        }
        for round in 0..=rounds {
            eprintln!("{}: round {round} of {rounds}", self.title());
            for (way, proxy) in bench.proxies.iter().enumerate() {
                for turn in 0..entrants.len() {
                    let at = (turn + round) % entrants.len();
                    let (sample, failure) =
                        self.turn(Turn { bench, proxy, entrant: &entrants[at] }, at, files).await?;
                    let cell = &mut cells[way * entrants.len() + at];
                    cell.failure = cell.failure.take().or(failure);
                    if round > 0 {
                        cell.samples.push(sample);
                    }
                }
            }
        }
        if self == Scenario::NothingToDo {
            for at in 0..entrants.len() {
                bench.drop(&migrated(at)).await?;
            }
        }
        Ok(cells)
    }

    async fn turn(self, turn: Turn<'_>, at: usize, files: &[File]) -> Outcome<(Sample, Option<String>)> {
        match self {
            Scenario::NothingToDo => turn.boot(&migrated(at), 1).await,
            Scenario::Empty => turn.boot_fresh(1, files).await,
            Scenario::Crowd => turn.boot_fresh(CROWD, files).await,
        }
    }
}

/// The database of a contender in which everything is applied.
fn migrated(at: usize) -> String {
    format!("migrated_{at}")
}

async fn apply_all(bench: &Bench, entrant: &Entrant, database: &str, files: &[File]) -> Outcome<()> {
    bench.create(database).await?;
    entrant.boot(&bench.address(&bench.proxies[0], database)).await?;
    bench.has_all(database, files.len()).await?;
    bench.settle(database).await
}

/// One contender's turn.
struct Turn<'a> {
    bench: &'a Bench,
    proxy: &'a Proxy,
    entrant: &'a Entrant,
}

impl Turn<'_> {
    /// Boots on a database that was never used, and looks at what came of it.
    async fn boot_fresh(&self, boots: usize, files: &[File]) -> Outcome<(Sample, Option<String>)> {
        let database = "fresh";
        self.bench.create(database).await?;
        let outcome = self.boot(database, boots).await?;
        self.bench.has_all(database, files.len()).await?;
        self.bench.drop(database).await?;
        Ok(outcome)
    }

    /// Boots, each a task with connections of its own; with the figures, the first error of those that failed.
    async fn boot(&self, database: &str, boots: usize) -> Outcome<(Sample, Option<String>)> {
        let before = self.proxy.counter.trips();
        let began = Instant::now();
        let tasks: Vec<_> = (0..boots)
            .map(|_| {
                let (entrant, address) = (Arc::clone(self.entrant), self.bench.address(self.proxy, database));
                tokio::spawn(async move { entrant.boot(&address).await })
            })
            .collect();
        let mut outcomes = Vec::new();
        for task in tasks {
            outcomes.push(task.await?);
        }
        let took = began.elapsed();
        let trips = self.proxy.counter.trips().since(before);
        let succeeded = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
        let failure =
            outcomes.iter().find_map(|outcome| outcome.as_ref().err().map(|cause| chain(cause.as_ref())));
        let sample = match outcomes.as_slice() {
            [Ok(boot)] => Sample {
                took: boot.migrate,
                with_connect: boot.connect + boot.migrate,
                trips: boot.trips,
                succeeded,
            },
            [Err(_)] => {
                return Err(format!("{}: {}", self.entrant.name(), failure.unwrap_or_default()).into());
            }
            _ => Sample { took, with_connect: took, trips, succeeded },
        };
        Ok((sample, failure))
    }
}

/// An error with its causes.
fn chain(error: &dyn std::error::Error) -> String {
    let mut words = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        words = format!("{words}: {next}");
        cause = next.source();
    }
    words
}
