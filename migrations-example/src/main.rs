//! `serve` runs the order service, `migrate` looks after its database, `demo` shows it on a throw-away server.

use std::io::Write;
use std::process::ExitCode;
use std::sync::Arc;

use clap::{CommandFactory as _, Parser, ValueEnum};
use migrations_example::error::Error;
use migrations_example::http::{self, Service};
use migrations_example::terminal::Terminal;
use migrations_example::{boot, demo, rollout};
use tokio::net::TcpListener;
use upshift_http::Site;

/// An order service that migrates itself at boot.
#[derive(Debug, Parser)]
#[command(name = "migrations-example", version, subcommand_required = true, arg_required_else_help = true)]
enum Command {
    /// Migrate the database at DATABASE_URL, then serve on 127.0.0.1:PORT (8080).
    Serve,
    /// Look after the database: status, plan, up, down and whatever else upshift can.
    Migrate(upshift_cli::Cli),
    /// Show all of it on a PostgreSQL server of its own, in seconds.
    Demo,
    /// Two releases serve while a column is replaced, on a server of its own.
    Rollout {
        /// How many orders are there before.
        orders: Option<u32>,
        /// A session sits idle in transactions that hold the table.
        idler: Option<IdlerWord>,
    },
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum IdlerWord {
    Idler,
}

fn size(orders: Option<u32>, idler: Option<IdlerWord>) -> rollout::Size {
    let idler = match idler {
        None => rollout::Idler::Nobody,
        Some(IdlerWord::Idler) => rollout::Idler::Session,
    };
    let usual = rollout::Size::default();
    rollout::Size { idler, orders: orders.unwrap_or(usual.orders), ..usual }
}

#[tokio::main]
async fn main() -> ExitCode {
    let terminal = Terminal::stdout();
    let outcome = match Command::parse() {
        Command::Migrate(cli) => return cli.run(migrations()).await.into(),
        Command::Serve => serve(terminal).await,
        Command::Demo => demo::run(terminal).await,
        Command::Rollout { orders, idler } => rollout::run(terminal, size(orders, idler)).await,
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nobody is left to be told when standard error is closed; the exit code says it.
            writeln!(std::io::stderr(), "error: {}", error.render()).unwrap_or_default();
            ExitCode::FAILURE
        }
    }
}

/// This program as the commands see it: its migrations, its service, its own command line.
fn migrations() -> upshift_cli::Program {
    upshift_cli::Program::new(boot::migrations())
        .migrator(|migrator| migrator.service(boot::SERVICE, boot::RELEASE))
        .mounted(Command::command(), ["migrate"])
}

async fn serve(terminal: Terminal) -> Result<(), Error> {
    let url = std::env::var("DATABASE_URL").map_err(|_| {
        Error::Usage("DATABASE_URL is not set: give it as postgres://user@host/database".to_owned())
    })?;
    let port = match std::env::var("PORT") {
        Err(_) => 8080,
        Ok(text) => text
            .parse::<u16>()
            .map_err(|_| Error::Usage(format!("PORT is `{text}`, which is no port number")))?,
    };
    let pool = boot::pool(&url)?;
    let site = Site::new(boot::migrator(pool.clone(), terminal));
    let migrator = site.migrator();

    let stop = http::stop_signal()?;
    let listener = TcpListener::bind(("127.0.0.1", port))
        .await
        .map_err(|source| Error::Network { doing: format!("listen on 127.0.0.1:{port}"), source })?;
    let address = listener
        .local_addr()
        .map_err(|source| Error::Network { doing: "learn the port that was chosen".to_owned(), source })?;
    // From here on /upshift/livez answers, and /upshift/readyz says 503 until the schema fits.
    let mut served = std::pin::pin!(http::serve(listener, Arc::new(Service::new(pool)), site, stop));
    terminal.say(format!("listening on http://{address}/upshift/"));
    tokio::select! {
        ended = &mut served => {
            terminal.say("stopped before the database was migrated");
            return ended;
        }
        booted = boot::boot(&migrator, terminal) => booted?,
    };
    terminal.say(format!("serving on http://{address}"));
    served.await?;
    terminal.say("stopped: every request was answered");
    Ok(())
}
