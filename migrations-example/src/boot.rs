//! How the service comes up: a pool, a migrator, and only then the first request. The part to copy.

use upshift::deadpool_postgres::{Manager, Pool};
use upshift::tokio_postgres::{Config, NoTls};
use upshift::{Direction, Event, Migrator, Observer, Report, Source, StepAt};

use crate::error::Error;
use crate::terminal::{Look, Terminal, human};

/// The service's name, in history, audit and `pg_stat_activity`.
pub const SERVICE: &str = "orders";
/// Its release.
pub const RELEASE: &str = env!("CARGO_PKG_VERSION");

/// The migrations in this binary.
#[must_use]
pub fn migrations() -> Source {
    upshift::embed_migrations!("migrations")
}

/// Connections to the database at this address.
///
/// # Errors
/// The address is none.
pub fn pool(url: &str) -> Result<Pool, Error> {
    let mut config: Config = url.parse().map_err(Error::Address)?;
    config.application_name(format!("{SERVICE} {RELEASE}"));
    Pool::builder(Manager::new(config, NoTls)).max_size(8).build().map_err(Error::Pool)
}

/// What brings this database to this binary's migrations.
#[must_use]
pub fn migrator(pool: Pool, terminal: Terminal) -> Migrator {
    Migrator::new(pool, migrations()).service(SERVICE, RELEASE).observer(Progress { terminal })
}

/// Migrates, and says in one line what came of it; the migrations themselves were shown by the observer.
///
/// # Errors
/// The migrations do not fit the database, or one fails: the service must not serve then.
pub async fn boot(migrator: &Migrator, terminal: Terminal) -> Result<Report, upshift::Error> {
    let report = migrator.run().await?;
    terminal.say(summary(&report));
    for blocked in &report.blocked {
        terminal.say(format!("blocked: {}: {}", blocked.label, blocked.by));
    }
    for note in &report.notes {
        terminal.say(format!("note: {note}"));
    }
    Ok(report)
}

fn summary(report: &Report) -> String {
    let took = human(report.took);
    match report.steps.as_slice() {
        [] => format!("nothing to do, in {took}"),
        [_] => format!("1 migration applied in {took}"),
        steps => format!("{} migrations applied in {took}", steps.len()),
    }
}

/// Shows what happens while it happens.
struct Progress {
    terminal: Terminal,
}

impl Observer for Progress {
    fn event(&self, event: &Event<'_>) {
        let terminal = self.terminal;
        match event {
            Event::StepFinished { step: StepAt { label, direction, .. }, took } => {
                let mark = match direction {
                    Direction::Up => terminal.paint(Look::Good, "✓"),
                    Direction::Down => terminal.paint(Look::Asked, "↩"),
                };
                let took = terminal.paint(Look::Dim, format!("{:>9}", human(*took)));
                terminal.say(format!("{mark} {label:<52} {took}"));
            }
            Event::Waiting { waited } => {
                terminal.say(format!("… another instance migrates, waiting for {}", human(*waited)));
            }
            Event::Blocked { step: StepAt { label, .. }, by } => {
                terminal.say(format!("… {label} waits for a lock"));
                by.iter().for_each(|blocker| terminal.say(format!("  held by {blocker}")));
            }
            Event::Retrying { step: StepAt { label, .. }, pause, why } => {
                terminal.say(format!("… {label} again in {}: {why}", human(*pause)));
            }
            Event::InvalidIndexDropped { index } => {
                terminal.say(format!("… dropped {index}, left behind by an attempt that failed"));
            }
            _ => {}
        }
    }
}
