//! What a command works with: the program, the settings, the terminal; connections when it asks for one.

use std::path::{Path, PathBuf};

use deadpool_postgres::{Object, Pool};
use upshift::{MigrationSet, Migrator, Source};

use crate::connect;
use crate::failure::Failure;
use crate::program::{Migrations, Program};
use crate::settings::{Environment, Settings};
use crate::terminal::{Terminal, progress};

/// What a command works with.
pub(crate) struct Context {
    pub(crate) program: Program,
    pub(crate) settings: Settings,
    pub(crate) environment: Environment,
    pub(crate) terminal: Terminal,
}

impl Context {
    /// The migrations, nothing understood yet.
    pub(crate) fn source(&self) -> Source {
        match self.program.migrations() {
            Migrations::Embedded(source) => source.clone(),
            Migrations::Folder => {
                let source = Source::folder(&self.settings.folder);
                match self.settings.layout {
                    upshift::files::LayoutChoice::Detect => source,
                    upshift::files::LayoutChoice::Is(layout) => source.layout(layout),
                }
            }
        }
    }

    /// The migrations, understood.
    pub(crate) fn set(&self) -> Result<MigrationSet, Failure> {
        Ok(self.source().set()?)
    }

    /// Whether there is no migration yet: the folder is empty, or is not there.
    pub(crate) fn has_no_migrations(&self) -> bool {
        match self.program.migrations() {
            Migrations::Embedded(_) => false,
            Migrations::Folder => match upshift::files::folder::list(&self.settings.folder) {
                Ok(files) => files.is_empty(),
                Err(error) => error.kind() == std::io::ErrorKind::NotFound,
            },
        }
    }

    /// The folder that commands write files to. Embedded migrations are in one as well, at the time of writing.
    pub(crate) fn folder(&self) -> PathBuf {
        self.settings.folder.clone()
    }

    /// A pool of the program's own, or made of the settings.
    pub(crate) fn pool(&self) -> Result<Pool, Failure> {
        match self.program.own_pool() {
            Some(pool) => Ok(pool.clone()),
            None => connect::pool(self.settings.url.as_deref(), &self.environment),
        }
    }

    /// A connection for questions of the commands' own.
    pub(crate) async fn client(&self) -> Result<Object, Failure> {
        self.pool()?.get().await.map_err(|cause| unreachable(&cause))
    }

    /// A migrator as the settings and the program want it, whose run is shown on the terminal.
    pub(crate) fn migrator(&self) -> Result<Migrator, Failure> {
        Ok(self
            .program
            .set_up(progress::told(self.plain_migrator(self.pool()?, self.source())?, &self.terminal)))
    }

    /// The same, of whose runs nobody is told: they are no runs of this database.
    pub(crate) fn silent_migrator(&self) -> Result<Migrator, Failure> {
        self.migrator_of(self.source())
    }

    /// The same with other migrations, for questions about the history alone.
    pub(crate) fn migrator_of(&self, source: Source) -> Result<Migrator, Failure> {
        Ok(self.program.set_up(self.plain_migrator(self.pool()?, source)?))
    }

    /// The same for questions that need no database: nobody has to say where one is.
    pub(crate) fn migrator_offline(&self) -> Result<Migrator, Failure> {
        let pool = connect::pool(Some("postgres://nobody@localhost/nothing"), &Environment::default())?;
        Ok(self.program.set_up(self.plain_migrator(pool, self.source())?))
    }

    fn plain_migrator(&self, pool: Pool, source: Source) -> Result<Migrator, Failure> {
        let settings = &self.settings;
        let mut migrator = Migrator::new(pool, source)
            .schema(&settings.schema)
            .map_err(|why| Failure::usage(format!("--schema {}: {why}", settings.schema)))?
            .policy(settings.policy)
            .timeouts(settings.timeouts)
            .backfill_policy(settings.backfill)
            .lock(settings.lock)
            .drift_policy(settings.drift)
            .vars(settings.vars.clone());
        if let Some(filter) = settings.objects.drift_filter() {
            migrator = migrator.drift_filter(filter);
        }
        if let Some(service) = &settings.service {
            migrator = migrator.service(service.clone(), settings.release.clone().unwrap_or_default());
        }
        Ok(migrator)
    }

    /// A path as a person would write it.
    pub(crate) fn shown(&self, path: &Path) -> String {
        path.display().to_string()
    }
}

/// A pool that gives no connection: the server's own words, which stand at the end of the chain.
pub(crate) fn unreachable(cause: &deadpool_postgres::PoolError) -> Failure {
    // The pool's own words say nothing of a connection that the server, or nobody, answered.
    let first: &dyn std::error::Error = match cause {
        deadpool_postgres::PoolError::Backend(error) => match error.as_db_error() {
            Some(said) => said,
            None => error,
        },
        of_the_pool => of_the_pool,
    };
    let mut words = first.to_string();
    let mut inner = first.source();
    while let Some(error) = inner {
        words.push_str(&format!("\n  caused by: {error}"));
        inner = error.source();
    }
    Failure::unreachable(format!("no connection to the database: {words}"))
        .help("`upshift doctor` says more; the address is DATABASE_URL, --url or libpq's variables")
}
