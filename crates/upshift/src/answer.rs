//! Answers, read to their end.

use std::error::Error as _;

use futures_util::stream::StreamExt;
use tokio_postgres::{Client, SimpleQueryMessage};

/// Sends statements without values, and returns when the answer is over: with an error, too.
///
/// The driver itself returns with the error. The server sends that at once and the end of the answer behind it, so what is
/// asked next could be asked between the two. Behind PgBouncer before 1.21 somebody else may get the answer to that.
pub(crate) async fn to_the_end(
    client: &Client,
    sql: &str,
    mut each: impl FnMut(SimpleQueryMessage),
) -> Result<(), tokio_postgres::Error> {
    let mut answers = std::pin::pin!(client.simple_query_raw(sql).await?);
    let (mut failure, mut is_unreadable) = (None, false);
    while let Some(answer) = answers.next().await {
        match answer {
            Ok(message) => each(message),
            Err(cause) if cause.as_db_error().is_some() => failure = Some(failure.unwrap_or(cause)),
            // Columns whose names are no UTF-8, which has a cause, and then their rows, which have none: who asks does not
            // want them.
            Err(cause) if !cause.is_closed() && (is_unreadable || cause.source().is_some()) => {
                is_unreadable = true;
            }
            // A lost connection, or a COPY that waits for data: no end comes.
            Err(cause) => return Err(failure.unwrap_or(cause)),
        }
    }
    failure.map_or(Ok(()), Err)
}
