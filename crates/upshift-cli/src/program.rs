//! The program that the commands are part of: its migrations, and how it makes its migrator.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::CommandFactory as _;
use deadpool_postgres::Pool;
use upshift::{Migrator, Source};

use crate::words::Called;

/// The program that the commands are part of: its migrations, its pool, how it makes its migrator.
#[derive(Clone)]
pub struct Program {
    migrations: Migrations,
    pool: Option<Pool>,
    setup: Option<Setup>,
    grammar: Option<Grammar>,
}

/// The command line that the commands are a part of.
#[derive(Clone)]
struct Grammar {
    whole: clap::Command,
    /// The subcommands that lead to them.
    path: Vec<String>,
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
        Program {
            migrations: Migrations::Embedded(migrations.into()),
            pool: None,
            setup: None,
            grammar: None,
        }
    }

    /// A program whose migrations are in a folder: `--migrations`, or `migrations` here.
    pub fn folder() -> Program {
        Program { migrations: Migrations::Folder, pool: None, setup: None, grammar: None }
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

    /// The program's own command line, and the subcommands in it that lead to the commands: `completions` and `man` are of
    /// that program then, and advice names its commands: "`orders migrate status`".
    ///
    /// ```no_run
    /// # use clap::CommandFactory as _;
    /// # #[derive(clap::Parser)]
    /// # enum Orders { Migrate(upshift_cli::Cli) }
    /// # const MIGRATIONS: upshift::Source = upshift::Source::embedded("", &[], &[]);
    /// let program = upshift_cli::Program::new(MIGRATIONS).mounted(Orders::command(), ["migrate"]);
    /// ```
    pub fn mounted(
        mut self,
        whole: clap::Command,
        path: impl IntoIterator<Item = impl Into<String>>,
    ) -> Program {
        let path = path.into_iter().map(Into::into).collect();
        self.grammar = Some(Grammar { whole, path });
        self
    }

    /// The whole command line, every name in it settled, and the subcommands that lead to the commands.
    pub(crate) fn grammar(&self) -> (clap::Command, &[String]) {
        let (mut whole, path) = match &self.grammar {
            Some(grammar) => (called(grammar.whole.clone()), grammar.path.as_slice()),
            None => (crate::cli::Main::command(), Default::default()),
        };
        whole.build();
        (whole, path)
    }

    /// What a person types before a command.
    pub(crate) fn called(&self) -> Called {
        let Some(Grammar { whole, path }) = &self.grammar else { return Called::default() };
        let whole = called(whole.clone());
        Called::by(whole.get_bin_name().unwrap_or(whole.get_name()), path)
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

/// By the name that the program was called by: what a shell completes, whatever its package is.
fn called(command: clap::Command) -> clap::Command {
    let path = std::env::args_os().next().map(PathBuf::from);
    match path.as_deref().and_then(Path::file_stem).map(|name| name.to_string_lossy().into_owned()) {
        Some(name) if command.get_bin_name().is_none() => command.name(name.clone()).bin_name(name),
        _ => command,
    }
}

impl fmt::Debug for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Program").field("migrations", &self.migrations).finish_non_exhaustive()
    }
}
