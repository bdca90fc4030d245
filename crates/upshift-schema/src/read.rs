//! A snapshot of a live database.

use tokio_postgres::{Client, SimpleQueryMessage, Statement};

use crate::{Edges, Filter, RowError, Snapshot};

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

/// A connection that reads one snapshot after the other, in a third of the time: most of a small schema's is planning.
///
/// It owns its connection, whose settings it changes for good, and which cannot write any more.
#[derive(Debug)]
pub struct SnapshotReader {
    client: Client,
    question: Statement,
    filter: Filter,
}

impl SnapshotReader {
    /// Takes a connection over.
    ///
    /// # Errors
    /// The connection is lost, or is in a transaction.
    ///
    /// # Cancel safety
    /// Dropping the future drops the connection.
    pub async fn new(client: Client, filter: Filter) -> Result<SnapshotReader, ReadError> {
        client.batch_execute(&Filter::session_settings()).await.map_err(ReadError::Server)?;
        let question = client.prepare(&filter.question()).await.map_err(ReadError::Server)?;
        Ok(SnapshotReader { client, question, filter })
    }

    /// Reads the schema as it is now, in one round trip.
    ///
    /// # Locks
    /// As [`Filter::sql`].
    ///
    /// # Errors
    /// The connection is lost, or the statement is cancelled.
    ///
    /// # Cancel safety
    /// As [`Snapshot::read`].
    pub async fn read(&self) -> Result<Snapshot, ReadError> {
        let rows = self.client.query(&self.question, &[]).await.map_err(ReadError::Server)?;
        let text = |row: &tokio_postgres::Row, at: usize| -> Result<String, ReadError> {
            let text: Option<String> = row.try_get(at).map_err(ReadError::Server)?;
            Ok(text.unwrap_or_default())
        };
        let rows = rows.iter().map(|row| Ok((text(row, 0)?, text(row, 1)?, text(row, 2)?)));
        let rows = rows.collect::<Result<Vec<_>, ReadError>>()?;
        let rows = rows.iter().map(|(kind, id, definition)| (&**kind, &**id, &**definition));
        Snapshot::of_rows(rows, &self.filter).map_err(ReadError::Row)
    }

    /// The connection, for other questions. The path is `pg_catalog` alone.
    pub fn client(&self) -> &Client {
        &self.client
    }
}

impl Edges {
    /// Reads the dependencies of the database this connection is to, in one round trip. As [`Snapshot::read`].
    ///
    /// # Locks
    /// As [`Filter::sql`].
    ///
    /// # Errors
    /// As [`Snapshot::read`].
    ///
    /// # Cancel safety
    /// As [`Snapshot::read`].
    pub async fn read(client: &Client, filter: &Filter) -> Result<Edges, ReadError> {
        let messages = client.simple_query(&filter.edges_sql()).await.map_err(ReadError::Server)?;
        let rows = messages.iter().filter_map(|message| match message {
            SimpleQueryMessage::Row(row) => Some((
                row.get(0).unwrap_or_default(),
                row.get(1).unwrap_or_default(),
                row.get(2).unwrap_or_default(),
                row.get(3).unwrap_or_default(),
            )),
            _ => None,
        });
        Edges::of_rows(rows).map_err(ReadError::Row)
    }
}
