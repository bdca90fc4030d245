//! A program with migrations in it, one of them Rust, and the commands mounted beside one of its own.

use std::process::ExitCode;

use clap::{CommandFactory as _, Parser};
use upshift::{BoxError, Source, StepContext, migration};

/// A service.
#[derive(Parser)]
enum Service {
    /// Serve.
    Serve,
    /// Look after the database.
    Migrate(upshift_cli::Cli),
}

#[migration(version = "2", name = "first_user")]
async fn first_user(step: &mut StepContext<'_>) -> Result<(), BoxError> {
    step.batch_execute("insert into users values (1, 'first')").await?;
    Ok(())
}

#[tokio::main]
async fn main() -> ExitCode {
    let users = upshift::SourceFile::new(
        "1_users.sql",
        "create table users (id bigint primary key, name text);\n-- upshift: down\ndrop table users;",
    );
    let migrations = Source::files([users]).with([first_user]);
    match Service::parse() {
        Service::Serve => ExitCode::SUCCESS,
        Service::Migrate(cli) => {
            let program = upshift_cli::Program::new(migrations).mounted(Service::command(), ["migrate"]);
            cli.run(program.migrator(|migrator| migrator.service("users", "1.0.0"))).await.into()
        }
    }
}
