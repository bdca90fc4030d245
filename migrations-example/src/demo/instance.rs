//! One instance of the service, booted and serving until it is stopped.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use upshift::{Migrator, Report};
use upshift_http::Site;

use crate::boot;
use crate::error::Error;
use crate::http::{self, Service};
use crate::terminal::Terminal;

/// One instance of the service, booted and serving.
pub(super) struct Instance {
    pub(super) address: SocketAddr,
    pub(super) migrator: Migrator,
    /// What its boot did.
    pub(super) report: Report,
    stop: oneshot::Sender<()>,
    served: JoinHandle<Result<(), Error>>,
}

impl Instance {
    /// Boots as `serve` does, on a port that is free.
    pub(super) async fn boot(url: &str, terminal: Terminal) -> Result<Instance, Error> {
        let pool = boot::pool(url)?;
        let migrator = boot::migrator(pool.clone(), terminal);
        let site = Site::new(migrator);
        let migrator = site.migrator();
        let report = boot::boot(&migrator, terminal).await?;
        let network = |source| Error::Network { doing: "listen on a free port".to_owned(), source };
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.map_err(network)?;
        let address = listener.local_addr().map_err(network)?;
        let (stop, stopped) = oneshot::channel();
        let service = Arc::new(Service::new(pool));
        let served = tokio::spawn(http::serve(listener, service, site, async {
            // A sender that is gone means the same as one that has spoken.
            stopped.await.unwrap_or_default();
        }));
        Ok(Instance { address, migrator, report, stop, served })
    }

    /// Ends as on SIGTERM: what has begun is answered.
    pub(super) async fn stop(self) -> Result<(), Error> {
        drop(self.stop);
        self.served.await.map_err(|_| Error::Story("the service ended in a panic".to_owned()))?
    }
}
