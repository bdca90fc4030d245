//! `serve` runs the order service, `demo` shows it on a throw-away server.

use std::io::Write;
use std::process::ExitCode;
use std::sync::Arc;

use migrations_example::error::Error;
use migrations_example::http::{self, Service};
use migrations_example::terminal::Terminal;
use migrations_example::{boot, demo, rollout};
use tokio::net::TcpListener;

const USAGE: &str = "\
usage: migrations-example COMMAND

  serve   migrate the database at DATABASE_URL, then serve on 127.0.0.1:PORT (8080)
  demo    show all of it on a PostgreSQL server of its own, in seconds
  rollout [ORDERS] [idler]
          two releases serve while a column is replaced, on a server of its own;
          with `idler` a session sits idle in transactions that hold the table";

enum Command {
    Serve,
    Demo,
    Rollout(rollout::Size),
    Help,
}

impl Command {
    fn parse(mut words: impl Iterator<Item = String>) -> Result<Command, Error> {
        let (command, argument, more) = (words.next(), words.next(), words.next());
        match (command.as_deref(), argument) {
            (Some("rollout"), orders) => Ok(Command::Rollout(size(orders, more.as_deref())?)),
            (Some(_), Some(_)) if more.is_some() => {
                Err(Error::Usage(format!("`{}` is one word too many\n\n{USAGE}", more.unwrap_or_default())))
            }
            (Some("serve"), None) => Ok(Command::Serve),
            (Some("demo"), None) => Ok(Command::Demo),
            (Some("help" | "--help" | "-h"), None) => Ok(Command::Help),
            (None, _) => Err(Error::Usage(format!("no command given\n\n{USAGE}"))),
            (Some(_), Some(extra)) => Err(Error::Usage(format!("`{extra}` is one word too many\n\n{USAGE}"))),
            (Some(other), None) => Err(Error::Usage(format!("unknown command `{other}`\n\n{USAGE}"))),
        }
    }
}

fn size(orders: Option<String>, idler: Option<&str>) -> Result<rollout::Size, Error> {
    let idler = match idler {
        None => rollout::Idler::Nobody,
        Some("idler") => rollout::Idler::Session,
        Some(other) => return Err(Error::Usage(format!("`{other}` is one word too many\n\n{USAGE}"))),
    };
    let size = rollout::Size { idler, ..rollout::Size::default() };
    let Some(orders) = orders else { return Ok(size) };
    let orders =
        orders.parse().map_err(|_| Error::Usage(format!("`{orders}` is no number of orders\n\n{USAGE}")))?;
    Ok(rollout::Size { orders, ..size })
}

#[tokio::main]
async fn main() -> ExitCode {
    let terminal = Terminal::stdout();
    let outcome = match Command::parse(std::env::args().skip(1)) {
        Ok(Command::Serve) => serve(terminal).await,
        Ok(Command::Demo) => demo::run(terminal).await,
        Ok(Command::Rollout(size)) => rollout::run(terminal, size).await,
        Ok(Command::Help) => {
            terminal.say(USAGE);
            Ok(())
        }
        Err(error) => Err(error),
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
    let migrator = boot::migrator(pool.clone(), terminal);
    boot::boot(&migrator, terminal).await?;

    let stop = http::stop_signal()?;
    let listener = TcpListener::bind(("127.0.0.1", port))
        .await
        .map_err(|source| Error::Network { doing: format!("listen on 127.0.0.1:{port}"), source })?;
    let address = listener
        .local_addr()
        .map_err(|source| Error::Network { doing: "learn the port that was chosen".to_owned(), source })?;
    terminal.say(format!("serving on http://{address}"));
    http::serve(listener, Arc::new(Service::new(pool, migrator)), stop).await?;
    terminal.say("stopped: every request was answered");
    Ok(())
}
