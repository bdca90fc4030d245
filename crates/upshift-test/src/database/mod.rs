//! A fresh, migrated database for each test.

mod address;
mod argument;
mod builder;
pub(crate) mod error;
pub(crate) mod fixture;
mod isolation;
pub(crate) mod place;
pub(crate) mod reach;
mod run;
mod schema;

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use deadpool_postgres::Pool;
use tokio_postgres::{Client, Config};
use upshift::{Migrator, Source};

pub use address::DatabaseUrl;
pub use argument::FromDatabase;
pub use builder::TestDatabaseBuilder;
pub use error::TestError;
pub use isolation::Isolation;
pub use run::{Flavor, TestOutcome, run};

use crate::office::{Office, Recipe, Session};
use error::Kind;
use fixture::Fixture;
use place::Place;
pub(crate) use place::runtime;
pub use reach::Reach;

/// As many connections as a test's pool opens at most.
const POOL_SIZE: usize = 8;

/// A fresh database with all migrations, for one test.
///
/// Made in milliseconds: a copy of a template that the same [`Migrator::run`](upshift::Migrator::run) made from nothing,
/// once for each set of migrations, for all test programs together. `#[upshift_test::test]` makes one and takes care of its
/// end; [`TestDatabase::builder`] makes one anywhere else.
///
/// Cheap to clone; the database goes when the last clone is dropped. It stays when that happens in a panic, which a
/// failing test ends in, or after [`keep`](TestDatabase::keep): then the command that connects is printed.
///
/// ```no_run
/// # const MIGRATIONS: upshift::Source = upshift::Source::embedded("", &[], &[]);
/// # async fn test() -> Result<(), Box<dyn std::error::Error>> {
/// use upshift_test::TestDatabase;
///
/// let db = TestDatabase::create(MIGRATIONS).await?;
/// let client = db.client().await?;
/// client.batch_execute("insert into orders default values").await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct TestDatabase(Arc<Inner>);

struct Inner {
    place: Place,
    office: Home,
    url: DatabaseUrl,
    reach: Reach,
    /// Of the database, or of the schema.
    name: String,
    isolation: Isolation,
    recipe: Recipe,
    fixtures: Vec<Fixture>,
    test: String,
    /// Transactions that must not be committed.
    transactions: Mutex<Vec<String>>,
    fate: Mutex<Fate>,
}

/// Who keeps the books.
enum Home {
    Office(Arc<Office>),
    /// A schema has its books in its own comment.
    Schema(Arc<Session>),
}

/// What becomes of the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    /// Nobody has said yet: it goes, unless a panic is under way.
    Open,
    Stays,
}

impl TestDatabase {
    /// A database of its own with these migrations.
    ///
    /// # Errors
    /// No server can be had, its role may not create databases, or the migrations fail.
    pub async fn create(migrations: impl Into<Source>) -> Result<TestDatabase, TestError> {
        TestDatabase::builder(migrations).create().await
    }

    /// A schema of its own with these migrations, in one database: [`Isolation::Schema`].
    ///
    /// # Errors
    /// As [`TestDatabase::create`], but for databases, of which it needs none.
    pub async fn schema(migrations: impl Into<Source>) -> Result<TestDatabase, TestError> {
        TestDatabase::builder(migrations).isolation(Isolation::Schema).create().await
    }

    /// A database that is like neither of these.
    pub fn builder(migrations: impl Into<Source>) -> TestDatabaseBuilder {
        TestDatabaseBuilder::new(migrations.into())
    }

    /// Its name; that of the schema when it is one.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// Its address, for any driver.
    #[must_use]
    pub fn url(&self) -> &DatabaseUrl {
        &self.0.url
    }

    /// Its address, as `tokio-postgres` takes it.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.0.reach.config
    }

    /// How it is reached.
    pub(crate) fn reach(&self) -> &Reach {
        &self.0.reach
    }

    /// The command that connects to it, without the password.
    #[must_use]
    pub fn psql(&self) -> String {
        self.0.psql()
    }

    /// A connection to it. With [`Isolation::Rollback`] it is in the transaction that will be rolled back.
    ///
    /// # Errors
    /// The server cannot be reached, or a fixture fails in that transaction.
    pub async fn client(&self) -> Result<Client, TestError> {
        let client = match self.0.connected() {
            Some(client) => client,
            None => self.0.reach.connect().await.map_err(|cause| Kind::Connect { cause })?,
        };
        if self.0.isolation == Isolation::Rollback {
            self.begin(&client).await?;
        }
        Ok(client)
    }

    /// A pool of connections to it.
    ///
    /// # Errors
    /// With [`Isolation::Rollback`]: each connection would be a transaction of its own.
    pub fn pool(&self) -> Result<Pool, TestError> {
        self.refuse_rollback("a pool")?;
        self.0.reach.pool(POOL_SIZE)
    }

    /// A migrator for it, with the same migrations, to go down and up again.
    ///
    /// # Errors
    /// As [`TestDatabase::pool`].
    pub fn migrator(&self) -> Result<Migrator, TestError> {
        self.0.recipe.migrator(self.pool()?)
    }

    /// Lets the database stay after the test; how to connect is printed at its end.
    pub fn keep(&self) {
        self.set_fate(Fate::Stays);
    }

    async fn begin(&self, client: &Client) -> Result<(), TestError> {
        let begun = async {
            // The database refuses to write otherwise: what a test does after its transaction's end reaches nobody.
            client.batch_execute("begin read write").await?;
            client.query_typed("select pg_current_xact_id()::text", &[]).await
        };
        let rows = begun.await.map_err(|cause| Kind::Office { cause })?;
        if let Some(row) = rows.first() {
            self.0.transactions.lock().unwrap_or_else(PoisonError::into_inner).push(row.get(0));
        }
        for fixture in &self.0.fixtures {
            fixture.run(client).await?;
        }
        Ok(())
    }

    fn refuse_rollback(&self, what: &'static str) -> Result<(), TestError> {
        match self.0.isolation {
            Isolation::Rollback => Err(Kind::NotRolledBack { what }.into()),
            Isolation::Database | Isolation::Schema => Ok(()),
        }
    }

    fn set_fate(&self, fate: Fate) {
        *self.0.fate.lock().unwrap_or_else(PoisonError::into_inner) = fate;
    }

    /// Whether one of the transactions that were to be rolled back was committed; then the database all share is spoilt.
    async fn is_committed(&self) -> Result<bool, TestError> {
        let Home::Office(office) = &self.0.office else { return Ok(false) };
        let transactions =
            std::mem::take(&mut *self.0.transactions.lock().unwrap_or_else(PoisonError::into_inner));
        for transaction in transactions {
            if office.was_committed(&transaction).await? {
                office.give_back(&self.0.name).await?;
                return Ok(true);
            }
        }
        Ok(false)
    }
}

impl Inner {
    /// The connection that was made ahead with the database.
    fn connected(&self) -> Option<Client> {
        match (&self.office, self.isolation) {
            (Home::Office(office), Isolation::Database) => office.connected(&self.name),
            _ => None,
        }
    }

    fn psql(&self) -> String {
        let psql = address::psql(&self.reach.config);
        match self.isolation {
            Isolation::Schema => format!("PGOPTIONS='-c search_path={}' {psql}", self.name),
            Isolation::Database | Isolation::Rollback => psql,
        }
    }

    /// Lets go of the database in the background: nobody waits for it, and nobody is left to be told of a failure.
    fn leave(&self, fate: Fate) {
        let Ok(runtime) = runtime() else { return };
        let (name, test) = (self.name.clone(), self.test.clone());
        match &self.office {
            Home::Office(_) if self.isolation == Isolation::Rollback => {}
            Home::Office(office) => {
                let office = office.clone();
                let left = async move {
                    let _ = match fate {
                        Fate::Stays => office.keep(&name).await,
                        Fate::Open => office.give_back(&name).await,
                    };
                };
                finish(runtime, left, fate);
            }
            Home::Schema(desk) => {
                let desk = desk.clone();
                let left = async move {
                    let _ = match fate {
                        Fate::Stays => schema::keep(&desk, &name, &test).await,
                        Fate::Open => schema::give_back(&desk, &name).await,
                    };
                };
                finish(runtime, left, fate);
            }
        }
    }

    /// How to look at the database of a failed test.
    fn tell(&self) {
        let text = match self.isolation {
            Isolation::Rollback => {
                "what the test wrote is rolled back; without `isolation = \"rollback\"` its database would stay".to_owned()
            }
            Isolation::Database | Isolation::Schema => {
                if let Some(shared) = &self.place.shared {
                    shared.keep();
                }
                let until = match self.place.shared {
                    Some(_) => "15 minutes, or until the test runs again",
                    None => "a day, or until the test runs again",
                };
                format!("the database of {} stays for {until}:\n  {}", self.test, self.psql())
            }
        };
        say(&text);
    }
}

/// Runs it in the background; what must be written down before the program ends is waited for, a second at most.
fn finish(runtime: &tokio::runtime::Runtime, left: impl Future<Output = ()> + Send + 'static, fate: Fate) {
    let (tell, told) = std::sync::mpsc::channel();
    runtime.spawn(async move {
        left.await;
        // Nobody listens when nobody waits.
        let _ = tell.send(());
    });
    if fate == Fate::Stays {
        let _ = told.recv_timeout(std::time::Duration::from_secs(1));
    }
}

#[expect(clippy::print_stderr, reason = "the one who reads the output of a failing test is who must be told")]
fn say(text: &str) {
    eprintln!("{text}");
}

impl Drop for Inner {
    fn drop(&mut self) {
        let mut fate = *self.fate.lock().unwrap_or_else(PoisonError::into_inner);
        if fate == Fate::Open && std::thread::panicking() {
            fate = Fate::Stays;
        }
        if fate == Fate::Stays {
            self.tell();
        }
        self.leave(fate);
    }
}

impl fmt::Debug for TestDatabase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TestDatabase")
            .field("name", &self.0.name)
            .field("url", &self.0.url)
            .finish_non_exhaustive()
    }
}
