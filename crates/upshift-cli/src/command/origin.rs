//! Schemas as arguments: a database, the migrations, SQL files, nothing; and where scratch databases are made.

use std::path::{Path, PathBuf};

use clap::Args;
use upshift_generate::{GenerateError, Origin, Schema};
use upshift_schema::{Edges, Filter, Snapshot};
use upshift_test::{Reach, Server};

use crate::connect;
use crate::context::{Context, unreachable};
use crate::failure::Failure;
use crate::settings::Environment;

/// Where scratch databases are made.
#[derive(Debug, Clone, Args)]
pub(crate) struct Scratch {
    /// A server where scratch databases may be made [default: a throw-away one, of the PostgreSQL that is installed].
    #[arg(long, value_name = "URL")]
    server: Option<String>,
}

/// A server for scratch databases; a throw-away one goes with this value.
pub(crate) struct Place {
    reached: connect::Reached,
    place: upshift_generate::Place,
    name: String,
    _thrown_away: Option<Server>,
}

impl Place {
    fn at(url: &str, environment: &Environment, server: Option<Server>) -> Result<Place, Failure> {
        let reached = connect::reached(Some(url), environment)?;
        let place = reached.clone().into_place();
        Ok(Place { reached, place, name: url.to_owned(), _thrown_away: server })
    }

    /// As upshift-generate takes it.
    pub(crate) fn place(&self) -> &upshift_generate::Place {
        &self.place
    }

    /// As upshift-test takes it.
    pub(crate) fn reach(&self) -> Reach {
        Reach::new(self.reached.config.clone(), self.reached.connect.clone())
    }

    /// Its address as it was said.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }
}

impl Scratch {
    pub(crate) async fn place(&self, context: &Context) -> Result<Place, Failure> {
        if let Some(url) = &self.server {
            return Place::at(url, &context.environment, None);
        }
        context.terminal.tell("starting a throw-away server; --server URL uses one that is there");
        // It waits for the server with the thread, not with the task.
        let started = tokio::task::spawn_blocking(Server::start).await;
        let server = started.map_err(|_| Failure::failed("the throw-away server was not started"))?.map_err(
            |error| Failure::failed(format!("{error:?}")).help("--server URL uses one that is there"),
        )?;
        let url = server.url("postgres");
        // It listens without TLS, whatever libpq's variables say of other servers.
        Place::at(&url, &Environment::default(), Some(server))
    }
}

/// Reads an origin: `migrations`, `empty`, `database`, a URL, a file or folder of SQL.
pub(crate) async fn origin(said: &str, context: &Context, filter: &Filter) -> Result<Origin, Failure> {
    match said {
        "migrations" => {
            // Told as `up` tells it, and before a server is started.
            context.source().check()?;
            Ok(Origin::Migrations(context.source()))
        }
        "empty" => Ok(Origin::Empty),
        "database" => Ok(read(&context.pool()?, filter).await?),
        url if url.contains("://") => read(&connect::pool(Some(url), &context.environment)?, filter).await,
        path => Ok(Origin::Sql(sql(Path::new(path))?)),
    }
}

/// Over a connection of ours, which may be encrypted.
async fn read(pool: &deadpool_postgres::Pool, filter: &Filter) -> Result<Origin, Failure> {
    let client = pool.get().await.map_err(|cause| unreachable(&cause))?;
    Ok(Origin::Schema(Box::new(schema_of(&client, filter).await?)))
}

/// The schema of the database that this connection is to.
pub(super) async fn schema_of(client: &tokio_postgres::Client, filter: &Filter) -> Result<Schema, Failure> {
    let unreadable = |error| Failure::from(GenerateError::Read(error));
    let snapshot = Snapshot::read(client, filter).await.map_err(unreadable)?;
    let edges = Edges::read(client, filter).await.map_err(unreadable)?;
    Ok(Schema::new(snapshot, edges))
}

/// The texts of a file, or of a folder's `.sql` files in the order of their paths. Of a folder that `pull` wrote, its
/// `schema.sql` only includes the others.
fn sql(path: &Path) -> Result<Vec<String>, Failure> {
    let unreadable = |path: &Path| {
        let path = path.to_owned();
        move |cause: std::io::Error| {
            Failure::file("read", &path, &cause)
                .help("a schema is `migrations`, `database`, `empty`, a URL, or a file or folder of SQL")
        }
    };
    if !path.is_dir() {
        return Ok(vec![std::fs::read_to_string(path).map_err(unreadable(path))?]);
    }
    let (mut files, mut folders) = (Vec::new(), vec![path.to_owned()]);
    while let Some(folder) = folders.pop() {
        for entry in folder.read_dir().map_err(unreadable(&folder))? {
            let path: PathBuf = entry.map_err(unreadable(&folder))?.path();
            match path.is_dir() {
                true => folders.push(path),
                false if path.extension().is_some_and(|it| it == "sql") => files.push(path),
                false => {}
            }
        }
    }
    if files.len() > 1 {
        files.retain(|file| file.strip_prefix(path).is_ok_and(|inner| inner != Path::new("schema.sql")));
    }
    files.sort();
    match files.is_empty() {
        true => Err(Failure::usage(format!("{} has no SQL file", path.display()))),
        false => files.iter().map(|file| std::fs::read_to_string(file).map_err(unreadable(file))).collect(),
    }
}

/// An error of upshift-generate, with its causes; what it refuses is no failure on the way.
impl From<GenerateError> for Failure {
    fn from(error: GenerateError) -> Failure {
        if let GenerateError::Migrations(engine) = &error {
            return Failure::behind(engine, format!("{error}: {}", engine.render()));
        }
        let mut text = error.to_string();
        let mut cause = std::error::Error::source(&error);
        while let Some(inner) = cause {
            let words = inner.to_string();
            if !text.contains(&words) {
                text.push_str(&format!("\n  caused by: {words}"));
            }
            cause = inner.source();
        }
        match error {
            GenerateError::Refused(_) | GenerateError::HasHistory(_) => Failure::refused(text),
            GenerateError::WouldDrop(_) => {
                Failure::not_confirmed_by(text, "say --drops to push it all the same")
            }
            GenerateError::Rename(_) => Failure::usage(text),
            GenerateError::Connect(_) => Failure::unreachable(text),
            _ => Failure::failed(text),
        }
    }
}
