//! What a test database may be told, and how it is made.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio_postgres::error::SqlState;
use upshift::{Source, Vars};

use super::error::{Kind, TestError};
use super::fixture::Fixture;
use super::place::{Place, VARIABLE, Wish, runtime};
use super::reach::Reach;
use super::{DatabaseUrl, Fate, Home, Inner, Isolation, TestDatabase, schema};
use crate::office::{Office, Recipe, Session, quoted};

/// A test database before it is made; [`TestDatabase::builder`] begins one.
#[derive(Debug, Clone)]
pub struct TestDatabaseBuilder {
    recipe: Recipe,
    isolation: Isolation,
    fixtures: Vec<Fixture>,
    server: Wish,
    role: Option<String>,
    test: Option<String>,
}

impl TestDatabaseBuilder {
    pub(crate) fn new(source: Source) -> TestDatabaseBuilder {
        TestDatabaseBuilder {
            recipe: Recipe { source, vars: Vars::new(), schema: None },
            isolation: Isolation::default(),
            fixtures: Vec::new(),
            server: Wish::Whichever,
            role: None,
            test: None,
        }
    }

    /// What keeps the test from others; by default [`Isolation::Database`].
    #[must_use]
    pub fn isolation(mut self, isolation: Isolation) -> Self {
        self.isolation = isolation;
        self
    }

    /// Statements that fill the database, with the path to name when they fail; run in the order they are given.
    #[must_use]
    pub fn fixture(mut self, path: impl Into<String>, sql: impl Into<String>) -> Self {
        self.fixtures.push(Fixture { path: path.into(), sql: sql.into() });
        self
    }

    /// The values of `${name}` in migrations that say `vars on`.
    #[must_use]
    pub fn vars(mut self, vars: Vars) -> Self {
        self.recipe.vars = vars;
        self
    }

    /// The schema of the history, where the service says another than `upshift`. A schema of its own
    /// ([`Isolation::Schema`]) has its history beside it, whatever is said here.
    #[must_use]
    pub fn history_schema(mut self, name: impl Into<String>) -> Self {
        self.recipe.schema = Some(name.into());
        self
    }

    /// The address of the server, whatever DATABASE_URL says. Its role must be able to create databases.
    #[must_use]
    pub fn server(mut self, url: impl Into<String>) -> Self {
        self.server = Wish::At(url.into());
        self
    }

    /// The same for whoever has made up their mind.
    pub(crate) fn wish(mut self, server: Wish) -> Self {
        self.server = server;
        self
    }

    /// The role that owns the database and connects to it, for a schema whose rules (row-level security) a superuser does not
    /// meet. The throw-away server makes it when it is not there; on another server the role is the address's own.
    #[must_use]
    pub fn role(mut self, name: impl Into<String>) -> Self {
        self.role = Some(name.into());
        self
    }

    /// The test's name: by it a kept database is known, and goes when the test runs again. By default the thread's, which
    /// is the test's under `cargo test`.
    #[must_use]
    pub fn test(mut self, name: impl Into<String>) -> Self {
        self.test = Some(name.into());
        self
    }

    /// Makes it.
    ///
    /// Needs no runtime of its own: what is to be waited for happens on threads of this crate.
    ///
    /// # Errors
    /// No server can be had, its role may not create databases, the migrations fail, or a fixture does.
    ///
    /// # Cancel safety
    /// Dropping the future leaves a database that goes by itself.
    pub async fn create(self) -> Result<TestDatabase, TestError> {
        let test = self
            .test
            .clone()
            .unwrap_or_else(|| std::thread::current().name().unwrap_or("a test without a name").to_owned());
        let made = runtime()?.spawn(self.make(test)).await;
        made.unwrap_or_else(|error| Err(Kind::Panicked { said: error.to_string() }.into()))
    }

    /// The same for what runs on a thread of this crate already.
    pub(crate) async fn create_here(self) -> Result<TestDatabase, TestError> {
        let test = self.test.clone().unwrap_or_default();
        self.make(test).await
    }

    async fn make(self, test: String) -> Result<TestDatabase, TestError> {
        let server = self.server.clone();
        let place = runtime()?.spawn_blocking(move || Place::choose(&server)).await;
        let mut place =
            place.unwrap_or_else(|error| Err(Kind::Panicked { said: error.to_string() }.into()))?;
        if let (Some(role), Some(shared)) = (&self.role, &place.shared) {
            let url = shared.url_as(role, "postgres");
            make_role(&place.reach, role).await?;
            place.reach = Reach::plain(DatabaseUrl::new(&*url).config(VARIABLE)?);
            place.url = DatabaseUrl::new(url);
        }
        let made = match self.isolation {
            Isolation::Database | Isolation::Rollback => self.make_database(&place, &test).await?,
            Isolation::Schema => self.make_schema(&place, &test).await?,
        };
        let Made { office, name, url, reach, recipe } = made;
        let db = TestDatabase(Arc::new(Inner {
            place,
            office,
            url,
            reach,
            name,
            isolation: self.isolation,
            recipe,
            fixtures: self.fixtures,
            test,
            transactions: Mutex::new(Vec::new()),
            fate: Mutex::new(Fate::Open),
        }));
        db.fill().await?;
        Ok(db)
    }

    async fn make_database(&self, place: &Place, test: &str) -> Result<Made, TestError> {
        let office = Office::at(&place.url, &place.reach);
        let desk = office.desk().await?;
        let blueprint = self.recipe.blueprint(&desk).await?;
        office.forget_kept(test).await?;
        let name = match self.isolation {
            Isolation::Rollback => office.common(&office.template(&blueprint).await?).await?,
            Isolation::Database | Isolation::Schema => office.claim(&blueprint, test).await?,
        };
        let url = place.url.on(&name);
        let reach = place.reach.on(&name);
        Ok(Made { office: Home::Office(office), name, url, reach, recipe: self.recipe.clone() })
    }

    async fn make_schema(&self, place: &Place, test: &str) -> Result<Made, TestError> {
        let desk = desk_of(&place.url, &place.reach).await?;
        schema::forget_kept(&desk, test).await?;
        let name = schema::make(&desk, &place.reach, &self.recipe).await?;
        let url = place.url.with_option("search_path", &name);
        let recipe = Recipe { schema: Some(schema::beside(&name)), ..self.recipe.clone() };
        let reach = schema::reach(&place.reach, &name);
        Ok(Made { office: Home::Schema(desk), name, url, reach, recipe })
    }
}

/// What was made, and by whom.
struct Made {
    office: Home,
    name: String,
    url: DatabaseUrl,
    reach: Reach,
    recipe: Recipe,
}

impl TestDatabase {
    /// Runs the fixtures; those of a transaction that is rolled back wait for it.
    async fn fill(&self) -> Result<(), TestError> {
        if self.0.fixtures.is_empty() || self.0.isolation == Isolation::Rollback {
            return Ok(());
        }
        let client = self.0.reach.connect().await.map_err(|cause| Kind::Connect { cause })?;
        for fixture in &self.0.fixtures {
            fixture.run(&client).await?;
        }
        Ok(())
    }
}

/// It owns what it makes, and makes databases; it does not stand above the rules of a schema.
async fn make_role(server: &Reach, role: &str) -> Result<(), TestError> {
    let session = Session::open(server).await?;
    if session.row("select from pg_roles where rolname = $1", &[&role.into()]).await?.is_some() {
        return Ok(());
    }
    match session.run(&format!("create role {} login createdb", quoted(role))).await {
        // Another test was quicker. Which of the two is said depends on how close they were.
        Err(error)
            if matches!(
                error.sqlstate(),
                Some(&SqlState::DUPLICATE_OBJECT | &SqlState::UNIQUE_VIOLATION)
            ) =>
        {
            Ok(())
        }
        made => made,
    }
}

/// One session of this program for each database that has schemas of tests: it is who they are for.
async fn desk_of(url: &DatabaseUrl, reach: &Reach) -> Result<Arc<Session>, TestError> {
    static DESKS: Mutex<BTreeMap<String, Arc<Session>>> = Mutex::new(BTreeMap::new());
    let desks = || DESKS.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(desk) = desks().get(url.as_str()).filter(|desk| !desk.is_closed()) {
        return Ok(desk.clone());
    }
    let desk = Arc::new(Session::open(reach).await?);
    desks().insert(url.to_string(), desk.clone());
    Ok(desk)
}
