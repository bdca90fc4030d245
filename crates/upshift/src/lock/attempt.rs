//! One attempt to get the lock: on the session, or behind a pooler in a transaction of a second one.

use deadpool_postgres::Pool;
use futures_util::future::join3;
use tokio_postgres::Row;
use tokio_postgres::types::Type;

use super::{Keeper, ServerFacts};
use crate::context::Context;
use crate::error::Error;
use crate::facts::Facts;
use crate::history::sql;
use crate::session::{self, Session};

/// How the lock is asked for.
pub(super) enum Way {
    /// On the session; the server refuses to when it is not the one the connection was told of.
    Session,
    /// In a transaction of a second connection, which is kept from attempt to attempt.
    ///
    /// There is a pooler in between, and nothing may be asked behind a question that ends a transaction before that is
    /// answered: PgBouncer before 1.21 counts a session as free when its client leaves between the two answers, and
    /// whoever gets it next gets the second one.
    Transaction(Option<Session>),
}

/// The highest process id a server has: Linux counts up to 2²², others less far.
const HIGHEST_PID: i32 = 1 << 22;

impl Way {
    /// By the process id that the connection was told: PgBouncer makes one up, of all 32 bits, which nearly always shows.
    pub(super) fn of(told: Option<i32>) -> Way {
        match told {
            Some(1..=HIGHEST_PID) => Way::Session,
            _ => Way::Transaction(None),
        }
    }
}

pub(super) enum Attempt {
    Locked(Box<(Keeper, ServerFacts)>),
    /// There is a transaction pooler in between: ask the other way.
    Pooled,
    Busy,
}

/// Tries to get the lock with this key, and reads the history and `beside` it: all in one round trip where there is no
/// pooler. `told` is the process the connection was told of.
pub(super) async fn attempt<B>(
    context: &Context,
    session: &Session,
    way: &mut Way,
    (key, told): (i64, Option<i32>),
    beside: impl Future<Output = B>,
) -> (Result<(Attempt, Facts), Error>, B) {
    match way {
        Way::Session => {
            // Backends count from 1, so -1 is none of them.
            let told = told.unwrap_or(-1);
            let values: [(&(dyn tokio_postgres::types::ToSql + Sync), Type); 2] =
                [(&key, Type::INT8), (&told, Type::INT4)];
            let lock = session.client().query_typed(sql::TRY_SESSION_LOCK, &values);
            // It may be a pooler's after all: one transaction (`session::BEGIN`), which takes no lock of the session with it
            // when it fails. The role may not be allowed to take it, and the history may not be there: so in this order.
            let facts = Facts::within(session.client(), context.tables());
            let questions = join3(beside, lock, facts);
            let (transaction, (beside, rows, facts)) =
                session::in_transaction(session.client(), questions).await;
            let asked = transaction.and(rows).and_then(|rows| session_attempt(&rows)).map_err(asking);
            if let Ok(Attempt::Pooled) = asked {
                *way = Way::Transaction(None);
            }
            (asked.and_then(|attempt| Ok((attempt, facts?))), beside)
        }
        Way::Transaction(spare) => {
            let attempted = match try_transaction(context.pool(), spare, key).await {
                Ok(Some(keeper)) => Ok(Attempt::Locked(Box::new((keeper, ServerFacts::default())))),
                Ok(None) => Ok(Attempt::Busy),
                Err(error) => Err(error),
            };
            let attempted = match attempted {
                Ok(attempt) => {
                    let facts = Facts::read(session.client(), context.tables()).await;
                    facts.map(|facts| (attempt, facts))
                }
                Err(error) => Err(error),
            };
            (attempted, beside.await)
        }
    }
}

fn asking(cause: tokio_postgres::Error) -> Error {
    Error::database("ask for the migration lock", cause)
}

fn session_attempt(rows: &[Row]) -> Result<Attempt, tokio_postgres::Error> {
    let Some(row) = rows.first() else { return Ok(Attempt::Busy) };
    Ok(match row.try_get("locked")? {
        None => Attempt::Pooled,
        Some(false) => Attempt::Busy,
        Some(true) => {
            let server = ServerFacts {
                pid: Some(row.try_get("pid")?),
                watches_clients: row.try_get("watches_clients")?,
                settings: Vec::new(),
            };
            Attempt::Locked(Box::new((Keeper::Session, server)))
        }
    })
}

/// Keeps a transaction open without taking a snapshot, which CREATE INDEX CONCURRENTLY would wait for, for ever.
///
/// Any query takes one. A bound query even keeps it behind its end, as its portal stays open until the next message
/// of the simple protocol: this is one.
pub(super) const STAY_OPEN: &str = "set local idle_in_transaction_session_timeout = 0";

/// The lock of a transaction that stays open, READ COMMITTED and idle.
async fn try_transaction(
    pool: &Pool,
    spare: &mut Option<Session>,
    key: i64,
) -> Result<Option<Keeper>, Error> {
    if pool.status().max_size < 2 {
        return Err(Error::small_pool());
    }
    let keeper = match spare.take() {
        Some(session) => session,
        None => Session::open(pool).await?,
    };
    keeper.client().batch_execute("begin isolation level read committed").await.map_err(asking)?;
    let rows = keeper
        .client()
        .query_typed(sql::TRY_TRANSACTION_LOCK, &[(&key, Type::INT8)])
        .await
        .map_err(asking)?;
    let locked = rows.first().map(|row| row.try_get("locked")).transpose().map_err(asking)?;
    if locked == Some(true) {
        keeper.client().batch_execute(STAY_OPEN).await.map_err(asking)?;
        return Ok(Some(Keeper::Transaction(keeper)));
    }
    keeper.client().batch_execute("rollback").await.map_err(asking)?;
    *spare = Some(keeper);
    Ok(None)
}
