//! The floor: what a person writes by hand in tokio-postgres who knows exactly what there is to do.
//!
//! It reads its history in one query and compares; its checksums are made up beforehand, so that it hashes nothing. It
//! asks nothing, checks nothing, logs nothing and keeps no texts.

use std::time::Duration;

use futures_util::future::try_join_all;
use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, NoTls};

use super::{Contender, File, Outcome, Place};

const MAKE_HISTORY: &str = "create schema bare; create table bare.history (version bigint primary key, \
    checksum bytea not null, applied_at timestamptz not null default now())";
const LOCK: &str = "select pg_try_advisory_lock(7)";
/// Often, as a floor may: eight clients that ask a hundred times a second cost the server a few percent.
const POLL: Duration = Duration::from_millis(10);
const UNLOCK: &str = "select pg_advisory_unlock(7)";

/// How the migrations are sent; each is a transaction in any case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sending {
    /// A migration a message, none waits for the answer to the one before.
    MigrationAMessage,
    /// BEGIN, the statement, the history row and COMMIT each as a message, none waits: the floor of a tool that must
    /// know which statement failed, and that distributed engines accept.
    StatementAMessage,
    /// Under a polled advisory lock, a migration a message, each waits for the one before.
    LockedOneByOne,
    /// Under a polled advisory lock, a migration a message, none waits.
    LockedPipelined,
}

pub struct Bare {
    place: Place,
    sending: Sending,
    expected: Vec<(i64, Vec<u8>)>,
    statements: Vec<[String; 4]>,
}

impl Bare {
    pub fn new(place: Place, sending: Sending, files: &[File]) -> Bare {
        let expected = files.iter().map(|file| (i64::from(file.number), file.number.to_be_bytes().repeat(8)));
        let expected: Vec<_> = expected.collect();
        let statements = files.iter().zip(&expected).map(|(file, (version, checksum))| {
            let hex: String = checksum.iter().map(|byte| format!("{byte:02x}")).collect();
            let insert =
                format!("insert into bare.history (version, checksum) values ({version}, '\\x{hex}')");
            ["begin".to_owned(), file.sql.clone(), insert, "commit".to_owned()]
        });
        Bare { place, sending, statements: statements.collect(), expected }
    }

    /// Whether everything is applied.
    async fn is_done(&self, client: &Client) -> Outcome<bool> {
        let sql = "select version, checksum from bare.history order by version";
        let rows = match client.query_typed(sql, &[]).await {
            Err(cause) if cause.code() == Some(&SqlState::UNDEFINED_TABLE) => return Ok(false),
            rows => rows?,
        };
        let read = rows.iter().map(|row| (row.get::<_, i64>(0), row.get::<_, &[u8]>(1)));
        Ok(read.eq(self.expected.iter().map(|(version, checksum)| (*version, checksum.as_slice()))))
    }

    async fn locked(&self, client: &Client) -> Outcome<()> {
        while !client.query_typed(LOCK, &[]).await?.iter().all(|row| row.get(0)) {
            tokio::time::sleep(POLL).await;
        }
        if !self.is_done(client).await? {
            self.apply(client).await?;
        }
        client.batch_execute(UNLOCK).await?;
        Ok(())
    }

    async fn apply(&self, client: &Client) -> Outcome<()> {
        let whole = |statements: &[String; 4]| statements.join(";");
        let messages: Vec<String> = match self.sending {
            Sending::StatementAMessage => self.statements.concat(),
            _ => self.statements.iter().map(whole).collect(),
        };
        if self.sending == Sending::LockedOneByOne {
            client.batch_execute(MAKE_HISTORY).await?;
            for message in &messages {
                client.batch_execute(message).await?;
            }
            return Ok(());
        }
        let all = std::iter::once(MAKE_HISTORY).chain(messages.iter().map(String::as_str));
        // The first poll sends, and they are polled in this order.
        try_join_all(all.map(|message| client.batch_execute(message))).await?;
        Ok(())
    }
}

impl Contender for Bare {
    type Link = Client;

    fn name(&self) -> &'static str {
        match self.sending {
            Sending::MigrationAMessage => "bare",
            Sending::StatementAMessage => "bare, a message a statement",
            Sending::LockedOneByOne => "bare, one by one",
            Sending::LockedPipelined => "bare, pipelined",
        }
    }

    fn place(&self) -> Place {
        self.place
    }

    async fn connect(&self, url: &str) -> Outcome<Client> {
        let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
        tokio::spawn(connection);
        Ok(client)
    }

    async fn migrate(&self, client: &mut Client) -> Outcome<()> {
        if self.is_done(client).await? {
            return Ok(());
        }
        match self.sending {
            Sending::MigrationAMessage | Sending::StatementAMessage => self.apply(client).await,
            Sending::LockedOneByOne | Sending::LockedPipelined => self.locked(client).await,
        }
    }
}
