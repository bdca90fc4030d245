//! A database of its own for each test, on one server for all of them.

use std::path::PathBuf;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::Sender;
use std::time::{Duration, Instant};

use deadpool_postgres::{Manager, ManagerConfig, Pool, RecyclingMethod, Runtime};
use tokio_postgres::tls::{MakeTlsConnect, TlsConnect};
use tokio_postgres::{Client, NoTls, SimpleQueryMessage, Socket};
use upshift::{Migrator, Source};
use upshift_test::Server;

/// The server all promises run on; it ends with the program.
pub static SERVER: LazyLock<Server> =
    LazyLock::new(|| Server::start().unwrap_or_else(|error| panic!("{error:?}")));

/// A client program of the server, or a word on stderr that the test is skipped.
///
/// The servers from npm, on which `scripts/matrix` runs the promises, come without client programs. Where nobody
/// chose the programs (`UPSHIFT_PG_BIN`), a missing one is a failure.
///
/// # Panics
/// When the program is missing beside programs that nobody chose.
pub fn client_program(name: &str) -> Option<PathBuf> {
    let found = SERVER.program(name);
    if found.is_none() {
        assert!(std::env::var_os("UPSHIFT_PG_BIN").is_some(), "{name} is not beside the server's programs");
        eprintln!("SKIPPED: {name} is not beside the programs in UPSHIFT_PG_BIN");
    }
    found
}

/// Whether the server is at least of this major, or a word on stderr that the test is skipped.
pub fn server_is_at_least(major: u32) -> bool {
    let is = SERVER.version().major >= major;
    if !is {
        eprintln!("SKIPPED: PostgreSQL {} is older than {major}", SERVER.version().major);
    }
    is
}

static NEXT: AtomicU32 = AtomicU32::new(1);

/// An empty database; dropped at the end of the test, kept when the test fails.
pub struct Database {
    name: String,
}

impl Database {
    /// A new one.
    pub async fn new() -> Database {
        let name = format!("promise_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let admin = connect(&SERVER.url("postgres")).await;
        admin.batch_execute(&format!("create database {name}")).await.unwrap();
        Database { name }
    }

    /// A copy of this one. The server waits some seconds for the last connection to it to end.
    pub async fn copy(&self) -> Database {
        let copy = format!("promise_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let admin = connect(&SERVER.url("postgres")).await;
        admin.batch_execute(&format!("create database {copy} template {}", self.name)).await.unwrap();
        Database { name: copy }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its address.
    pub fn url(&self) -> String {
        SERVER.url(&self.name)
    }

    /// A pool of connections to it.
    pub fn pool(&self) -> Pool {
        pool(&self.url(), 8)
    }

    /// A migrator for it.
    pub fn migrator(&self, source: impl Into<Source>) -> Migrator {
        Migrator::new(self.pool(), source).service("promises", "1.0.0")
    }

    /// A connection to it, past every pool.
    pub async fn client(&self) -> Client {
        connect(&self.url()).await
    }

    /// Runs statements.
    pub async fn run(&self, sql: &str) {
        self.client().await.batch_execute(sql).await.unwrap_or_else(|error| panic!("{sql}: {error:?}"));
    }

    /// The rows of a query as text: columns with ` | `, rows with line breaks.
    pub async fn rows(&self, sql: &str) -> String {
        rows(&self.client().await, sql).await
    }

    /// The history, shortly: what is in which state.
    pub async fn history(&self) -> String {
        self.rows("select coalesce(version::text, 'R'), name, state from upshift.history order by ordinal")
            .await
    }

    /// Tables of the public schema.
    pub async fn tables(&self) -> String {
        let sql =
            "select string_agg(tablename, ' ' order by tablename) from pg_tables where schemaname = 'public'";
        self.rows(sql).await
    }

    /// Waits until no session of this database but our own holds a lock or an open transaction.
    ///
    /// # Panics
    /// When one is still there after ten seconds.
    pub async fn settle(&self) {
        let left = left_locked(&self.client().await).await;
        assert!(left.is_empty(), "locks or transactions are left:\n{left}");
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("kept for you while this program runs: psql {}", self.url());
            return;
        }
        // The program ends with its server, so it is no loss when nobody takes it any more.
        let _ = JANITOR.send(self.name.clone());
    }
}

/// Drops databases, one after the other. No test waits for that: the server drops none before every session has looked up
/// from what it does, one that reads a COPY looks up when its client goes on, and that client may be the waiting test's.
static JANITOR: LazyLock<Sender<String>> = LazyLock::new(|| {
    let (send, names) = std::sync::mpsc::channel::<String>();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        for name in names {
            runtime.block_on(async {
                let admin = connect(&SERVER.url("postgres")).await;
                let _ = admin.batch_execute(&format!("drop database if exists {name} with (force)")).await;
            });
        }
    });
    send
});

/// A connection.
pub async fn connect(url: &str) -> Client {
    let (client, connection) =
        tokio_postgres::connect(url, NoTls).await.unwrap_or_else(|error| panic!("{error:?}"));
    tokio::spawn(connection);
    client
}

/// A pool with at most so many connections.
pub fn pool(url: &str, size: usize) -> Pool {
    pool_with(url, size, NoTls)
}

/// The same, with this TLS.
pub fn pool_with<T>(url: &str, size: usize, tls: T) -> Pool
where
    T: MakeTlsConnect<Socket> + Clone + Send + Sync + 'static,
    T::Stream: Send + Sync,
    T::TlsConnect: Send + Sync,
    <T::TlsConnect as TlsConnect<Socket>>::Future: Send,
{
    let config = ManagerConfig { recycling_method: RecyclingMethod::Fast };
    let manager = Manager::from_config(url.parse().unwrap(), tls, config);
    Pool::builder(manager).max_size(size).runtime(Runtime::Tokio1).build().unwrap()
}

/// The rows of a query as text: columns with ` | `, rows with line breaks.
pub async fn rows(client: &Client, sql: &str) -> String {
    let rows = client.simple_query(sql).await.unwrap_or_else(|error| panic!("{sql}: {error:?}"));
    let row = |message: &SimpleQueryMessage| match message {
        SimpleQueryMessage::Row(row) => {
            let columns = (0..row.len()).map(|at| row.get(at).unwrap_or("-"));
            Some(columns.collect::<Vec<_>>().join(" | "))
        }
        _ => None,
    };
    rows.iter().filter_map(row).collect::<Vec<_>>().join("\n")
}

/// The sessions of the client's database that still hold a lock or an open transaction after ten seconds; returns as
/// soon as there is none.
pub async fn left_locked(client: &Client) -> String {
    let sql = "\
        select a.pid, a.application_name, a.state, coalesce(l.locktype, ''), left(a.query, 60) from pg_stat_activity a
        left join pg_locks l on l.pid = a.pid and l.locktype = 'advisory'
        where a.datname = current_database() and a.pid <> pg_backend_pid() and a.backend_type = 'client backend'
            and (l.pid is not null or a.xact_start is not null)";
    let began = Instant::now();
    loop {
        let left = rows(client, sql).await;
        if left.is_empty() || began.elapsed() > Duration::from_secs(10) {
            return left;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
