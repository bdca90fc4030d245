//! What migrations do to a real database: locks, rewrites, scans, statement by statement.

mod compare;
mod look;
mod recorder;
mod seed;
mod seed_value;
mod text;
mod turnstile;
mod value;

use std::fmt;
use std::sync::Arc;

use upshift::files::Migration;
use upshift::{Direction, DownTarget, Migrator, Source, Version};
use upshift_lint::effect::Major;

pub use compare::{Comparison, Difference, Fact, NotCompared, Side};
pub use value::{EmptyTable, Rows, Scan, Seen, Trace, TracedLock, TracedStatement, TracedStep};

use crate::database::error::Kind;
use crate::database::place::{VARIABLE, runtime};
use crate::office::nothing_blocked;
use crate::{Server, TestDatabase, TestError};
use recorder::{Outcome, Record, Recorder, Refused, Surroundings, Totals};
use seed::Seeder;

/// From here on a session that has read a table can have that in the server's totals at once.
const FIRST_WITH_TOTALS: Major = Major(15);

/// How many rows each table gets, unless said.
const ROWS: u32 = 3;

/// What a migration set does to a real database, before it is run; [`run`](Tracing::run) runs it.
///
/// ```no_run
/// # const MIGRATIONS: upshift::Source = upshift::Source::embedded("", &[], &[]);
/// # async fn test() -> Result<(), upshift_test::TestError> {
/// let trace = upshift_test::trace(MIGRATIONS).run().await?;
/// println!("{trace}");
/// # Ok(())
/// # }
/// ```
pub fn trace(migrations: impl Into<Source>) -> Tracing {
    Tracing {
        source: migrations.into(),
        configure: Arc::new(|migrator| migrator),
        history: "upshift".to_owned(),
        since: None,
        rows: ROWS,
        way: Way::Up,
        server: None,
    }
}

/// A trace before it is made: [`trace`].
#[derive(Clone)]
pub struct Tracing {
    source: Source,
    configure: Arc<dyn Fn(Migrator) -> Migrator + Send + Sync>,
    history: String,
    since: Option<Version>,
    rows: u32,
    way: Way,
    server: Option<String>,
}

/// How far a trace goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Up,
    UpAndDown,
}

impl fmt::Debug for Tracing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tracing")
            .field("since", &self.since)
            .field("rows", &self.rows)
            .field("way", &self.way)
            .finish_non_exhaustive()
    }
}

impl Tracing {
    /// What your service tells its migrator: variables, the Rust code of backfills, timeouts.
    #[must_use]
    pub fn migrator(mut self, configure: impl Fn(Migrator) -> Migrator + Send + Sync + 'static) -> Tracing {
        self.configure = Arc::new(configure);
        self
    }

    /// The schema of the history, where the service says another than `upshift`.
    #[must_use]
    pub fn history_schema(mut self, name: impl Into<String>) -> Tracing {
        self.history = name.into();
        self
    }

    /// Looks at nothing before this version: earlier migrations run, quickly, and make what later ones meet.
    #[must_use]
    pub fn since(mut self, version: Version) -> Tracing {
        self.since = Some(version);
        self
    }

    /// How many rows each table gets as soon as it is there: 3 unless said, and with 0 none.
    ///
    /// A migration that fails with rows in the tables, as it would in production, is run again without them, and
    /// [`TracedStep::rows`] says so.
    #[must_use]
    pub fn rows(mut self, rows: u32) -> Tracing {
        self.rows = rows;
        self
    }

    /// Goes all the way back, too; each migration must have a down.
    #[must_use]
    pub fn and_back(mut self) -> Tracing {
        self.way = Way::UpAndDown;
        self
    }

    /// The address of the server, whatever DATABASE_URL says. Its role must be able to create databases.
    #[must_use]
    pub fn server(mut self, url: impl Into<String>) -> Tracing {
        self.server = Some(url.into());
        self
    }

    /// Runs the migrations, and looks.
    ///
    /// On a throw-away server of its own, where nobody else writes and no vacuum comes by; or on that of DATABASE_URL.
    ///
    /// # Errors
    /// No server can be had, its role may not create databases, or a migration fails in a database without rows.
    pub async fn run(self) -> Result<Trace, TestError> {
        let is_given = self.server.is_some() || std::env::var_os(VARIABLE).is_some_and(|url| !url.is_empty());
        // Ends with the trace.
        let own = if is_given { None } else { Some(own_server().await?) };
        let url = self.server.clone().or(own.as_ref().map(|server| server.url("postgres")));
        let mut record = Record::default();
        loop {
            let empty = TestDatabase::builder(Source::files([]));
            let empty = match &url {
                Some(url) => empty.server(url.clone()),
                None => empty,
            };
            let db = empty.create().await?;
            match self.attempt(&db, record).await? {
                Attempt::Whole(trace) => return Ok(trace),
                Attempt::Refused(so_far) => record = so_far,
            }
        }
    }

    /// Goes as far as it goes in one database.
    async fn attempt(&self, db: &TestDatabase, record: Record) -> Result<Attempt, TestError> {
        let client = db.client().await?;
        let shown =
            client.query_typed("select current_setting('server_version_num')::int4 / 10000", &[]).await;
        let major: i32 = shown
            .and_then(|rows| rows.first().map_or(Ok(0), |row| row.try_get(0)))
            .map_err(|cause| Kind::Office { cause })?;
        let mut seeder = None;
        if self.rows > 0 {
            let opened = Seeder::open(db.reach(), &self.history, self.rows).await;
            seeder = Some(opened.map_err(|cause| Kind::Connect { cause })?);
        }
        let major = Major(u16::try_from(major).unwrap_or_default());
        let up = Going { db, direction: Direction::Up, major };
        let (mut record, seeder) = match self.go(up, record, seeder).await? {
            Ok(gone) => gone,
            Err(refused) => return Ok(Attempt::Refused(refused)),
        };
        if self.way == Way::UpAndDown {
            let down = Going { direction: Direction::Down, ..up };
            record = match self.go(down, record, seeder).await? {
                Ok((record, _)) => record,
                Err(refused) => return Ok(Attempt::Refused(refused)),
            };
        }
        Ok(Attempt::Whole(Trace { major, steps: record.steps, empty: record.empty }))
    }

    /// All the way up, or down; what was recorded so far, where a migration cannot bear rows.
    async fn go(
        &self,
        going: Going<'_>,
        record: Record,
        seeder: Option<Seeder>,
    ) -> Result<Result<(Record, Option<Seeder>), Record>, TestError> {
        let Going { db, direction, major } = going;
        let is_seeded = seeder.is_some();
        let set = self.source.set().map_err(|cause| Kind::Migrations { cause })?;
        let is_early = |migration: &&Migration| migration.version().is_some_and(|it| Some(it) < self.since);
        let eve = set.iter().take_while(is_early).last().map(Migration::label);
        let (reach, since) = (db.reach().clone(), self.since);
        let totals = if major >= FIRST_WITH_TOTALS { Totals::Told } else { Totals::Late };
        let with = Surroundings { reach, history: &self.history, direction, totals, since, eve };
        let recorder = Recorder::new(with, record, seeder);
        let migrator = Migrator::new(db.pool()?, &self.source).schema(&self.history);
        let migrator = migrator.map_err(|cause| Kind::Schema { cause })?;
        let migrator = (self.configure)(migrator).hooks_with(recorder.clone());
        let outcome = match direction {
            Direction::Up => migrator.run().await,
            Direction::Down => migrator.down(DownTarget::All).await,
        };
        let error = match outcome {
            Ok(report) => {
                nothing_blocked(Ok(report))?;
                return Ok(Ok(recorder.take(Outcome::Whole).await));
            }
            Err(error) => error,
        };
        let (mut record, _) = recorder.take(Outcome::Failed).await;
        match error.failure() {
            Some(failure)
                if is_seeded
                    && failure.direction == direction
                    && record.refused(&failure.label, direction).is_none() =>
            {
                let words = failure.server.as_ref().map(ToString::to_string);
                let words = words.or(failure.code.as_ref().map(ToString::to_string)).unwrap_or_default();
                record.refused.push(Refused { label: failure.label.clone(), direction, words });
                Ok(Err(record))
            }
            _ => Err(Kind::Migrations { cause: error }.into()),
        }
    }
}

/// Where a run goes, and on which server.
#[derive(Clone, Copy)]
struct Going<'d> {
    db: &'d TestDatabase,
    direction: Direction,
    major: Major,
}

/// What one database came to.
enum Attempt {
    Whole(Trace),
    /// A migration failed with rows in the tables.
    Refused(Record),
}

/// Where nobody else writes, and no vacuum comes by.
async fn own_server() -> Result<Server, TestError> {
    let start = || Server::builder().setting("autovacuum", "off").setting("wal_level", "replica").start();
    let started = runtime()?.spawn_blocking(start).await;
    let started = started.map_err(|error| Kind::Panicked { said: error.to_string() })?;
    started.map_err(|cause| Kind::Server { cause }.into())
}
