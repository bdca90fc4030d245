//! How a server's databases are reached.

use std::fmt;
use std::sync::Arc;

use deadpool_postgres::{ConfigConnectImpl, Connect, Manager, ManagerConfig, Pool, RecyclingMethod, Runtime};
use tokio::task::JoinHandle;
use tokio_postgres::{Client, Config, NoTls};

use super::error::{Kind, TestError};

/// A server, and the way its connections are made: for one that an address alone does not reach, such as over TLS with an
/// authority of its own.
#[derive(Clone)]
pub struct Reach {
    pub(crate) config: Config,
    connect: Arc<dyn Connect>,
}

impl Reach {
    /// The server of this configuration, connected to in that way.
    pub fn new(config: Config, connect: Arc<dyn Connect>) -> Reach {
        Reach { config, connect }
    }

    /// As the configuration says, without TLS.
    pub(crate) fn plain(config: Config) -> Reach {
        Reach { config, connect: Arc::new(ConfigConnectImpl { tls: NoTls }) }
    }

    /// Another database of the same server.
    pub(crate) fn on(&self, database: &str) -> Reach {
        let mut reach = self.clone();
        reach.config.dbname(database);
        reach
    }

    /// The same with these options of every session.
    pub(crate) fn with_options(&self, options: String) -> Reach {
        let mut reach = self.clone();
        reach.config.options(options);
        reach
    }

    /// A connection, which ends when its client is dropped; what goes wrong on it is told to the client.
    pub(crate) async fn connect(&self) -> Result<Client, tokio_postgres::Error> {
        let (client, _task) = self.connect.connect(&self.config).await?;
        Ok(client)
    }

    /// A pool that is used once.
    pub(crate) fn pool(&self, size: usize) -> Result<Pool, TestError> {
        let settings = ManagerConfig { recycling_method: RecyclingMethod::Fast };
        let manager = Manager::from_connect(self.config.clone(), Shared(self.connect.clone()), settings);
        let pool = Pool::builder(manager).max_size(size).runtime(Runtime::Tokio1).build();
        pool.map_err(|cause| Kind::Pool { cause: cause.to_string() }.into())
    }
}

impl fmt::Debug for Reach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reach").field("config", &self.config).finish_non_exhaustive()
    }
}

/// A pool wants a way of its own.
struct Shared(Arc<dyn Connect>);

impl Connect for Shared {
    fn connect(
        &self,
        config: &Config,
    ) -> futures_util::future::BoxFuture<'_, Result<(Client, JoinHandle<()>), tokio_postgres::Error>> {
        self.0.connect(config)
    }
}
