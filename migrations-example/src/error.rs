//! Why the program ends early.

use std::error::Error as _;
use std::io;

use upshift::{deadpool_postgres, tokio_postgres};
use upshift_test::ServerError;

/// Why the program ends early.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The command line or the environment is wrong.
    #[error("{0}")]
    Usage(String),
    /// `DATABASE_URL` is no address of a database.
    #[error("DATABASE_URL is no address of a PostgreSQL database")]
    Address(#[source] tokio_postgres::Error),
    /// The pool could not be made.
    #[error("could not make a connection pool")]
    Pool(#[source] deadpool_postgres::BuildError),
    /// The migrations could not be applied.
    #[error(transparent)]
    Migration(#[from] upshift::Error),
    /// The service could not listen or serve.
    #[error("could not {doing}")]
    Network {
        /// What it was doing.
        doing: String,
        /// Why it could not.
        source: io::Error,
    },
    /// The demo's server did not start.
    #[error("{0}")]
    Server(#[from] ServerError),
    /// The demo could not prepare or look at its database.
    #[error("could not {doing}")]
    Database {
        /// What it was doing.
        doing: &'static str,
        /// Why it could not.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The demo did not go as it is told.
    #[error("the demo went another way: {0}")]
    Story(String),
}

impl Error {
    /// Everything, as a person reads it.
    #[must_use]
    pub fn render(&self) -> String {
        match self {
            Error::Migration(error) => error.render(),
            // Its `Debug` is the whole story: causes, the server's log, the help.
            Error::Server(error) => format!("{error:?}"),
            other => {
                let mut text = other.to_string();
                let mut cause = other.source();
                while let Some(error) = cause {
                    text.push_str(&format!("\n  caused by: {error}"));
                    cause = error.source();
                }
                text
            }
        }
    }

    /// For `map_err`: the demo's database did not do this.
    pub(crate) fn database<E>(doing: &'static str) -> impl FnOnce(E) -> Error
    where
        E: std::error::Error + Send + Sync + 'static,
    {
        move |source| Error::Database { doing, source: Box::new(source) }
    }
}
