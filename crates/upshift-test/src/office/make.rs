//! Making databases: templates by the migrator, from nothing or from the template of a beginning; copies of them.

use std::time::{Duration, Instant};

use deadpool_postgres::Pool;
use tokio_postgres::error::SqlState;
use upshift::{Migrator, Report, Source, Target, Vars, Version};

use super::session::{Session, Value, quoted};
use super::{Key, Keys, Known, Office, Surroundings, Template, sql};
use crate::database::error::{Kind, TestError};

/// As long as another program may make a template. One that was killed is noticed at once.
const MAKING_LIMIT: Duration = Duration::from_secs(600);
const LOOK_AGAIN: Duration = Duration::from_millis(10);

/// The migrations of a template, and what they run with.
#[derive(Debug, Clone)]
pub(crate) struct Recipe {
    pub(crate) source: Source,
    pub(crate) vars: Vars,
    pub(crate) schema: Option<String>,
}

impl Recipe {
    /// A migrator with this recipe.
    pub(crate) fn migrator(&self, pool: Pool) -> Result<Migrator, TestError> {
        let migrator = Migrator::new(pool, &self.source).vars(self.vars.clone());
        match &self.schema {
            Some(schema) => migrator.schema(schema).map_err(|cause| Kind::Schema { cause }.into()),
            None => Ok(migrator),
        }
    }

    /// Applies everything to an empty database or schema.
    pub(crate) async fn migrate(&self, pool: &Pool) -> Result<(), TestError> {
        let report = self.migrator(pool.clone())?.run().await;
        nothing_blocked(report)
    }

    /// The same with its keys on a server.
    pub(crate) async fn blueprint(&self, desk: &Session) -> Result<Blueprint, TestError> {
        let set = self.source.set().map_err(|cause| Kind::Migrations { cause })?;
        let server = desk.row("select current_setting('server_version_num')", &[]).await?;
        let server: String = server.map(|row| row.get(0)).unwrap_or_default();
        let surroundings = Surroundings {
            server: &server,
            vars: &self.vars,
            schema: self.schema.as_deref(),
            program: &program(),
        };
        let keys = Keys::of(&set, surroundings);
        Ok(Blueprint { recipe: self.clone(), keys, head: set.head() })
    }
}

/// What templates are made by: a recipe, and what each is known by.
#[derive(Debug, Clone)]
pub(crate) struct Blueprint {
    recipe: Recipe,
    keys: Keys,
    /// The highest version.
    head: Option<Version>,
}

/// This program, as it was built: path, size and time.
fn program() -> String {
    let path = std::env::current_exe().unwrap_or_default();
    let facts = std::fs::metadata(&path).ok();
    let built = facts.as_ref().and_then(|facts| facts.modified().ok());
    format!("{} {:?} {built:?}", path.display(), facts.as_ref().map(std::fs::Metadata::len))
}

impl Office {
    /// The template with these keys, made when no program has made it.
    pub(crate) async fn template(&self, blueprint: &Blueprint) -> Result<Template, TestError> {
        let known = self.known(blueprint.keys.whole());
        // Tests of this program that want the same one wait here for the first.
        let mut known = known.lock().await;
        match &*known {
            Known::Ready(template) => return Ok(template.clone()),
            Known::Failed(error) => return Err(error.clone()),
            Known::Nothing => {}
        }
        if let Some(base) = blueprint.keys.base() {
            // Kept as a template of its own: the next migration is built on it.
            self.made_once(blueprint, base).await.inspect_err(|error| known.remember(error))?;
        }
        let template = self.made_once(blueprint, blueprint.keys.whole()).await;
        match &template {
            Ok(template) => *known = Known::Ready(template.clone()),
            Err(error) => known.remember(error),
        }
        template
    }

    /// Forgets what this program knows: the template turned out to be gone.
    pub(crate) async fn forget(&self, key: Key) {
        *self.known(key).lock().await = Known::Nothing;
    }

    /// The template with this key: found, made, or made by another program meanwhile.
    async fn made_once(&self, blueprint: &Blueprint, key: Key) -> Result<Template, TestError> {
        let began = Instant::now();
        let desk = self.desk().await?;
        loop {
            if let Some(template) = find(&desk, "template", key).await? {
                return Ok(template);
            }
            // What looked like a template and is none any more, or was left half made, is in the way no longer.
            desk.run(sql::SORT_OUT).await?;
            let worker = self.worker().await?;
            let new = [&"template".into(), &(&key).into(), &worker.owner().into()];
            if let Some(row) = worker.row(sql::NEW, &new).await? {
                let name: String = row.get(0);
                let made = self.make_template(&worker, blueprint, key, &name).await;
                if made.is_err() {
                    worker.row(sql::DONE, &[&(&name).into()]).await?;
                }
                self.rest(worker);
                return made;
            }
            self.rest(worker);
            if began.elapsed() > MAKING_LIMIT {
                return Err(Kind::Waited { after: MAKING_LIMIT }.into());
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }

    async fn make_template(
        &self,
        worker: &Session,
        blueprint: &Blueprint,
        key: Key,
        name: &str,
    ) -> Result<Template, TestError> {
        match self.beginning(worker, blueprint, key).await? {
            Some(beginning) => self.copy(worker, name, &beginning).await?,
            None => worker.run(&format!("create database {}", quoted(name))).await?,
        }
        self.migrate(blueprint, key, name).await?;
        worker.row(sql::EMPTY, &[&name.into()]).await?;
        let extras = worker.row(sql::EXTRAS, &[&name.into()]).await?;
        let extras: Vec<String> = extras.map(|row| row.get(0)).unwrap_or_default();
        // From here on nobody can change it. One statement: the server has both or none of it.
        let sealed = format!("alter database {} allow_connections false is_template true", quoted(name));
        worker.run(&sealed).await?;
        let made =
            [&name.into(), &"ready".into(), &Value::absent(), &Value::absent(), &Value::List(extras.clone())];
        worker.row(sql::MADE, &made).await?;
        Ok(Template { key, name: name.to_owned(), extras })
    }

    /// The template of the longest beginning that there is.
    async fn beginning(
        &self,
        desk: &Session,
        blueprint: &Blueprint,
        key: Key,
    ) -> Result<Option<Template>, TestError> {
        for beginning in blueprint.keys.beginnings().filter(|beginning| *beginning != key) {
            if let Some(template) = find(desk, "template", beginning).await? {
                return Ok(Some(template));
            }
        }
        Ok(None)
    }

    async fn migrate(&self, blueprint: &Blueprint, key: Key, name: &str) -> Result<(), TestError> {
        let pool = self.reach(name).pool(4)?;
        let migrator = blueprint.recipe.migrator(pool.clone())?;
        let base = blueprint.head.filter(|_| blueprint.keys.base() == Some(key));
        let report = match base {
            Some(head) => migrator.up(Target::Version(head)).await,
            None => migrator.run().await,
        };
        pool.close();
        nothing_blocked(report)
    }

    /// A copy of the template for a test, made now.
    pub(crate) async fn copy_for(&self, template: &Template, test: &str) -> Result<String, TestError> {
        let desk = self.desk().await?;
        let worker = self.worker().await?;
        let name = self.copy_as(&worker, template, "clone", Some((desk.owner(), test))).await;
        self.rest(worker);
        name.map(|name| name.unwrap_or_default())
    }

    /// A copy that waits for a test, with a connection that waits too.
    pub(crate) async fn copy_ahead(&self, template: &Template) -> Result<(), TestError> {
        let worker = self.worker().await?;
        let name = self.copy_as(&worker, template, "clone", None).await;
        self.rest(worker);
        name.map(drop)
    }

    /// The one database in which all tests with this template roll back.
    pub(crate) async fn common(&self, template: &Template) -> Result<String, TestError> {
        let began = Instant::now();
        let desk = self.desk().await?;
        loop {
            if let Some(common) = find(&desk, "common", template.key).await? {
                return Ok(common.name);
            }
            let worker = self.worker().await?;
            let name = self.copy_as(&worker, template, "common", None).await;
            self.rest(worker);
            if let Some(name) = name? {
                return Ok(name);
            }
            desk.run(sql::SORT_OUT).await?;
            if began.elapsed() > MAKING_LIMIT {
                return Err(Kind::Waited { after: MAKING_LIMIT }.into());
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }

    /// A copy of a kind; `None` when somebody else makes the only one there may be.
    async fn copy_as(
        &self,
        worker: &Session,
        template: &Template,
        kind: &str,
        claimed: Option<(&str, &str)>,
    ) -> Result<Option<String>, TestError> {
        let new = [&kind.into(), &(&template.key).into(), &worker.owner().into()];
        let Some(row) = worker.row(sql::NEW, &new).await? else { return Ok(None) };
        let name: String = row.get(0);
        let made = async {
            self.copy(worker, &name, template).await?;
            if kind == "common" {
                // What is left when a test ends its transaction cannot write.
                let sql = format!("alter database {} set default_transaction_read_only = on", quoted(&name));
                worker.run(&sql).await?;
            }
            Ok(match (kind, claimed) {
                // Its first connection builds the database's caches, and the test that gets it need not wait for one.
                ("clone", None) => {
                    let connected = self.reach(&name).connect().await;
                    Some(connected.map_err(|cause| Kind::Connect { cause })?)
                }
                _ => None,
            })
        };
        match made.await {
            Ok(connected) => self.connections().extend(connected.map(|client| (name.clone(), client))),
            Err(error) => {
                worker.row(sql::DONE, &[&(&name).into()]).await?;
                return Err(error);
            }
        }
        let (state, owner, test) = match claimed {
            Some((owner, test)) => ("claimed", owner.into(), test.into()),
            None => ("ready", Value::absent(), Value::absent()),
        };
        let made = [&(&name).into(), &state.into(), &owner, &test, &Value::List(Vec::new())];
        worker.row(sql::MADE, &made).await?;
        Ok(Some(name))
    }

    /// A copy with everything, the database's own settings and rights included.
    async fn copy(&self, worker: &Session, name: &str, template: &Template) -> Result<(), TestError> {
        let strategy = self.strategy(worker).await?;
        let (name, from) = (quoted(name), quoted(&template.name));
        worker.run(&format!("create database {name} template {from} {strategy}")).await?;
        for extra in &template.extras {
            worker.run(&extra.replacen("%I", &name, 1)).await?;
        }
        Ok(())
    }

    async fn strategy(&self, worker: &Session) -> Result<&str, TestError> {
        let asked = self.strategy.get_or_try_init(|| async {
            let row = worker.row(sql::STRATEGY, &[]).await?;
            Ok::<String, TestError>(row.map(|row| row.get(0)).unwrap_or_default())
        });
        asked.await.map(String::as_str)
    }
}

/// A template with a part of its migrations would be none.
pub(crate) fn nothing_blocked(report: Result<Report, upshift::Error>) -> Result<(), TestError> {
    let report = report.map_err(|cause| Kind::Migrations { cause })?;
    match report.blocked.first() {
        None => Ok(()),
        Some(blocked) => {
            Err(Kind::Blocked { label: blocked.label.clone(), by: blocked.by.to_string() }.into())
        }
    }
}

impl Known {
    /// Migrations that fail fail again; a lost connection need not.
    fn remember(&mut self, error: &TestError) {
        if error.is_of_migrations() {
            *self = Known::Failed(error.clone());
        }
    }
}

async fn find(desk: &Session, kind: &str, key: Key) -> Result<Option<Template>, TestError> {
    let row = desk.row(sql::FIND, &[&kind.into(), &(&key).into()]).await?;
    Ok(row.map(|row| Template { key, name: row.get(0), extras: row.get(1) }))
}

impl TestError {
    /// Whether a database that was there a moment ago is not any more.
    pub(crate) fn is_gone(&self) -> bool {
        self.sqlstate() == Some(&SqlState::INVALID_CATALOG_NAME)
    }
}
