//! Messages on their way: sent without waiting for answers, answered in order, bounded in number of bytes.

use std::collections::VecDeque;
use std::task::Poll;

use bytes::Bytes;
use futures_util::SinkExt;
use futures_util::future::BoxFuture;
use tokio_postgres::Row;

use crate::plan::{Message, Purpose, Step};
use crate::watch::Watch;
use crate::wire::Wire;

/// How many bytes may be on their way: enough to fill any network, little enough to forget about.
const MOST_BYTES: usize = 4 << 20;

/// Messages on their way on one connection.
///
/// Dropping it leaves answers unread: only with the connection, never without it.
pub(crate) struct Flight<'f, 'p> {
    wire: Wire<'f>,
    watch: &'f Watch<'f>,
    waiting: VecDeque<InFlight<'f, 'p>>,
    bytes: usize,
    /// The first error.
    pub(crate) failed: Option<Failed<'p>>,
    /// The answers of interest, in order.
    answers: Vec<Answer>,
}

struct InFlight<'f, 'p> {
    step: &'p Step,
    message: &'f Message,
    state: Sent<'f>,
}

enum Sent<'f> {
    Waiting(BoxFuture<'f, Result<Vec<Row>, tokio_postgres::Error>>),
    Answered(Result<Vec<Row>, tokio_postgres::Error>),
}

/// Whether answers may be outstanding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Waiting {
    ForMore,
    ForNothing,
}

/// The first message that failed; what came behind it failed because of it.
#[derive(Debug)]
pub(crate) struct Failed<'p> {
    pub(crate) step: &'p Step,
    pub(crate) purpose: Purpose,
    pub(crate) cause: tokio_postgres::Error,
}

/// A message of interest that was answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answer {
    /// The history row was written; how long the transaction took until then.
    Recorded { milliseconds: i64 },
    /// COMMIT was answered.
    Committed,
}

impl<'f, 'p> Flight<'f, 'p> {
    pub(crate) fn new(wire: Wire<'f>, watch: &'f Watch<'f>) -> Flight<'f, 'p> {
        Flight { wire, watch, waiting: VecDeque::new(), bytes: 0, failed: None, answers: Vec::new() }
    }

    /// Sends a message, without waiting for its answer unless too much is on its way or it brings data.
    pub(crate) async fn send(&mut self, step: &'p Step, message: &'f Message) {
        let size = message.size();
        if message.copy_data.is_some() || self.bytes.saturating_add(size) > MOST_BYTES && self.bytes > 0 {
            self.land().await;
        }
        if let Some(data) = &message.copy_data {
            // Nothing may be sent behind a COPY before its data, and nothing at all after an error.
            if self.failed.is_none() {
                let outcome = copy(self.wire, &message.sql, data).await.map(|()| Vec::new());
                self.answered(step, message.purpose, outcome);
            }
            return;
        }
        let mut future: BoxFuture<'f, _> = Box::pin(self.wire.ask(message));
        // The first poll puts the message on the wire; the driver keeps the order of these polls.
        let state = match futures_util::poll!(&mut future) {
            Poll::Ready(outcome) => Sent::Answered(outcome),
            Poll::Pending => Sent::Waiting(future),
        };
        self.bytes += size;
        self.waiting.push_back(InFlight { step, message, state });
    }

    /// Waits for every answer.
    pub(crate) async fn land(&mut self) {
        while let Waiting::ForMore = self.land_next().await {}
    }

    /// Waits for the next answer, where one is outstanding.
    pub(crate) async fn land_next(&mut self) -> Waiting {
        let Some(next) = self.waiting.pop_front() else {
            self.bytes = 0;
            return Waiting::ForNothing;
        };
        let outcome = match next.state {
            Sent::Answered(outcome) => outcome,
            Sent::Waiting(future) => self.watch.over(next.step.at(), &next.message.sql, future).await,
        };
        self.answered(next.step, next.message.purpose, outcome);
        Waiting::ForMore
    }

    /// The answers up to the last COMMIT that was answered, which are then told.
    pub(crate) fn take_committed(&mut self) -> Vec<Answer> {
        let end = self.answers.iter().rposition(|answer| *answer == Answer::Committed).map_or(0, |at| at + 1);
        self.answers.drain(..end).collect()
    }

    fn answered(
        &mut self,
        step: &'p Step,
        purpose: Purpose,
        outcome: Result<Vec<Row>, tokio_postgres::Error>,
    ) {
        match (outcome, purpose) {
            (Err(cause), _) if self.failed.is_none() => self.failed = Some(Failed { step, purpose, cause }),
            // What came behind the first error failed because of it.
            (Err(_), _) => {}
            (Ok(rows), Purpose::Record) => {
                let milliseconds = rows.first().and_then(|row| row.try_get("duration_ms").ok()).unwrap_or(0);
                self.answers.push(Answer::Recorded { milliseconds });
            }
            (Ok(_), Purpose::Commit) if self.failed.is_none() => self.answers.push(Answer::Committed),
            (Ok(_), _) => {}
        }
    }
}

/// A COPY with its data, in pieces so that no copy of the whole is made.
async fn copy(wire: Wire<'_>, sql: &str, data: &str) -> Result<(), tokio_postgres::Error> {
    const PIECE: usize = 64 << 10;
    let statement = wire.client.prepare(sql).await?;
    let sink = match wire.client.copy_in::<_, Bytes>(&statement).await {
        Ok(sink) => sink,
        Err(refused) => {
            wire.spoil();
            return Err(refused);
        }
    };
    let mut sink = std::pin::pin!(sink);
    for piece in data.as_bytes().chunks(PIECE) {
        sink.send(Bytes::copy_from_slice(piece)).await?;
    }
    sink.finish().await.map(|_| ())
}
