//! Connections: borrowed for a question, taken for work.

use std::ops::Deref;
use std::pin::Pin;
use std::task::{Context, Poll};

use deadpool_postgres::{ClientWrapper, Object, Pool};
use futures_util::future::{BoxFuture, FutureExt, join3};
use scopeguard::{ScopeGuard, guard};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream, ReadBuf, duplex};
use tokio_postgres::tls::{ChannelBinding, TlsConnect, TlsStream};
use tokio_postgres::{CancelToken, Client, Row};

use crate::error::Error;

/// A connection for questions. It is closed when it is dropped, unless it was given back.
///
/// A question that was dropped in the middle has left an answer on its way, and a network that swallows packets a
/// connection that looks well: whoever got it next would stand behind that. Between two answers a pooler may even take the
/// session for free: see [`BEGIN`].
pub(crate) struct Borrowed(ScopeGuard<Object, fn(Object)>);

/// Borrows a connection.
pub(crate) async fn borrow(pool: &Pool) -> Result<Borrowed, Error> {
    let object = pool.get().await.map_err(Error::pool)?;
    Ok(Borrowed(guard(object, |object| drop(Object::take(object)))))
}

impl Borrowed {
    /// Gives it back to the pool: whatever was asked is answered.
    pub(crate) fn give_back(self) {
        drop(ScopeGuard::into_inner(self.0));
    }

    /// Gives it back to the pool with what was answered last; behind an error it is closed, since the end of that answer
    /// may be still to come (see [`crate::answer::to_the_end`]).
    pub(crate) fn answered<T>(self, answer: Result<T, Error>) -> Result<T, Error> {
        let answer = answer?;
        self.give_back();
        Ok(answer)
    }
}

impl Deref for Borrowed {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.0
    }
}

/// Around questions that are asked without waiting for the answers: PgBouncer before 1.21 counts a session as free when
/// its client leaves between two answers that each end a transaction, and gives the second one to somebody else.
///
/// Each question still sees what was committed before it.
const BEGIN: &str = "begin isolation level read committed";
const COMMIT: &str = "commit";

/// Asks all of these at once, in one transaction ([`BEGIN`]): one round trip, where each of them is one.
///
/// # Errors
/// Theirs, or that the transaction cannot be had.
pub(crate) async fn at_once<T>(
    client: &Client,
    questions: impl Future<Output = Result<T, Error>>,
    doing: &'static str,
) -> Result<T, Error> {
    let (transaction, answers) = in_transaction(client, questions).await;
    whole(transaction, answers, doing)
}

/// What came of questions and of the transaction around them. What the server says about the transaction, or a pooler that
/// has no session to give, is why all else failed.
pub(crate) fn whole<T>(
    transaction: Result<(), tokio_postgres::Error>,
    answers: Result<T, Error>,
    doing: &'static str,
) -> Result<T, Error> {
    match (transaction, answers) {
        (Err(cause), Err(_)) if cause.as_db_error().is_some() => Err(Error::database(doing, cause)),
        (_, Err(error)) => Err(error),
        (Err(cause), Ok(_)) => Err(Error::database(doing, cause)),
        (Ok(()), Ok(answers)) => Ok(answers),
    }
}

/// The same where the transaction and what is asked in it may fail each for itself. What is asked behind an error fails,
/// too.
pub(crate) async fn in_transaction<T>(
    client: &Client,
    questions: impl Future<Output = T>,
) -> (Result<(), tokio_postgres::Error>, T) {
    // Polled, and so sent, in this order.
    let (began, answers, ended) =
        join3(client.batch_execute(BEGIN), questions, client.batch_execute(COMMIT)).await;
    (began.and(ended), answers)
}

/// A connection that migrates.
///
/// It is taken out of the pool and never given back: whatever a migration set, created or left locked in its session
/// ends with it, and dropping the run at any point closes it. The pool makes a new one when it needs one.
pub(crate) struct Session {
    client: ClientWrapper,
}

impl Session {
    pub(crate) async fn open(pool: &Pool) -> Result<Session, Error> {
        Ok(Session { client: Object::take(pool.get().await.map_err(Error::pool)?) })
    }

    pub(crate) fn client(&self) -> &Client {
        &self.client
    }

    /// What the pool set on this very connection: one round trip.
    pub(crate) async fn settings(&self) -> Result<Vec<(String, String)>, tokio_postgres::Error> {
        let rows = self.client.query_typed(SESSION_SETTINGS, &[]).await?;
        Ok(rows.iter().filter_map(setting).collect())
    }

    /// The process id the server, or the pooler in front of it, told this connection at its start.
    ///
    /// Behind a transaction pooler it is none of the server's. No round trip: the driver keeps it for cancelling, and
    /// writes it into the cancel request, which we let it write to ourselves.
    pub(crate) async fn told_pid(&self) -> Option<i32> {
        told_pid(&self.client.cancel_token()).await
    }
}

/// What somebody set on this very connection, roles first. Written for PostgreSQL 13 to 18.
///
/// Settings with names of their own (`app.tenant`) are not here: the server lists them nowhere.
const SESSION_SETTINGS: &str = "\
select 'session_authorization' as name, session_user::varchar as setting
from pg_catalog.pg_stat_get_activity(pg_catalog.pg_backend_pid()) a
    join pg_catalog.pg_roles r on r.oid operator(pg_catalog.=) a.usesysid
where r.rolname operator(pg_catalog.<>) session_user
union all
select 'role', pg_catalog.current_setting('role')
where pg_catalog.current_setting('role') operator(pg_catalog.<>) 'none'
union all
select s.name, s.setting from pg_catalog.pg_settings s
where s.source operator(pg_catalog.=) 'session'
    and s.name operator(pg_catalog.<>) all (array['role', 'session_authorization'])
    and not pg_catalog.starts_with(s.name, 'transaction')";

fn setting(row: &Row) -> Option<(String, String)> {
    Some((row.try_get("name").ok()?, row.try_get("setting").ok()?))
}

/// Bytes of a cancel request: length, code, process id, secret (which has up to 256 bytes since protocol 3.2).
const LARGEST_REQUEST: usize = 512;
/// The code of an SSLRequest (PostgreSQL manual, "Message Formats").
const SSL_REQUEST: i32 = 80_877_103;

async fn told_pid(token: &CancelToken) -> Option<i32> {
    let (mut ours, theirs) = duplex(LARGEST_REQUEST);
    let read = async {
        let mut head = [0; 8];
        ours.read_exact(&mut head).await.ok()?;
        if head[4..] == SSL_REQUEST.to_be_bytes() {
            // The configuration insists on TLS: let it have some, this stream ends in our own hands.
            ours.write_all(b"S").await.ok()?;
            ours.read_exact(&mut head).await.ok()?;
        }
        ours.read_i32().await.ok()
    };
    let (pid, _) = futures_util::future::join(read, token.cancel_query_raw(theirs, NoCipher)).await;
    pid
}

/// "TLS" for a stream that never leaves this process.
struct NoCipher;

struct Bare(DuplexStream);

impl TlsConnect<DuplexStream> for NoCipher {
    type Stream = Bare;
    type Error = std::io::Error;
    type Future = BoxFuture<'static, Result<Bare, std::io::Error>>;

    fn connect(self, stream: DuplexStream) -> Self::Future {
        std::future::ready(Ok(Bare(stream))).boxed()
    }
}

impl TlsStream for Bare {
    fn channel_binding(&self) -> ChannelBinding {
        ChannelBinding::none()
    }
}

impl AsyncRead for Bare {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buf)
    }
}

impl AsyncWrite for Bare {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}
