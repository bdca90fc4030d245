//! What the server said, kept apart from what we say.

use std::error::Error as StdError;
use std::fmt;
use std::io;

use tokio_postgres::error::{DbError, ErrorPosition, Severity, SqlState};
use upshift_files::{mask_secrets, mask_secrets_in_sql};

/// What the server, or the connection to it, said. `Display` is one line: the message and the SQLSTATE.
///
/// Passwords that it quotes are shown as stars, as far as a text tells; [`ServerError::database`] has it as it came.
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

    /// Whether the connection is gone: ended by the server, which says so with a severity of its own, or broken.
    pub fn is_connection_lost(&self) -> bool {
        let Some(said) = self.database() else { return self.is_broken() };
        let state = said.code().code();
        let ended = matches!(said.parsed_severity(), Some(Severity::Fatal | Severity::Panic));
        ended || state.starts_with("57P0") || state.starts_with("08")
    }

    /// Whether the connection broke without a word of the server.
    fn is_broken(&self) -> bool {
        // The driver has input errors of the same type, for a text with a NUL byte.
        let broken = |cause: &io::Error| cause.kind() != io::ErrorKind::InvalidInput;
        self.0.is_closed() || self.0.source().and_then(|cause| cause.downcast_ref()).is_some_and(broken)
    }

    /// Whether PgBouncer gave up waiting for a server connection.
    fn is_pooler_short(&self) -> bool {
        self.database().is_some_and(|said| said.message() == "query_wait_timeout")
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
                let words = mask_secrets_in_sql(words);
                text.push_str(&format!("\n    {what}: {}", words.replace('\n', "\n      ")));
            }
        }
        if let Some(ErrorPosition::Internal { query, .. }) = said.position() {
            text.push_str(&format!("\n    inside: {}", mask_secrets_in_sql(query.trim())));
        }
        text
    }

    /// What to do about an error that met us while `doing` something of our own.
    pub(crate) fn help(&self, doing: &str) -> Option<String> {
        let help = match self.sqlstate() {
            Some("08P01") if self.is_pooler_short() => {
                "the pooler had no server connection free in time: a migrator needs two at once, so raise its \
                 `default_pool_size`, or connect past it"
                    .to_owned()
            }
            Some("42501") => {
                "grant the migrator's role what it lacks: CREATE on the database to begin with, afterwards \
                              all on upshift's own schema"
                    .to_owned()
            }
            Some("55P03") if doing.ends_with("the schema") => {
                "another session holds a table exclusively: ask again when it is gone, or raise `Timeouts::lock`"
                    .to_owned()
            }
            Some("25006") => {
                "this is a read-only server, or a role with `default_transaction_read_only`: connect to the primary, as a \
                 role that may write"
                    .to_owned()
            }
            // undefined_table, undefined_column, datatype_mismatch, undefined_function, and ours of a missing table.
            Some("42P01" | "42703" | "42804" | "42883" | "55000") => {
                "upshift's tables were changed by hand, or belong to something else: put them back, or choose another \
                 schema with `Migrator::schema`"
                    .to_owned()
            }
            None if !self.is_connection_lost() => {
                "upshift's tables were changed by hand: put them back as they were".to_owned()
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
            return f.write_str(&mask_secrets(words));
        }
        match self.database() {
            Some(said) => write!(f, "{} ({})", mask_secrets(said.message()), said.code().code()),
            None => {
                // The driver keeps the reason of "error communicating with the server" one level down.
                let cause = self.0.source().map_or(String::new(), |cause| format!(": {cause}"));
                f.write_str(&mask_secrets(&format!("{}{cause}", self.0)))
            }
        }
    }
}

/// The driver's would show what the server quoted.
impl fmt::Debug for ServerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ServerError({self}{})", self.more())
    }
}

impl StdError for ServerError {}
