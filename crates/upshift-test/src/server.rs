//! The server as its users see it.

use std::fs::OpenOptions;
use std::io::Write;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::ChildStdin;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::account::Account;
use crate::cluster::{Cluster, SUPERUSER};
use crate::error::{Kind, ServerError};
use crate::folder::{Folder, Storage};
use crate::process::{Launch, Process, Started, StopMode};
use crate::programs::Programs;
use crate::settings::Settings;
use crate::version::ServerVersion;

/// A free port can be taken by another program before the server has it. Several times in a row is
/// likely only where ports are short.
const PORT_TRIES: usize = 20;

/// A private PostgreSQL server in a folder of its own, on a socket there and on a port of 127.0.0.1.
///
/// Dropping it stops the server and removes the folder. So does the end of this program, however it
/// ends: a value in a `static` that is never dropped, a panic, Ctrl-C, `kill -9`.
///
/// When this program runs as root, the server runs as the user `postgres`, or `nobody` where there is none.
#[derive(Debug)]
pub struct Server {
    // Fields are dropped in this order: the server ends before its folder goes.
    state: Mutex<State>,
    launch: Launch,
    programs: Programs,
    version: ServerVersion,
    port: u16,
}

#[derive(Debug)]
enum State {
    Running(Process),
    Stopped,
}

/// What a server shall be like, before it is started.
#[derive(Debug, Clone, Default)]
pub struct ServerBuilder {
    bin_dir: Option<PathBuf>,
    storage: Storage,
    settings: Settings,
    initdb_options: Vec<String>,
}

impl Server {
    /// Starts a server with the PostgreSQL programs of this machine and settings for quick tests.
    ///
    /// The programs are those in the folder that `UPSHIFT_PG_BIN` names; else the first found on PATH,
    /// where Linux packages, Homebrew and Postgres.app put them (the newest version of each), and where
    /// `pg_config` points. The first start of a day with one set of programs runs `initdb`; the
    /// others copy its result.
    ///
    /// # Errors
    /// [`ServerError::is_not_found`] when there are no such programs; its help says how to install them.
    /// Others when they cannot be run, or the server does not come up.
    pub fn start() -> Result<Self, ServerError> {
        Self::builder().start()
    }

    /// A server with other settings, other programs or another place.
    #[must_use]
    pub fn builder() -> ServerBuilder {
        ServerBuilder::default()
    }

    /// The address of a database over TCP: `postgres://postgres@127.0.0.1:41873/orders`.
    #[must_use]
    pub fn url(&self, database: &str) -> String {
        format!("postgres://{SUPERUSER}@127.0.0.1:{}/{}", self.port, percent_encoded(database))
    }

    /// The address of a database over the Unix socket, which is quicker and closed to other users:
    /// `postgres://postgres@%2Fdev%2Fshm%2Fupshift-x1y2z3:41873/orders`.
    #[must_use]
    pub fn socket_url(&self, database: &str) -> String {
        let host = percent_encoded(&self.socket_dir().to_string_lossy());
        format!("postgres://{SUPERUSER}@{host}:{}/{}", self.port, percent_encoded(database))
    }

    /// The folder of the Unix socket: what `psql --host` and `PGHOST` take.
    #[must_use]
    pub fn socket_dir(&self) -> &Path {
        self.launch.folder.path()
    }

    /// The port, of 127.0.0.1 and in the socket's name.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The server's version.
    #[must_use]
    pub fn version(&self) -> ServerVersion {
        self.version
    }

    /// The role to connect as; it may do everything.
    #[must_use]
    pub fn superuser(&self) -> &str {
        SUPERUSER
    }

    /// The folder of the server's data.
    #[must_use]
    pub fn data_dir(&self) -> PathBuf {
        self.launch.data()
    }

    /// What the server has logged since its first start, for the message of a failing test.
    #[must_use]
    pub fn log(&self) -> String {
        self.launch.log()
    }

    /// The process id of the running server, `None` when it was stopped or has crashed.
    #[must_use]
    pub fn pid(&self) -> Option<u32> {
        match &mut *self.state() {
            State::Running(process) => process.running_pid(),
            State::Stopped => None,
        }
    }

    /// One of the programs that came with the server, such as `pg_dump`; not every distribution has them all.
    #[must_use]
    pub fn program(&self, name: &str) -> Option<PathBuf> {
        self.programs.get(name)
    }

    /// Stops the server and keeps its data, for tests of what happens when the database goes away.
    /// Stopping a stopped server does nothing.
    ///
    /// # Errors
    /// When the server does not stop within a minute.
    pub fn stop(&self, mode: StopMode) -> Result<(), ServerError> {
        self.state().stop(mode, &self.launch)
    }

    /// Starts the server again, with the same data on the same port, after it was stopped or has crashed;
    /// a running one is stopped [fast](StopMode::Fast) before.
    ///
    /// # Errors
    /// When the server does not stop or does not come up, or another program has taken its port in between.
    pub fn restart(&self) -> Result<(), ServerError> {
        let mut state = self.state();
        state.stop(StopMode::Fast, &self.launch)?;
        match Process::start(&self.launch, self.port)? {
            Started::Running(process) => {
                *state = State::Running(process);
                Ok(())
            }
            Started::PortTaken => Err(Kind::PortTaken { port: self.port }.into()),
        }
    }

    /// Leaves the server to whoever holds the leash that this gives; it stops when that is closed.
    pub(crate) fn release(self) -> Option<ChildStdin> {
        self.launch.folder.release();
        match self.state.into_inner().unwrap_or_else(PoisonError::into_inner) {
            State::Running(process) => process.release(),
            State::Stopped => None,
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // A panic while it was held leaves a whole state: it is only ever replaced.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn stop(&mut self, mode: StopMode, launch: &Launch) -> Result<(), ServerError> {
        if let State::Running(process) = self {
            process.stop(mode, launch)?;
            *self = State::Stopped;
        }
        Ok(())
    }
}

impl ServerBuilder {
    /// Uses the programs in this folder and looks nowhere else.
    #[must_use]
    pub fn bin_dir(mut self, folder: impl Into<PathBuf>) -> Self {
        self.bin_dir = Some(folder.into());
        self
    }

    /// Keeps the server's data there.
    #[must_use]
    pub fn storage(mut self, storage: Storage) -> Self {
        self.storage = storage;
        self
    }

    /// Sets a line of `postgresql.conf`, such as `("work_mem", "64MB")`; it wins over this crate's own.
    #[must_use]
    pub fn setting(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.settings.set(name.into(), value.into());
        self
    }

    /// Adds an option for `initdb`, such as `--data-checksums` or `--locale=C.UTF-8`.
    #[must_use]
    pub fn initdb_option(mut self, option: impl Into<String>) -> Self {
        self.initdb_options.push(option.into());
        self
    }

    /// Starts the server.
    ///
    /// # Errors
    /// As [`Server::start`], and when a setting is none or the server does not take it.
    pub fn start(self) -> Result<Server, ServerError> {
        let conf = self.settings.to_conf()?;
        let programs = match &self.bin_dir {
            Some(folder) => Programs::named(folder, "`bin_dir`")?,
            None => Programs::find()?,
        };
        let account = Account::choose()?;
        let cluster = Cluster::cached(&programs, &account, &self.initdb_options)?;
        let folder = Folder::make(&self.storage, &account)?;
        let launch = Launch { postgres: programs.postgres(), account, folder };
        cluster.copy(&launch.data(), &launch.folder, &launch.account)?;
        append(&launch.data().join("postgresql.conf"), &conf)?;
        let (process, port) = on_a_free_port(&launch)?;
        let state = Mutex::new(State::Running(process));
        Ok(Server { state, launch, programs, version: cluster.version, port })
    }
}

fn append(path: &Path, text: &str) -> Result<(), ServerError> {
    let opened = OpenOptions::new().append(true).open(path);
    opened
        .and_then(|mut file| file.write_all(text.as_bytes()))
        .map_err(|source| Kind::File { doing: "write", path: path.to_owned(), source }.into())
}

fn on_a_free_port(launch: &Launch) -> Result<(Process, u16), ServerError> {
    for _ in 0..PORT_TRIES {
        let port = free_port()?;
        if let Started::Running(process) = Process::start(launch, port)? {
            return Ok((process, port));
        }
    }
    Err(Kind::NoPort { tries: PORT_TRIES }.into())
}

/// A port that nobody had a moment ago.
fn free_port() -> Result<u16, ServerError> {
    TcpListener::bind(("127.0.0.1", 0))
        .and_then(|listener| listener.local_addr())
        .map(|address| address.port())
        .map_err(|source| Kind::Io { doing: "find a free port on 127.0.0.1", source }.into())
}

/// Everything but letters, digits and `-._~` as `%` and two digits (RFC 3986, section 2).
pub(crate) fn percent_encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                encoded.push(char::from(byte));
            }
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_an_address_cannot_end_it() {
        for (name, expected) in
            [("orders", "orders"), ("a b/c?d#e", "a%20b%2Fc%3Fd%23e"), ("größe", "gr%C3%B6%C3%9Fe")]
        {
            assert_eq!(percent_encoded(name), expected);
        }
    }
}
