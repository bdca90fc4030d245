//! Connections to the office's database, which is made when it is not there.

use tokio_postgres::error::SqlState;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Client, Row};

use super::sql;
use crate::database::error::{Kind, TestError};
use crate::database::reach::Reach;

/// An open connection, and who it is to the server.
#[derive(Debug)]
pub(crate) struct Session {
    client: Client,
    owner: String,
}

impl Session {
    /// Connects to a database that is there.
    pub(crate) async fn open(reach: &Reach) -> Result<Session, TestError> {
        let client = reach.connect().await.map_err(|cause| Kind::Connect { cause })?;
        Session::of(client).await
    }

    /// Connects to the office, and makes it when it is not there.
    pub(crate) async fn open_office(server: &Reach) -> Result<Session, TestError> {
        let name = office_name(server);
        let office = server.on(&name);
        let session = match office.connect().await {
            Ok(client) => Session::of(client).await?,
            Err(cause) if cause.code() == Some(&SqlState::INVALID_CATALOG_NAME) => {
                build_office(server, &name).await?;
                Session::open(&office).await?
            }
            Err(cause) => return Err(Kind::Connect { cause }.into()),
        };
        let furnished = session.row(sql::IS_FURNISHED, &[]).await?.is_some_and(|row| row.get(0));
        if !furnished {
            session.run(sql::FURNISH).await?;
        }
        Ok(session)
    }

    async fn of(client: Client) -> Result<Session, TestError> {
        let (begun, row) =
            futures_util::future::join(client.batch_execute(sql::BEGIN), client.query_typed(sql::WHO, &[]))
                .await;
        let rows = begun.and(row).map_err(|cause| Kind::Office { cause })?;
        let owner = rows.first().map(|row| row.get::<_, String>(0)).unwrap_or_default();
        Ok(Session { client, owner })
    }

    /// Who it is: `pid/time`, as the server's list of sessions says it.
    pub(crate) fn owner(&self) -> &str {
        &self.owner
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.client.is_closed()
    }

    /// Statements without values.
    pub(crate) async fn run(&self, sql: &str) -> Result<(), TestError> {
        self.client.batch_execute(sql).await.map_err(|cause| Kind::Office { cause }.into())
    }

    /// The first row of one statement; all values are texts, or lists of them.
    pub(crate) async fn row(&self, sql: &str, values: &[&Value]) -> Result<Option<Row>, TestError> {
        let typed: Vec<(&(dyn ToSql + Sync), Type)> = values.iter().map(|value| value.typed()).collect();
        let rows = self.client.query_typed(sql, &typed).await.map_err(|cause| Kind::Office { cause })?;
        Ok(rows.into_iter().next())
    }
}

/// A value for a statement.
#[derive(Debug)]
pub(crate) enum Value {
    Text(String),
    Absent(Option<String>),
    List(Vec<String>),
}

impl Value {
    fn typed(&self) -> (&(dyn ToSql + Sync), Type) {
        match self {
            Value::Text(text) => (text, Type::TEXT),
            Value::Absent(absent) => (absent, Type::TEXT),
            Value::List(list) => (list, Type::TEXT_ARRAY),
        }
    }

    /// No value.
    pub(crate) const fn absent() -> Value {
        Value::Absent(None)
    }
}

impl<T: ToString + ?Sized> From<&T> for Value {
    fn from(text: &T) -> Value {
        Value::Text(text.to_string())
    }
}

/// One for each role: its databases are its own.
fn office_name(server: &Reach) -> String {
    let role = server.config.get_user().unwrap_or("postgres");
    let mut name = format!("upshift_test_{role}");
    while name.len() > 63 {
        name.pop();
    }
    name
}

async fn build_office(server: &Reach, name: &str) -> Result<(), TestError> {
    let mut client = server.connect().await;
    if client.as_ref().is_err_and(|error| error.code() == Some(&SqlState::INVALID_CATALOG_NAME)) {
        // The service's own database need not be there for its tests.
        client = server.on("postgres").connect().await;
    }
    let client = client.map_err(|cause| Kind::Connect { cause })?;
    let built = client.batch_execute(&format!("create database {}", quoted(name))).await;
    match built {
        Ok(()) => Ok(()),
        // Another program was quicker. Which of the two is said depends on how close they were.
        Err(cause)
            if matches!(cause.code(), Some(&SqlState::DUPLICATE_DATABASE | &SqlState::UNIQUE_VIOLATION)) =>
        {
            Ok(())
        }
        Err(cause) if cause.code() == Some(&SqlState::INSUFFICIENT_PRIVILEGE) => {
            Err(Kind::NoCreateDb { role: server.config.get_user().unwrap_or_default().to_owned() }.into())
        }
        Err(cause) => Err(Kind::Office { cause }.into()),
    }
}

/// An identifier, as SQL wants it.
pub(crate) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
