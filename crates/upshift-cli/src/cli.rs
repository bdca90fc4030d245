//! The command line: what holds for every command.

use std::time::Duration;

use clap::{Args, Parser};
use upshift::State;
use upshift::files::parse_duration;

use crate::answer::failure_as_json;
use crate::command::Command;
use crate::connect;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::program::Program;
use crate::settings::{Environment, File, Settings};
use crate::terminal::{Consent, Format, Terminal, Verbosity};

/// Zero-downtime PostgreSQL migrations.
#[derive(Debug, Parser)]
#[command(name = "upshift", version, after_long_help = format!("Exit codes:\n{}", Exit::list()))]
#[command(subcommand_required = true, arg_required_else_help = true)]
pub(crate) struct Main {
    #[command(flatten)]
    pub(crate) cli: Cli,
}

/// The commands, with what holds for each of them: mount it as a subcommand of yours.
#[derive(Debug, Args)]
pub struct Cli {
    // Boxed, so that the enum which mounts it stays small.
    #[command(flatten)]
    globals: Box<Globals>,
    #[command(subcommand)]
    command: Box<Command>,
}

/// What holds for every command.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Everywhere")]
pub struct Globals {
    /// The database: postgres://user@host:5432/database, or libpq's `key=value` words.
    ///
    /// Without it DATABASE_URL counts, from the environment or from `.env`, then the url of upshift.toml, then libpq's
    /// variables (PGHOST, PGUSER, PGSSLMODE and so on). A password is best in ~/.pgpass or PGPASSWORD.
    #[arg(long, short = 'u', global = true, value_name = "URL")]
    pub(crate) url: Option<String>,
    /// The folder with the migrations [default: migrations].
    #[arg(long, short = 'm', global = true, value_name = "FOLDER")]
    pub(crate) migrations: Option<String>,
    /// An environment of upshift.toml: [environments.NAME].
    #[arg(long, short = 'e', global = true, value_name = "NAME")]
    pub(crate) environment: Option<String>,
    /// The schema of upshift's own tables [default: upshift].
    #[arg(long, global = true, value_name = "NAME", hide_short_help = true)]
    pub(crate) schema: Option<String>,
    /// Whose tool the files were written for, where that cannot be found out: goose, flyway, sqlx …
    #[arg(long, global = true, value_name = "TOOL", hide_short_help = true)]
    pub(crate) layout: Option<String>,
    /// The service, as history and audit name it.
    #[arg(long, global = true, value_name = "NAME", hide_short_help = true)]
    pub(crate) service: Option<String>,
    /// Its release.
    #[arg(long, global = true, value_name = "NAME", hide_short_help = true)]
    pub(crate) release: Option<String>,
    /// A variable of migrations that say `vars on`: name=value. May be said more than once.
    #[arg(long = "var", global = true, value_name = "NAME=VALUE", hide_short_help = true)]
    pub(crate) vars: Vec<String>,
    /// Apply a pending migration that is older than an applied one.
    #[arg(long, global = true, hide_short_help = true)]
    pub(crate) allow_out_of_order: bool,
    /// How long a statement may wait for a table lock: 500ms, 2s [default: 2s].
    #[arg(long, global = true, value_name = "TIME", hide_short_help = true)]
    pub(crate) lock_timeout: Option<String>,
    /// How long a statement may take [default: as long as it needs].
    #[arg(long, global = true, value_name = "TIME", hide_short_help = true)]
    pub(crate) statement_timeout: Option<String>,
    /// How long to wait for another migrator [default: 10m].
    #[arg(long, global = true, value_name = "TIME", hide_short_help = true)]
    pub(crate) lock_wait: Option<String>,
    /// How long the command may take in all: it is ended as by an interrupt then [default: as long as it needs].
    #[arg(long, global = true, value_name = "TIME", hide_short_help = true)]
    pub(crate) time_limit: Option<String>,
    /// Answer in JSON, to standard output; docs/commands.md has the shapes.
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Say yes to what would ask.
    #[arg(long, short = 'y', global = true)]
    pub(crate) yes: bool,
    /// Say nothing of what goes on; the answer alone.
    #[arg(long, short = 'q', global = true)]
    pub(crate) quiet: bool,
}

impl Cli {
    /// Does what the arguments say and prints the answer: to standard output what was asked for, to standard error what
    /// goes on and what went wrong.
    ///
    /// # Cancel safety
    /// An interrupt ends it as dropping a migrator's future does: the running transaction rolls back, the lock is freed.
    pub async fn run(self, program: Program) -> Exit {
        let terminal = Terminal::of(
            if self.globals.json { Format::Json } else { Format::Text },
            if self.globals.quiet || self.globals.json { Verbosity::Quiet } else { Verbosity::Normal },
            if self.globals.yes { Consent::Given } else { Consent::Asked },
            program.called(),
        );
        let name = self.command.name();
        let answered = self.answered(program, terminal.clone()).await;
        match (answered, terminal.format()) {
            (Ok(answer), format) => {
                let text = match format {
                    Format::Text => answer.text(terminal.called()),
                    Format::Json => format!("{:#}\n", answer.json(name, terminal.called())),
                };
                match terminal.print(&text) {
                    Ok(()) => answer.code(),
                    Err(failure) => {
                        terminal.fail(&failure);
                        failure.exit()
                    }
                }
            }
            (Err(failure), Format::Text) => {
                terminal.fail(&failure);
                failure.exit()
            }
            (Err(failure), Format::Json) => {
                let json = failure_as_json(name, &failure, terminal.called());
                let printed = terminal.print(&format!("{json:#}\n"));
                printed.map_or_else(|worse| worse.exit(), |()| failure.exit())
            }
        }
    }

    async fn answered(self, program: Program, terminal: Terminal) -> Result<crate::Answer, Failure> {
        let here = std::env::current_dir()
            .map_err(|cause| Failure::usage(format!("the current folder cannot be found: {cause}")))?;
        let environment = Environment::read(&here)?;
        let file = File::read(&here.join(File::NAME))?;
        let settings = Settings::resolve(&self.globals, &environment, &file)?;
        let limit = TimeLimit::of(self.globals.time_limit.as_deref())?;
        let context = Context { program, settings, environment, terminal };
        // The run is dropped before anything is asked or kept of it.
        let ended = tokio::select! {
            answered = self.command.run(&context) => {
                return answered.map_err(|failure| told(failure, &self.command, &context));
            }
            () = interrupted() => None,
            said = limit.is_up() => Some(said),
        };
        let failure = match ended {
            None => {
                Failure::failed(format!("interrupted: {ENDED}")).help("`upshift status` says what is done")
            }
            Some(said) => time_is_up(said, &self.command, &context).await,
        };
        self.command.keep(&context, &failure);
        Err(failure)
    }
}

/// The same, with the database that was tried, where it can only have been that of the settings.
fn told(failure: Failure, command: &Command, context: &Context) -> Failure {
    let is_of_the_settings = context.program.own_pool().is_none() && !command.takes_addresses();
    match failure.exit() {
        Exit::Unreachable if is_of_the_settings => {
            let which = connect::shown(context.settings.url.as_deref(), &context.environment);
            failure.tried(which)
        }
        _ => failure,
    }
}

/// What dropping a run means.
const ENDED: &str = "a running transaction is rolled back; what runs outside of one may be half done";

/// How long to look what is done, once the time is up.
const LAST_LOOK: Duration = Duration::from_secs(10);

/// How long a command may take.
enum TimeLimit<'t> {
    None,
    Of(&'t str, Duration),
}

impl<'t> TimeLimit<'t> {
    fn of(said: Option<&'t str>) -> Result<TimeLimit<'t>, Failure> {
        let Some(said) = said else { return Ok(TimeLimit::None) };
        let limit = parse_duration(said).map_err(|why| Failure::usage(format!("--time-limit: {why}")))?;
        Ok(TimeLimit::Of(said, limit))
    }

    async fn is_up(&self) -> &'t str {
        match self {
            TimeLimit::None => std::future::pending().await,
            TimeLimit::Of(said, limit) => {
                tokio::time::sleep(*limit).await;
                said
            }
        }
    }
}

/// The time is up: what is done and what is left, where the command was a run.
async fn time_is_up(said: &str, command: &Command, context: &Context) -> Failure {
    let mut text = format!("the time limit of {said} is up: {ENDED}");
    if command.is_a_run() {
        match tokio::time::timeout(LAST_LOOK, standing(context)).await {
            Ok(Ok(standing)) => text.push_str(&format!("\n  {standing}")),
            Ok(Err(_)) | Err(_) => text.push_str("\n  what is done cannot be read"),
        }
    }
    Failure::failed(text).help("the same command goes on where this one was ended")
}

async fn standing(context: &Context) -> Result<String, Failure> {
    let status = context.silent_migrator()?.status().await?;
    let (done, left): (Vec<_>, Vec<_>) = status.migrations.iter().partition(|it| it.applied.is_some());
    let half = done.iter().filter(|it| matches!(it.state, State::Failed(_)));
    let half: String = half.map(|it| format!("; half done: {} ({})", it.label, it.state)).collect();
    let left: Vec<&str> = left.iter().map(|it| it.label.as_str()).collect();
    let left = if left.is_empty() { "nothing".to_owned() } else { left.join(", ") };
    Ok(format!("{} of {} are in the history; pending: {left}{half}", done.len(), status.migrations.len()))
}

/// Returns when somebody wants the program to end: Ctrl-C, or SIGTERM from an orchestrator.
async fn interrupted() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminate.recv() => {}
            }
            return;
        }
    }
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    /// What clap checks of a grammar when it is used, for all of it.
    #[test]
    fn the_grammar_is_sound() {
        super::Main::command().debug_assert();
    }
}
