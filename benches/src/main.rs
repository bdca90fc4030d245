//! upshift, refinery and sqlx side by side, beside a floor written by hand, against a real server.
//!
//! ```text
//! cargo run --release                    all of it, some minutes
//! cargo run --release -- --quick         whether it works, some seconds
//! cargo run --release -- --json out.json every single round as well
//! cargo run --release -- empty crowd     these scenarios alone
//! cargo run --release -- --only upshift  this contender alone, to look at it with a profiler
//! ```

mod bench;
mod contender;
mod proxy;
mod report;
mod scenario;
mod trips;
mod wire;

use std::path::PathBuf;
use std::time::Duration;

use bench::Bench;
use contender::{Outcome, files};
use scenario::Scenario;

/// How much of it.
struct Scale {
    migrations: i32,
    rounds: fn(Scenario) -> usize,
}

const FULL: Scale = Scale {
    migrations: 1000,
    rounds: |scenario| match scenario {
        Scenario::NothingToDo => 60,
        Scenario::Empty => 7,
        Scenario::Crowd => 5,
    },
};

/// The real number of migrations, in a few minutes.
const BRIEF: Scale = Scale {
    migrations: 1000,
    rounds: |scenario| match scenario {
        Scenario::NothingToDo => 21,
        Scenario::Empty | Scenario::Crowd => 3,
    },
};

const QUICK: Scale = Scale {
    migrations: 50,
    rounds: |scenario| match scenario {
        Scenario::NothingToDo => 5,
        Scenario::Empty | Scenario::Crowd => 1,
    },
};

struct Wanted {
    scale: Scale,
    json: Option<PathBuf>,
    only: Option<String>,
    scenarios: Vec<Scenario>,
}

impl Wanted {
    fn from_arguments(mut arguments: impl Iterator<Item = String>) -> Outcome<Wanted> {
        let mut wanted = Wanted { scale: FULL, json: None, only: None, scenarios: Vec::new() };
        while let Some(argument) = arguments.next() {
            let scenario = Scenario::ALL.into_iter().find(|scenario| scenario.key() == argument);
            match (argument.as_str(), scenario) {
                (_, Some(scenario)) => wanted.scenarios.push(scenario),
                ("--quick", _) => wanted.scale = QUICK,
                ("--brief", _) => wanted.scale = BRIEF,
                ("--json", _) => {
                    wanted.json = Some(arguments.next().ok_or("--json needs a file name")?.into())
                }
                ("--only", _) => wanted.only = Some(arguments.next().ok_or("--only needs a contender")?),
                (other, _) => {
                    let known = Scenario::ALL.map(Scenario::key).join(", ");
                    return Err(format!(
                        "unknown argument `{other}`; known: --quick, --brief, --json FILE, --only CONTENDER, {known}"
                    )
                    .into());
                }
            }
        }
        if wanted.scenarios.is_empty() {
            wanted.scenarios = Scenario::ALL.to_vec();
        }
        Ok(wanted)
    }
}

fn main() -> Outcome<()> {
    let wanted = Wanted::from_arguments(std::env::args().skip(1))?;
    // What `#[tokio::main]` makes, as in a service.
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(run(wanted))
}

async fn run(Wanted { scale, json, only, scenarios }: Wanted) -> Outcome<()> {
    let bench = Bench::start(&[Duration::ZERO, Duration::from_millis(2)]).await?;
    let files = files(scale.migrations);
    let mut cells = Vec::new();
    for scenario in scenarios {
        let mut entrants = scenario.entrants(&files);
        entrants.retain(|entrant| only.as_deref().is_none_or(|only| entrant.name() == only));
        cells.extend(scenario.run(&bench, &entrants, &files, (scale.rounds)(scenario)).await?);
    }
    println!("PostgreSQL {}, {} migrations", bench.version(), files.len());
    print!("{}", report::markdown(&cells));
    if let Some(path) = json {
        std::fs::write(path, format!("{:#}\n", report::json(&cells, scale.migrations, &bench.version())))?;
    }
    Ok(())
}
