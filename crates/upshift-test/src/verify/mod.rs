//! Every down tried: up, down, up again, and the schema compared each time.

mod rows;
mod verdict;
mod walk;

use std::num::NonZeroUsize;

use tokio::task::JoinSet;
use upshift::{Source, Vars, Version};

pub use rows::RowDiff;
pub use verdict::{RollbackDiff, RollbackVerdict, Unproven, Verification, VerifiedMigration};

use crate::database::error::{Kind, TestError};
use crate::database::fixture::Fixture;
use crate::database::place::Wish;
use crate::database::reach::Reach;
use crate::database::runtime;
use walk::Walk;

/// Tries the way back of every migration, on a scratch database: [`VerifyRollbacks`] with nothing said.
///
/// ```no_run
/// # const MIGRATIONS: upshift::Source = upshift::Source::embedded("", &[], &[]);
/// # async fn every_down_goes_back() -> Result<(), Box<dyn std::error::Error>> {
/// // In a test of the service:
/// upshift_test::verify_rollbacks(MIGRATIONS).await?.require_proven()?;
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// As [`VerifyRollbacks::run`].
pub async fn verify_rollbacks(migrations: impl Into<Source>) -> Result<Verification, TestError> {
    VerifyRollbacks::new(migrations).run().await
}

/// Tries the way back of every migration, on a scratch database.
///
/// Each migration in order: up, down, up again. The schema after the down must be the one before the up, and the schema
/// after the second up that after the first; with [sample rows](VerifyRollbacks::sample), the rows as well. Gates do not
/// count here. Repeatables have no way back and are not run.
///
/// What an earlier down left behind reaches no later migration: after a down that did not go back, the walk goes on in a
/// fresh database.
#[derive(Debug, Clone)]
#[must_use = "it does nothing until `run`"]
pub struct VerifyRollbacks {
    pub(crate) source: Source,
    pub(crate) vars: Vars,
    pub(crate) history_schema: Option<String>,
    pub(crate) server: Wish,
    pub(crate) role: Option<String>,
    pub(crate) since: Option<Version>,
    samples: Vec<Sample>,
    at_once: Option<NonZeroUsize>,
}

/// Rows that are inserted before a migration.
#[derive(Debug, Clone)]
pub(crate) struct Sample {
    pub(crate) before: Version,
    pub(crate) fixture: Fixture,
}

impl VerifyRollbacks {
    /// Of all migrations, without sample rows.
    pub fn new(migrations: impl Into<Source>) -> VerifyRollbacks {
        VerifyRollbacks {
            source: migrations.into(),
            vars: Vars::new(),
            history_schema: None,
            server: Wish::Whichever,
            role: None,
            since: None,
            samples: Vec::new(),
            at_once: None,
        }
    }

    /// Statements that insert rows before this migration is applied, with the path to name when they fail. They stay for the
    /// migrations behind it. From the first sample on, rows are compared: those after a down with those before its up; after
    /// the second up their number, since an up may write what is of the moment.
    pub fn sample(mut self, before: Version, path: impl Into<String>, sql: impl Into<String>) -> Self {
        let fixture = Fixture { path: path.into(), sql: sql.into() };
        self.samples.push(Sample { before, fixture });
        self
    }

    /// Tries from this migration on; the ones before are applied and not tried. For a history with downs that nobody will
    /// mend any more.
    pub fn since(mut self, first: Version) -> Self {
        self.since = Some(first);
        self
    }

    /// How many databases walk at once, each through a part of the migrations; by default as many as there are processors, at
    /// most 8. One for migrations that make roles and do not look whether they are there: those belong to the server.
    pub fn walks(mut self, number: NonZeroUsize) -> Self {
        self.at_once = Some(number);
        self
    }

    /// The values of `${name}` in migrations that say `vars on`.
    pub fn vars(mut self, vars: Vars) -> Self {
        self.vars = vars;
        self
    }

    /// The schema of the history, where the service says another than `upshift`.
    pub fn history_schema(mut self, name: impl Into<String>) -> Self {
        self.history_schema = Some(name.into());
        self
    }

    /// As [`TestDatabaseBuilder::server`](crate::TestDatabaseBuilder::server).
    pub fn server(mut self, url: impl Into<String>) -> Self {
        self.server = Wish::At(url.into());
        self
    }

    /// The same for a server that an address alone does not reach, such as over TLS; it is known by this name.
    pub fn reached(mut self, name: impl Into<String>, reach: Reach) -> Self {
        self.server = Wish::Reached { name: name.into(), reach: Box::new(reach) };
        self
    }

    /// As [`TestDatabaseBuilder::role`](crate::TestDatabaseBuilder::role).
    pub fn role(mut self, name: impl Into<String>) -> Self {
        self.role = Some(name.into());
        self
    }

    /// Tries them.
    ///
    /// # Errors
    /// No server can be had, a migration cannot be applied, a sample fails or is before a migration that the set does not
    /// have. A down that fails is no error but a verdict.
    ///
    /// # Cancel safety
    /// Dropping the future ends the walk; its databases go by themselves.
    pub async fn run(self) -> Result<Verification, TestError> {
        // Where test databases are made: the connections of their office belong to that runtime. A set, for it ends what it
        // runs when it is dropped.
        let mut walking = JoinSet::new();
        walking.spawn_on(Walk::through(self), runtime()?.handle());
        match walking.join_next().await {
            Some(Ok(verification)) => verification,
            Some(Err(error)) => Err(Kind::Panicked { said: error.to_string() }.into()),
            None => Err(Kind::Panicked { said: "nothing ran".to_owned() }.into()),
        }
    }

    pub(crate) fn at_once(&self) -> usize {
        let processors = || std::thread::available_parallelism().map_or(1, |number| number.get().min(8));
        self.at_once.map_or_else(processors, NonZeroUsize::get)
    }

    pub(crate) fn samples_before(&self, version: Version) -> impl Iterator<Item = &Sample> {
        self.samples.iter().filter(move |sample| sample.before == version)
    }

    pub(crate) fn samples(&self) -> &[Sample] {
        &self.samples
    }
}
