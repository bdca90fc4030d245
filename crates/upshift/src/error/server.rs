//! What the server said, kept apart from what we say.

use std::error::Error as StdError;
use std::fmt;

use tokio_postgres::error::{DbError, ErrorPosition, SqlState};

/// What the server, or the connection to it, said. `Display` is one line: the message and the SQLSTATE.
#[derive(Debug)]
pub struct ServerError(tokio_postgres::Error);

impl ServerError {
    pub(crate) fn new(cause: tokio_postgres::Error) -> ServerError {
        ServerError(cause)
    }

    /// The five characters PostgreSQL calls the error by.
    pub fn sqlstate(&self) -> Option<&str> {
        self.0.code().map(|code| code.code())
    }

    /// Everything the server said, as the driver keeps it.
    pub fn database(&self) -> Option<&DbError> {
        self.0.as_db_error()
    }

    /// Whether the connection is gone: closed, or ended by the server (class 57P and 08).
    pub fn is_connection_lost(&self) -> bool {
        let ended = |state: &str| matches!(state, "57P01" | "57P02" | "57P03") || state.starts_with("08");
        self.0.is_closed() || self.sqlstate().map_or(self.0.as_db_error().is_none(), ended)
    }

    /// Whether another migrator has taken the lease, so that the history's own fence refused us.
    pub(crate) fn is_lease_lost(&self) -> bool {
        self.own_words().is_some_and(|words| words.starts_with("the lease was taken"))
    }

    /// The words of an error that our own SQL raised: it casts them to a number, since a query has no other way.
    pub(super) fn own_words(&self) -> Option<&str> {
        let said = self.database().filter(|said| *said.code() == SqlState::INVALID_TEXT_REPRESENTATION)?;
        let (_, words) = said.message().split_once("upshift: ")?;
        // The server quotes the text it could not read, in the quotes of its language; ours may end with a JSON object.
        Some(words.trim_end_matches(|c: char| !c.is_alphanumeric() && c != '}'))
    }

    /// Where in the text that was sent it went wrong, as a number of characters from 0.
    pub(crate) fn character(&self) -> Option<usize> {
        match self.database()?.position()? {
            ErrorPosition::Original(at) => (*at as usize).checked_sub(1),
            ErrorPosition::Internal { .. } => None,
        }
    }

    /// Detail, hint and context, each in a line of its own.
    pub(crate) fn more(&self) -> String {
        let Some(said) = self.database() else { return String::new() };
        let mut text = String::new();
        for (what, words) in [("detail", said.detail()), ("hint", said.hint()), ("context", said.where_())] {
            if let Some(words) = words {
                text.push_str(&format!("\n    {what}: {}", words.replace('\n', "\n      ")));
            }
        }
        if let Some(ErrorPosition::Internal { query, .. }) = said.position() {
            text.push_str(&format!("\n    inside: {}", query.trim()));
        }
        text
    }

    /// What to do about an error that met us while `doing` something of our own.
    pub(crate) fn help(&self, doing: &str) -> Option<String> {
        let help = match self.sqlstate() {
            Some("42501") => {
                "grant the migrator's role what it lacks: CREATE on the database to begin with, afterwards \
                              all on upshift's own schema"
                    .to_owned()
            }
            Some("42P01" | "3F000") => {
                "this database was never migrated: call `migrator.run()` first".to_owned()
            }
            Some("25006") => "this is a read-only server: connect to the primary".to_owned(),
            Some("42703") => {
                "upshift's tables were changed by hand, or belong to something else: choose another schema \
                              with `Migrator::schema`"
                    .to_owned()
            }
            _ if self.is_connection_lost() => {
                format!(
                    "the connection was lost while trying to {doing}: run again, it goes on where it stopped"
                )
            }
            _ => return None,
        };
        Some(help)
    }
}

impl fmt::Display for ServerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(words) = self.own_words() {
            return f.write_str(words);
        }
        match self.database() {
            Some(said) => write!(f, "{} ({})", said.message(), said.code().code()),
            None => {
                self.0.fmt(f)?;
                // The driver keeps the reason of "error communicating with the server" one level down.
                self.0.source().map_or(Ok(()), |cause| write!(f, ": {cause}"))
            }
        }
    }
}

impl StdError for ServerError {}
