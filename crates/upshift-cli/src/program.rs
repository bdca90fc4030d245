//! The program that the commands are part of: its migrations, and how it makes its migrator.

use std::fmt;
use std::sync::Arc;

use deadpool_postgres::Pool;
use upshift::{Migrator, Source};

/// The program that the commands are part of: its migrations, its pool, how it makes its migrator.
#[derive(Clone)]
pub struct Program {
    migrations: Migrations,
    pool: Option<Pool>,
    setup: Option<Setup>,
}

type Setup = Arc<dyn Fn(Migrator) -> Migrator + Send + Sync>;

/// Where the migrations come from.
#[derive(Debug, Clone)]
pub(crate) enum Migrations {
    /// They are in the program.
    Embedded(Source),
    /// They are in the folder that the settings say.
    Folder,
}

impl Program {
    /// A program that embeds its migrations.
    pub fn new(migrations: impl Into<Source>) -> Program {
        Program { migrations: Migrations::Embedded(migrations.into()), pool: None, setup: None }
    }

    /// A program whose migrations are in a folder: `--migrations`, or `migrations` here.
    pub fn folder() -> Program {
        Program { migrations: Migrations::Folder, pool: None, setup: None }
    }

    /// The program's own pool, instead of one that is made of `DATABASE_URL` and its like.
    pub fn pool(mut self, pool: Pool) -> Program {
        self.pool = Some(pool);
        self
    }

    /// How the program makes its migrator: service, policies, Rust backfills, hooks.
    ///
    /// It is given one that has what the command line, the environment and `upshift.toml` said, and what it sets counts.
    pub fn migrator(mut self, setup: impl Fn(Migrator) -> Migrator + Send + Sync + 'static) -> Program {
        self.setup = Some(Arc::new(setup));
        self
    }

    pub(crate) fn migrations(&self) -> &Migrations {
        &self.migrations
    }

    pub(crate) fn own_pool(&self) -> Option<&Pool> {
        self.pool.as_ref()
    }

    pub(crate) fn set_up(&self, migrator: Migrator) -> Migrator {
        match &self.setup {
            Some(setup) => setup(migrator),
            None => migrator,
        }
    }
}

impl fmt::Debug for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Program").field("migrations", &self.migrations).finish_non_exhaustive()
    }
}
