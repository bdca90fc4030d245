//! Why a test could not have its database.

use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio_postgres::error::SqlState;
use upshift::{Diagnostic, IdentError};

use crate::error::ServerError;

/// Why a test could not have its database.
///
/// Its text is one line; [`help`](Self::help) says what to do now. Printed with `{:?}`, as `unwrap` and a failing test do,
/// it is the whole story: the causes, the line of the file with a caret, the server's own words.
#[derive(Clone, thiserror::Error)]
#[error(transparent)]
pub struct TestError(Arc<Kind>);

#[derive(Debug, thiserror::Error)]
pub(crate) enum Kind {
    #[error("the throw-away server could not be had")]
    Server {
        #[source]
        cause: ServerError,
    },
    #[error("{named_by} is no address of a PostgreSQL server")]
    Address { named_by: &'static str },
    #[error("the server could not be reached")]
    Connect {
        #[source]
        cause: tokio_postgres::Error,
    },
    #[error("role `{role}` may not create databases on this server")]
    NoCreateDb { role: String },
    #[error("the server refused what test databases need")]
    Office {
        #[source]
        cause: tokio_postgres::Error,
    },
    #[error("the pool could not be made: {cause}")]
    Pool { cause: String },
    #[error("the history's schema has no name PostgreSQL would keep")]
    Schema {
        #[source]
        cause: IdentError,
    },
    #[error("the migrations cannot make a test database")]
    Migrations {
        #[source]
        cause: upshift::Error,
    },
    #[error("{label} did not run in the empty database: {by}")]
    Blocked { label: String, by: String },
    #[error("the fixture {path} failed: {}", said(cause))]
    Fixture {
        path: String,
        shown: Option<Box<Diagnostic>>,
        #[source]
        cause: tokio_postgres::Error,
    },
    #[error("the schema of a scratch database could not be read")]
    Snapshot {
        #[source]
        cause: upshift_schema::ReadError,
    },
    #[error("another program has been making this template for {} s", after.as_secs())]
    Waited { after: Duration },
    #[error("a test whose transaction is rolled back cannot be given {what}")]
    NotRolledBack { what: &'static str },
    #[error("the test committed its transaction, and others see what it wrote")]
    Committed,
    #[error("making the database panicked: {said}")]
    Panicked { said: String },
    #[error("{said}")]
    Argument { said: String },
}

impl TestError {
    /// An error of your own [`FromDatabase`](crate::FromDatabase).
    #[must_use]
    pub fn other(said: impl fmt::Display) -> TestError {
        Kind::Argument { said: said.to_string() }.into()
    }

    /// What to do now, where that can be said.
    #[must_use]
    pub fn help(&self) -> Option<String> {
        let help = match &*self.0 {
            Kind::Server { cause } => return cause.help(),
            Kind::Migrations { cause } => return cause.help(),
            Kind::Address { .. } => "write it as in `postgres://user@localhost/postgres`",
            Kind::Connect { cause } if cause.code().is_none() => {
                "start the server DATABASE_URL names, or unset DATABASE_URL: then a throw-away server is started"
            }
            Kind::NoCreateDb { role } => {
                return Some(format!(
                    "`alter role {role} createdb`; or `isolation = \"schema\"`, which needs no database of its own; or unset \
                     DATABASE_URL: then a throw-away server is started"
                ));
            }
            Kind::NotRolledBack { .. } => {
                "take a `Client`, or leave `isolation` away: then the test has a database of its own"
            }
            Kind::Committed => {
                "leave `isolation` away: then the test has a database of its own, and may commit"
            }
            Kind::Waited { .. } => {
                "look into pg_stat_activity for `create database` or for a migration that waits"
            }
            _ => return None,
        };
        Some(help.to_owned())
    }

    /// Whether the migrations fail, as they would at the first boot of a service.
    #[must_use]
    pub fn is_of_migrations(&self) -> bool {
        match &*self.0 {
            Kind::Migrations { cause } => !cause.is_connection_lost(),
            Kind::Blocked { .. } => true,
            _ => false,
        }
    }

    /// Whether the server's role may not create databases.
    #[must_use]
    pub fn is_no_createdb(&self) -> bool {
        matches!(&*self.0, Kind::NoCreateDb { .. })
    }

    /// Whether the server could not be reached, or did not let us in.
    #[must_use]
    pub fn is_unreachable(&self) -> bool {
        matches!(&*self.0, Kind::Connect { .. })
    }

    pub(crate) fn sqlstate(&self) -> Option<&SqlState> {
        match &*self.0 {
            Kind::Office { cause } | Kind::Connect { cause } => cause.code(),
            _ => None,
        }
    }
}

impl fmt::Debug for TestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")?;
        match &*self.0 {
            Kind::Server { cause } => return write!(f, "\n{cause:?}"),
            Kind::Migrations { cause } => return write!(f, "\n{}", cause.render()),
            Kind::Fixture { shown: Some(shown), .. } => write!(f, "\n\n{shown}")?,
            _ => {
                let mut cause = self.0.source();
                while let Some(error) = cause {
                    write!(f, "\n  caused by: {error}")?;
                    cause = error.source();
                }
            }
        }
        self.help().map_or(Ok(()), |help| write!(f, "\n  help: {help}"))
    }
}

impl From<Kind> for TestError {
    fn from(kind: Kind) -> Self {
        Self(Arc::new(kind))
    }
}

/// The server's words, or why there are none.
fn said(cause: &tokio_postgres::Error) -> String {
    cause.as_db_error().map_or_else(|| cause.to_string(), |said| said.message().to_owned())
}
