//! The office: keeps the books of a server's templates and clones, in a database of its own, for all test programs at once.
//!
//! The books say what each database is for and which session owns it. A session that is gone owns nothing, so that
//! whatever a killed program leaves is found: half-made templates are made anew, clones are dropped.

mod key;
mod make;
mod session;
mod sql;
mod stock;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio_postgres::Client;

use key::{Key, Keys, Surroundings};
pub(crate) use make::{Blueprint, Recipe, nothing_blocked};
pub(crate) use session::{Session, Value, quoted};

use crate::database::error::TestError;
use crate::database::reach::Reach;

/// What this program knows about one server.
#[derive(Debug)]
pub(crate) struct Office {
    server: Reach,
    /// The connection of the books; what it owns is this program's.
    desk: tokio::sync::Mutex<Option<Arc<Session>>>,
    /// Connections that make and drop databases, which keeps each busy for tens of milliseconds.
    workers: Mutex<Vec<Session>>,
    /// Connections to copies that wait for a test, by the name of the copy: to connect takes longer than all else.
    connected: Mutex<BTreeMap<String, Client>>,
    /// One maker a template in this program; what came of it.
    templates: Mutex<BTreeMap<Key, Arc<tokio::sync::Mutex<Known>>>>,
    /// How many databases were asked for.
    asked: AtomicUsize,
    /// Whether somebody keeps house.
    housekeeping: AtomicBool,
    /// How this server copies quickest.
    strategy: tokio::sync::OnceCell<String>,
}

/// What this program knows about a template.
#[derive(Debug, Clone, Default)]
enum Known {
    #[default]
    Nothing,
    Ready(Template),
    /// Its migrations fail, and will again: nothing about them changes while the program runs.
    Failed(TestError),
}

/// A database to copy.
#[derive(Debug, Clone)]
pub(crate) struct Template {
    pub(crate) key: Key,
    pub(crate) name: String,
    /// What a copy does not take over, as statements.
    pub(crate) extras: Vec<String>,
}

static OFFICES: Mutex<BTreeMap<String, Arc<Office>>> = Mutex::new(BTreeMap::new());

impl Office {
    /// The office of this server; one for each address in this program.
    pub(crate) fn at(address: &str, server: &Reach) -> Arc<Office> {
        let mut offices = OFFICES.lock().unwrap_or_else(PoisonError::into_inner);
        let office = offices.entry(address.to_owned()).or_insert_with(|| {
            Arc::new(Office {
                server: server.clone(),
                desk: tokio::sync::Mutex::new(None),
                workers: Mutex::new(Vec::new()),
                connected: Mutex::new(BTreeMap::new()),
                templates: Mutex::new(BTreeMap::new()),
                asked: AtomicUsize::new(0),
                housekeeping: AtomicBool::new(false),
                strategy: tokio::sync::OnceCell::new(),
            })
        });
        office.clone()
    }

    /// How to reach a database of this server.
    pub(crate) fn reach(&self, database: &str) -> Reach {
        self.server.on(database)
    }

    /// The connection of the books, made anew when it was lost.
    pub(crate) async fn desk(&self) -> Result<Arc<Session>, TestError> {
        let mut desk = self.desk.lock().await;
        if let Some(open) = desk.as_ref().filter(|open| !open.is_closed()) {
            return Ok(open.clone());
        }
        let session = Arc::new(Session::open_office(&self.server).await?);
        if let Some(lost) = desk.as_ref() {
            session.row(sql::INHERIT, &[&lost.owner().into(), &session.owner().into()]).await?;
        }
        *desk = Some(session.clone());
        Ok(session)
    }

    /// A connection of one's own, to be given back with [`Office::rest`].
    async fn worker(&self) -> Result<Session, TestError> {
        let idle = self.idle().pop().filter(|session| !session.is_closed());
        match idle {
            Some(session) => Ok(session),
            None => Session::open_office(&self.server).await,
        }
    }

    fn rest(&self, worker: Session) {
        self.idle().push(worker);
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Session>> {
        self.workers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn connections(&self) -> MutexGuard<'_, BTreeMap<String, Client>> {
        self.connected.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The connection that this program made ahead to this database, if it did and nobody has taken it.
    pub(crate) fn connected(&self, database: &str) -> Option<Client> {
        self.connections().remove(database).filter(|client| !client.is_closed())
    }

    fn known(&self, key: Key) -> Arc<tokio::sync::Mutex<Known>> {
        self.templates.lock().unwrap_or_else(PoisonError::into_inner).entry(key).or_default().clone()
    }
}
