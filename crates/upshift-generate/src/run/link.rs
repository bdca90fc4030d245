//! Connections whose tasks have an owner.

use tokio::task::JoinHandle;
use tokio_postgres::Client;
use upshift_schema::{Edges, Filter, Snapshot};

use super::{GenerateError, Place};
use crate::plan::Schema;

/// A connection; its task ends with it.
#[derive(Debug)]
pub(super) struct Link {
    pub(super) client: Client,
    task: JoinHandle<()>,
}

impl Link {
    pub(super) async fn open(place: &Place) -> Result<Link, GenerateError> {
        // What ends the connection is told to whoever asks it next.
        let (client, task) = place.connect().await?;
        Ok(Link { client, task })
    }

    /// Says goodbye and waits for it: a database that somebody is in cannot be copied.
    pub(super) async fn close(self) {
        let Link { client, task } = self;
        drop(client);
        // It ends when its client is gone.
        drop(task.await);
    }

    pub(super) async fn run(&self, sql: &str) -> Result<(), GenerateError> {
        let sent = self.client.batch_execute(sql).await;
        sent.map_err(|cause| GenerateError::Statement { sql: sql.to_owned(), cause })
    }

    /// The schema and its dependencies.
    pub(super) async fn schema(&self, filter: &Filter) -> Result<Schema, GenerateError> {
        let snapshot = Snapshot::read(&self.client, filter).await.map_err(GenerateError::Read)?;
        let edges = Edges::read(&self.client, filter).await.map_err(GenerateError::Read)?;
        Ok(Schema::new(snapshot, edges))
    }
}
