//! One message and its answer.

use std::borrow::Cow;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio_postgres::{Client, Row, Statement};

use crate::answer::to_the_end;
use crate::plan::{Lease, Message};

/// What carries messages: the connection, the lease they are written under, and what the connection has prepared.
#[derive(Clone, Copy)]
pub(crate) struct Wire<'w> {
    pub(crate) client: &'w Client,
    pub(crate) lease: &'w Lease,
    pub(crate) prepared: &'w [Prepared],
    /// Set when nothing more can be asked on this connection: see [`Wire::spoil`].
    pub(crate) spoiled: &'w AtomicBool,
}

/// A statement that the server has read and planned already.
pub(crate) struct Prepared {
    pub(crate) sql: Cow<'static, str>,
    pub(crate) statement: Statement,
}

impl<'w> Wire<'w> {
    /// Says that answers do not belong to questions any more.
    ///
    /// That is what becomes of a connection on which the server refuses a COPY FROM STDIN: the driver (tokio-postgres
    /// 0.7) then ends the data it had not begun, and takes the server's answer to that for the answer to what it asks
    /// next.
    pub(crate) fn spoil(self) {
        self.spoiled.store(true, Ordering::Relaxed);
    }

    /// Whether nothing more can be asked.
    pub(crate) fn is_spoiled(self) -> bool {
        self.spoiled.load(Ordering::Relaxed)
    }

    /// One message and its answer.
    ///
    /// What is not prepared goes with the types of its values, so that nothing has a name a pooler could mix up.
    pub(crate) async fn ask(self, message: &Message) -> Result<Vec<Row>, tokio_postgres::Error> {
        if message.values.is_empty() {
            return to_the_end(self.client, &message.sql, |_| {}).await.map(|()| Vec::new());
        }
        let values: Vec<_> = message.values.iter().map(|value| value.bound(self.lease)).collect();
        match self.prepared.iter().find(|prepared| prepared.sql == message.sql) {
            None => self.client.query_typed(&message.sql, &values).await,
            Some(prepared) => {
                let values: Vec<_> = values.into_iter().map(|(value, _)| value).collect();
                self.client.query(&prepared.statement, &values).await
            }
        }
    }
}
