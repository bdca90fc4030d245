//! Connections whose tasks have an owner.

use std::pin::pin;

use futures_util::StreamExt;
use tokio::task::JoinHandle;
use tokio_postgres::error::ErrorPosition;
use tokio_postgres::{Client, SimpleQueryMessage, SimpleQueryStream};
use upshift::files::sql;
use upshift_schema::{Edges, Filter, Snapshot};

use super::{GenerateError, Place};
use crate::plan::Schema;

/// How many statements the server is done with, and what it says at the end.
async fn answered(answers: SimpleQueryStream) -> (usize, Result<(), tokio_postgres::Error>) {
    let mut answers = pin!(answers);
    let mut done = 0;
    loop {
        match answers.next().await {
            Some(Ok(SimpleQueryMessage::CommandComplete(_))) => done += 1,
            Some(Ok(_)) => {}
            Some(Err(cause)) => return (done, Err(cause)),
            None => return (done, Ok(())),
        }
    }
}

/// The statement that was refused: where the server points, else the one behind those it is done with. All of the text
/// where neither is one.
fn refused<'t>(text: &'t str, done: usize, cause: &tokio_postgres::Error) -> &'t str {
    let Ok(all) = sql::split(text) else { return text };
    let byte = match cause.as_db_error().and_then(|said| said.position()) {
        Some(ErrorPosition::Original(at)) => {
            let at = (*at as usize).saturating_sub(1);
            text.char_indices().nth(at).map(|(byte, _)| byte)
        }
        _ => None,
    };
    let found = match byte {
        Some(byte) => all.iter().find(|one| one.range.end >= byte),
        None => all.get(done),
    };
    found.and_then(|one| text.get(one.range.clone())).unwrap_or(text)
}

/// A connection; its task ends with it.
#[derive(Debug)]
pub(super) struct Link {
    pub(super) client: Client,
    task: JoinHandle<()>,
}

impl Link {
    pub(super) async fn open(place: &Place) -> Result<Link, GenerateError> {
        // What ends the connection is told to whoever asks it next.
        let (client, task) = place.connect().await?;
        Ok(Link { client, task })
    }

    /// Says goodbye and waits for it: a database that somebody is in cannot be copied.
    pub(super) async fn close(self) {
        let Link { client, task } = self;
        drop(client);
        // It ends when its client is gone.
        drop(task.await);
    }

    pub(super) async fn run(&self, sql: &str) -> Result<(), GenerateError> {
        let sent = self.client.batch_execute(sql).await;
        sent.map_err(|cause| GenerateError::Statement { sql: sql.to_owned(), cause })
    }

    /// Runs a text of many statements as one message; where one is refused, the error has that one alone.
    pub(super) async fn run_text(&self, text: &str) -> Result<(), GenerateError> {
        let (done, sent) = match self.client.simple_query_raw(text).await {
            Ok(answers) => answered(answers).await,
            Err(cause) => (0, Err(cause)),
        };
        sent.map_err(|cause| GenerateError::Statement { sql: refused(text, done, &cause).to_owned(), cause })
    }

    /// The schema and its dependencies.
    pub(super) async fn schema(&self, filter: &Filter) -> Result<Schema, GenerateError> {
        let snapshot = Snapshot::read(&self.client, filter).await.map_err(GenerateError::Read)?;
        let edges = Edges::read(&self.client, filter).await.map_err(GenerateError::Read)?;
        Ok(Schema::new(snapshot, edges))
    }
}
