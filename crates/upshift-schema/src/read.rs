//! A snapshot of a live database.

use tokio_postgres::{Client, SimpleQueryMessage};

use crate::{Filter, RowError, Snapshot};

/// A snapshot that could not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// The server refused the question, or is not there any more.
    #[error("the schema cannot be read")]
    Server(#[source] tokio_postgres::Error),
    /// The server's answer is no schema.
    #[error("the schema cannot be understood")]
    Row(#[source] RowError),
}

impl Snapshot {
    /// Reads the schema of the database this connection is to, in one round trip.
    ///
    /// The connection must not be in a transaction: the question is one, and refuses to be a part of another.
    ///
    /// # Locks
    /// As [`Filter::sql`].
    ///
    /// # Errors
    /// The connection is lost, the statement is cancelled, or a transaction is open that has asked something before; that
    /// transaction is then aborted.
    ///
    /// # Cancel safety
    /// Dropping the future leaves the connection as it was: the server ends the question by itself, and nothing of it stays.
    pub async fn read(client: &Client, filter: &Filter) -> Result<Snapshot, ReadError> {
        let messages = client.simple_query(&filter.sql()).await.map_err(ReadError::Server)?;
        let rows = messages.iter().filter_map(|message| match message {
            SimpleQueryMessage::Row(row) => Some((
                row.get(0).unwrap_or_default(),
                row.get(1).unwrap_or_default(),
                row.get(2).unwrap_or_default(),
            )),
            _ => None,
        });
        Snapshot::of_rows(rows, filter).map_err(ReadError::Row)
    }
}
