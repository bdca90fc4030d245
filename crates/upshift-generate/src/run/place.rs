//! Where databases are, and how connections to them are made.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use deadpool_postgres::{ConfigConnectImpl, Connect, Manager, ManagerConfig, Pool, RecyclingMethod};
use tokio::task::JoinHandle;
use tokio_postgres::{Client, Config, NoTls};

use super::GenerateError;

/// Where a database is, and how connections to it are made: without TLS, unless [`Place::reached`] says another way.
#[derive(Clone)]
pub struct Place {
    config: Config,
    connect: Arc<dyn Connect>,
}

impl Place {
    /// A database that is connected to in a way of the caller's own: over TLS, through a tunnel.
    pub fn reached(config: Config, connect: Arc<dyn Connect>) -> Place {
        Place { config, connect }
    }

    /// Its address.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Another database on the same server.
    pub(super) fn on(&self, database: &str) -> Place {
        let mut place = self.clone();
        place.config.dbname(database);
        place
    }

    pub(super) async fn connect(&self) -> Result<(Client, JoinHandle<()>), GenerateError> {
        self.connect.connect(&self.config).await.map_err(GenerateError::Connect)
    }

    /// A pool for a migrator.
    ///
    /// # Errors
    /// [`GenerateError::Pool`] when none can be made.
    pub fn pool(&self) -> Result<Pool, GenerateError> {
        let recycling = ManagerConfig { recycling_method: RecyclingMethod::Fast };
        let manager = Manager::from_connect(self.config.clone(), Shared(self.connect.clone()), recycling);
        Pool::builder(manager).max_size(4).build().map_err(|_| GenerateError::Pool)
    }
}

impl From<Config> for Place {
    fn from(config: Config) -> Place {
        Place { config, connect: Arc::new(ConfigConnectImpl { tls: NoTls }) }
    }
}

impl FromStr for Place {
    type Err = tokio_postgres::Error;

    fn from_str(address: &str) -> Result<Place, tokio_postgres::Error> {
        Ok(address.parse::<Config>()?.into())
    }
}

impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Place").field("config", &self.config).finish_non_exhaustive()
    }
}

/// A pool wants a way of its own.
struct Shared(Arc<dyn Connect>);

type Connected = Result<(Client, JoinHandle<()>), tokio_postgres::Error>;

impl Connect for Shared {
    fn connect(&self, config: &Config) -> std::pin::Pin<Box<dyn Future<Output = Connected> + Send + '_>> {
        self.0.connect(config)
    }
}
