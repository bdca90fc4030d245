//! One message and its answer.

use std::borrow::Cow;

use tokio_postgres::{Client, Row, Statement};

use crate::plan::{Lease, Message};

/// What carries messages: the connection, the lease they are written under, and what the connection has prepared.
#[derive(Clone, Copy)]
pub(crate) struct Wire<'w> {
    pub(crate) client: &'w Client,
    pub(crate) lease: &'w Lease,
    pub(crate) prepared: &'w [Prepared],
}

/// A statement that the server has read and planned already.
pub(crate) struct Prepared {
    pub(crate) sql: Cow<'static, str>,
    pub(crate) statement: Statement,
}

impl<'w> Wire<'w> {
    /// One message and its answer.
    ///
    /// What is not prepared goes with the types of its values, so that nothing has a name a pooler could mix up.
    pub(crate) async fn ask(self, message: &Message) -> Result<Vec<Row>, tokio_postgres::Error> {
        if message.values.is_empty() {
            return self.client.batch_execute(&message.sql).await.map(|()| Vec::new());
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
