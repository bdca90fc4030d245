//! `database`: makes the one of the address, or drops it.

use clap::Subcommand;
use deadpool_postgres::PoolError;
use serde_json::json;
use tokio_postgres::Client;
use tokio_postgres::error::SqlState;

use crate::answer::Answer;
use crate::connect;
use crate::context::{Context, unreachable};
use crate::failure::Failure;

/// Make the database of --url, or drop it.
#[derive(Debug, Clone, Subcommand)]
pub enum DatabaseCommand {
    /// Make it, where it is not there yet.
    Create,
    /// Drop it with all that is in it. Asks.
    Drop {
        /// Disconnect whoever is in it.
        #[arg(long)]
        force: bool,
    },
}

/// Written for PostgreSQL 13 to 18.
const IS_THERE: &str =
    "select from pg_catalog.pg_database where datname operator(pg_catalog.=) $1::pg_catalog.name";

impl DatabaseCommand {
    pub(super) async fn run(&self, context: &Context) -> Result<Answer, Failure> {
        if context.program.own_pool().is_some() {
            return Err(Failure::refused("this program has a pool of its own, whose address is not known")
                .help("`upshift database` as a program of its own takes --url"));
        }
        let reached = connect::reached(context.settings.url.as_deref(), &context.environment)?;
        let name = reached.config.get_dbname().unwrap_or_default().to_owned();
        let desk = desk(&reached, &name).await?;
        let asked = desk.query_typed(IS_THERE, &[(&name, tokio_postgres::types::Type::TEXT)]).await;
        let is_there = !asked.map_err(|cause| refused("look for", &name, &cause))?.is_empty();
        let quoted = format!("\"{}\"", name.replace('"', "\"\""));
        let (sql, done) = match (self, is_there) {
            (DatabaseCommand::Create, true) => return Ok(said(&name, "is there already", Deed::None)),
            (DatabaseCommand::Drop { .. }, false) => return Ok(said(&name, "is not there", Deed::None)),
            (DatabaseCommand::Create, false) => (format!("create database {quoted}"), "is made"),
            (DatabaseCommand::Drop { force }, true) => {
                context.terminal.confirm(&format!("database {name} goes, with all that is in it")).await?;
                let force = if *force { " with (force)" } else { "" };
                (format!("drop database if exists {quoted}{force}"), "is dropped")
            }
        };
        match desk.batch_execute(&sql).await {
            Ok(()) => Ok(said(&name, done, Deed::Done)),
            // Somebody else was quicker. Which of the two is said depends on how close they were.
            Err(cause)
                if matches!(
                    cause.code(),
                    Some(&SqlState::DUPLICATE_DATABASE | &SqlState::UNIQUE_VIOLATION)
                ) =>
            {
                Ok(said(&name, "is there already", Deed::None))
            }
            Err(cause) => Err(refused(if is_there { "drop" } else { "make" }, &name, &cause)),
        }
    }
}

/// Whether anything was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Deed {
    Done,
    None,
}

fn said(name: &str, words: &str, deed: Deed) -> Answer {
    let data = json!({ "database": name, "is": words, "changed": deed == Deed::Done });
    Answer::done(format!("database {name} {words}"), data)
}

/// A connection to another database of the server: the one in question may be missing, or go.
async fn desk(reached: &connect::Reached, name: &str) -> Result<Client, Failure> {
    let mut why = None;
    for other in ["postgres", "template1"].into_iter().filter(|other| *other != name) {
        match reached.connect_to(other).await {
            Ok(client) => return Ok(client),
            Err(cause) if cause.code() == Some(&SqlState::INVALID_CATALOG_NAME) => why = Some(cause),
            Err(cause) => return Err(unreachable(&PoolError::Backend(cause))),
        }
    }
    Err(match why {
        Some(cause) => unreachable(&PoolError::Backend(cause)),
        None => Failure::refused("there is no database to connect to while this one is made or dropped"),
    })
}

fn refused(what: &str, name: &str, cause: &tokio_postgres::Error) -> Failure {
    let words = match cause.as_db_error() {
        Some(said) => match said.detail() {
            Some(detail) => format!("{} ({detail})", said.message()),
            None => said.message().to_owned(),
        },
        None => cause.to_string(),
    };
    let text = format!("cannot {what} database {name}\n  caused by: {words}");
    match cause.code() {
        Some(&SqlState::OBJECT_IN_USE) => {
            Failure::busy(text).help("wait until they are gone; --force disconnects them")
        }
        Some(&SqlState::INSUFFICIENT_PRIVILEGE) => {
            Failure::refused(text).help("whoever makes one needs `alter role … createdb`; its owner drops it")
        }
        _ => Failure::failed(text),
    }
}
