//! Which server tests run on: the one DATABASE_URL names, else a throw-away one that all test programs share.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use tokio::runtime::{Builder, Runtime};

use super::address::DatabaseUrl;
use super::error::{Kind, TestError};
use super::reach::Reach;
use crate::shared::SharedServer;

/// The variable that names the server.
pub(crate) const VARIABLE: &str = "DATABASE_URL";

/// A server for tests.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    pub(crate) url: DatabaseUrl,
    pub(crate) reach: Reach,
    /// Ends with the last program that uses it.
    pub(crate) shared: Option<Arc<SharedServer>>,
}

/// Which server somebody has asked for.
#[derive(Debug, Clone, Default)]
pub(crate) enum Wish {
    /// None in particular.
    #[default]
    Whichever,
    /// The one with this address.
    At(String),
    /// One that an address does not reach; it is known by this name.
    Reached { name: String, reach: Box<Reach> },
}

static SHARED: Mutex<Option<Arc<SharedServer>>> = Mutex::new(None);

impl Place {
    /// The server that is wished, or else the one this machine's tests run on.
    pub(crate) fn choose(wish: &Wish) -> Result<Place, TestError> {
        match wish {
            Wish::At(url) => return Place::at(url, "the address given to `server`"),
            Wish::Reached { name, reach } => {
                return Ok(Place { url: DatabaseUrl::new(name), reach: Reach::clone(reach), shared: None });
            }
            Wish::Whichever => {}
        }
        match std::env::var(VARIABLE) {
            Ok(url) if !url.is_empty() => Place::at(&url, VARIABLE),
            Ok(_) | Err(std::env::VarError::NotPresent) => Place::shared(),
            Err(std::env::VarError::NotUnicode(_)) => Err(Kind::Address { named_by: VARIABLE }.into()),
        }
    }

    fn at(url: &str, named_by: &'static str) -> Result<Place, TestError> {
        let url = DatabaseUrl::new(url);
        let reach = Reach::plain(url.config(named_by)?);
        Ok(Place { url, reach, shared: None })
    }

    fn shared() -> Result<Place, TestError> {
        // Held while the server starts: other tests of this program need it too.
        let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
        let server = match &*shared {
            Some(server) => server.clone(),
            None => {
                let server = Arc::new(SharedServer::join().map_err(|cause| Kind::Server { cause })?);
                shared.insert(server).clone()
            }
        };
        let mut place = Place::at(&server.url("postgres"), "the throw-away server's address")?;
        place.shared = Some(server);
        Ok(place)
    }
}

/// What makes databases runs here, so that it goes on between tests, whose own runtimes end with them.
pub(crate) fn runtime() -> Result<&'static Runtime, TestError> {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    if let Some(runtime) = RUNTIME.get() {
        return Ok(runtime);
    }
    let runtime = Builder::new_multi_thread()
        .worker_threads(2)
        .thread_name("upshift-test")
        .enable_all()
        .build()
        .map_err(|cause| Kind::Argument { said: format!("no threads for making databases: {cause}") })?;
    // Another test may have been quicker; its runtime is as good, and this one is not used yet.
    if let Err(late) = RUNTIME.set(runtime) {
        late.shutdown_background();
    }
    RUNTIME.get().ok_or_else(|| Kind::Argument { said: "no threads for making databases".to_owned() }.into())
}
