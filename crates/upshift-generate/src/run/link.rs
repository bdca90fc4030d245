//! Connections whose tasks have an owner.

use deadpool_postgres::{Manager, ManagerConfig, Pool, RecyclingMethod};
use tokio::task::JoinHandle;
use tokio_postgres::{Client, Config, NoTls};
use upshift_schema::{Edges, Filter, Snapshot};

use super::GenerateError;
use crate::plan::Schema;

/// A connection; its task ends with it.
#[derive(Debug)]
pub(super) struct Link {
    pub(super) client: Client,
    task: JoinHandle<()>,
}

impl Link {
    pub(super) async fn open(config: &Config) -> Result<Link, GenerateError> {
        let (client, connection) = config.connect(NoTls).await.map_err(GenerateError::Connect)?;
        // What ends the connection is told to whoever asks it next.
        let task = tokio::spawn(async move { drop(connection.await) });
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

/// A pool for a migrator.
pub(super) fn pool(config: &Config) -> Result<Pool, GenerateError> {
    let recycling = ManagerConfig { recycling_method: RecyclingMethod::Fast };
    let manager = Manager::from_config(config.clone(), NoTls, recycling);
    Pool::builder(manager).max_size(4).build().map_err(|_| GenerateError::Pool)
}
