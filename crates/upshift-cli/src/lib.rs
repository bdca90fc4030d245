//! Everything that upshift can do, from a command line: as the program `upshift`, and inside of yours.
//!
//! A service that embeds its migrations gets all commands with them, Rust migrations as well:
//!
//! ```no_run
//! # const MIGRATIONS: upshift::Source = upshift::Source::embedded("", &[], &[]);
//! // const MIGRATIONS: upshift::Source = upshift::embed_migrations!("migrations");
//! fn main() -> std::process::ExitCode {
//!     upshift_cli::run(MIGRATIONS)
//! }
//! ```
//!
//! A program that has a command line of its own mounts them in it:
//!
//! ```no_run
//! # const MIGRATIONS: upshift::Source = upshift::Source::embedded("", &[], &[]);
//! use clap::{CommandFactory as _, Parser};
//! use std::process::ExitCode;
//!
//! #[derive(Parser)]
//! enum Orders {
//!     /// Serve.
//!     Serve,
//!     /// Look after the database.
//!     Migrate(upshift_cli::Cli),
//! }
//!
//! #[tokio::main]
//! async fn main() -> ExitCode {
//!     match Orders::parse() {
//!         Orders::Serve => ExitCode::SUCCESS,
//!         Orders::Migrate(cli) => {
//!             let program = upshift_cli::Program::new(MIGRATIONS);
//!             cli.run(program.mounted(Orders::command(), ["migrate"])).await.into()
//!         }
//!     }
//! }
//! ```
//!
//! What each command answers with `--json`, and the exit codes: `docs/commands.md`. This is the only crate of upshift that
//! reads the environment and prints.

mod answer;
mod backup;
mod cli;
mod command;
mod connect;
mod context;
mod exit;
mod failure;
mod program;
mod settings;
mod terminal;
mod words;

use std::process::ExitCode;

use clap::{CommandFactory as _, FromArgMatches as _};

pub use answer::{Answer, JSON_VERSION};
pub use cli::{Cli, Globals};
pub use command::Command;
pub use exit::Exit;
pub use failure::Failure;
pub use program::Program;

use upshift::Source;

/// The whole command line of a program that embeds its migrations: reads the arguments, does what they say, prints the
/// answer, gives the exit code.
pub fn run(migrations: impl Into<Source>) -> ExitCode {
    let grammar = cli::Main::command();
    start(Program::new(migrations).mounted(grammar.clone(), [""; 0]), grammar)
}

/// The program `upshift`: the migrations are a folder.
pub fn main() -> ExitCode {
    start(Program::folder(), cli::Main::command().bin_name("upshift"))
}

fn start(program: Program, grammar: clap::Command) -> ExitCode {
    let called = program.called();
    let read = grammar.try_get_matches().and_then(|matches| cli::Main::from_arg_matches(&matches));
    let cli = match read {
        Ok(main) => main.cli,
        Err(answer) => {
            // Help and version are errors to clap, which go to standard output and are no failure.
            let code = answer.exit_code();
            if code != 0 && std::env::args_os().any(|argument| argument == "--json") {
                let words = answer.to_string();
                let words = words.trim_end();
                let failure = Failure::usage(words.strip_prefix("error: ").unwrap_or(words));
                terminal::print_json(&answer::failure_as_json("", &failure, &called));
                return failure.exit().into();
            }
            return match answer.print() {
                Ok(()) => ExitCode::from(u8::try_from(code).unwrap_or(1)),
                Err(_) => Exit::Failed.into(),
            };
        }
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    match runtime {
        Ok(runtime) => runtime.block_on(cli.run(program)).into(),
        Err(cause) => {
            terminal::complain(&format!("the asynchronous runtime does not start: {cause}"), &called);
            Exit::Failed.into()
        }
    }
}
