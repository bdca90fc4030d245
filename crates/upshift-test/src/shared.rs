//! One throw-away server for all test programs of a user, which ends when the last of them has gone.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::Write;
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;

use crate::account::Account;
use crate::cluster::{SUPERUSER, cache_folder, fingerprint};
use crate::error::{Kind, ServerError};
use crate::folder::first_line;
use crate::poll;
use crate::programs::Programs;
use crate::server::{Server, percent_encoded};

/// How long a server waits after its last program, in seconds.
#[derive(Debug, Clone, Copy)]
struct Waits {
    usual: u32,
    kept: u32,
}

/// As long as cargo needs between two test programs, and nextest between two tests; and as a person needs to look at the
/// database of a test that failed.
const WAITS: Waits = Waits { usual: 5, kept: 900 };

/// As long as whoever holds it may start a server, `initdb` included.
const LOCK_LIMIT: Duration = Duration::from_secs(180);
const CONNECT_LIMIT: Duration = Duration::from_secs(5);

/// A throw-away server that all test programs of this user share.
///
/// The first to [`join`](SharedServer::join) starts it; two that come at the same moment get the same one. It ends some
/// seconds after the last program that joined has ended, in whatever way, or a quarter of an hour after when one of them
/// asked for that with [`keep`](SharedServer::keep).
#[derive(Debug)]
pub struct SharedServer {
    folder: PathBuf,
    port: u16,
    /// Open as long as this program needs the server.
    hold: File,
}

impl SharedServer {
    /// The server that runs, or a new one as [`Server::start`] makes it.
    ///
    /// # Errors
    /// As [`Server::start`]; and when another program that starts one does not come to an end.
    pub fn join() -> Result<Self, ServerError> {
        let account = Account::choose()?;
        let programs = Programs::find()?;
        let name = format!("shared-{}", fingerprint(&programs, &[])?);
        Self::join_in(&cache_folder(&account)?, &name, &account, WAITS)
    }

    fn join_in(folder: &Path, name: &str, account: &Account, waits: Waits) -> Result<Self, ServerError> {
        let record = folder.join(name);
        let _alone = lock(&folder.join(format!("{name}.lock")))?;
        if let Some(running) = Self::running(&record) {
            return Ok(running);
        }
        let server = Server::start()?;
        let (port, folder) = (server.port(), server.socket_dir().to_owned());
        hand_over(server, &folder, account, waits)?;
        let hold = open_hold(&folder).map_err(|source| Kind::File {
            doing: "open",
            path: folder.join("hold"),
            source,
        })?;
        let shared = Self { folder, port, hold };
        shared.say("here");
        let part = record.with_extension("part");
        let text = format!("{port}\n{}\n", shared.folder.display());
        fs::write(&part, text).and_then(|()| fs::rename(&part, &record)).map_err(|source| Kind::File {
            doing: "write",
            path: record,
            source,
        })?;
        Ok(shared)
    }

    /// The server that the record names, if it still runs and takes one more.
    fn running(record: &Path) -> Option<Self> {
        let text = fs::read_to_string(record).ok()?;
        let (port, folder) = text.trim_end().split_once('\n')?;
        let (port, folder) = (port.parse().ok()?, PathBuf::from(folder));
        let hold = open_hold(&folder).ok()?;
        let shared = Self { folder, port, hold };
        // In this order: the keeper takes `open` away first and looks for holders then.
        shared.say("here");
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let runs = shared.folder.join("open").exists()
            && TcpStream::connect_timeout(&address, CONNECT_LIMIT).is_ok();
        runs.then_some(shared)
    }

    /// The address of a database over TCP.
    #[must_use]
    pub fn url(&self, database: &str) -> String {
        self.url_as(SUPERUSER, database)
    }

    /// The same for another role.
    pub(crate) fn url_as(&self, role: &str, database: &str) -> String {
        format!("postgres://{}@127.0.0.1:{}/{}", percent_encoded(role), self.port, percent_encoded(database))
    }

    /// The folder of the Unix socket: what `psql --host` and `PGHOST` take.
    #[must_use]
    pub fn socket_dir(&self) -> &Path {
        &self.folder
    }

    /// Asks for the server to stay for a quarter of an hour after the last program has ended.
    pub fn keep(&self) {
        self.say("keep");
    }

    /// Nobody hears it when the server has gone, and then nothing is left to wait for.
    fn say(&self, word: &str) {
        let _ = writeln!(&self.hold, "{word}");
    }
}

/// For reading too: so the system never lets it wait for the other side.
fn open_hold(folder: &Path) -> std::io::Result<File> {
    OpenOptions::new().read(true).write(true).open(folder.join("hold"))
}

/// Gives the server to a process of its own, which ends it; from then on it does not need this program.
fn hand_over(server: Server, folder: &Path, account: &Account, waits: Waits) -> Result<(), ServerError> {
    let failed = |source| Kind::Run { program: "/bin/sh".into(), user: account.name(), source };
    let leash = server.release().map_or_else(Stdio::null, Stdio::from);
    let mut keeper = account
        .command("/bin/sh")
        .args(["-c", include_str!("shared.sh"), "upshift-shared"])
        .arg(folder)
        .args([waits.usual.to_string(), waits.kept.to_string()])
        .stdin(Stdio::null())
        .stdout(leash)
        .stderr(Stdio::piped())
        .spawn()
        .map_err(failed)?;
    let said = first_line(keeper.stderr.take())?;
    if said == "ready" {
        return Ok(());
    }
    let status = keeper.wait().map_err(failed)?;
    Err(Kind::Failed { program: "/bin/sh".into(), user: account.name(), status, said }.into())
}

/// One program at a time looks for the server and starts it. The system takes the lock from a program that ends.
fn lock(path: &Path) -> Result<File, ServerError> {
    let failed = |doing| move |source| Kind::File { doing, path: path.to_owned(), source };
    let file = OpenOptions::new().create(true).append(true).open(path).map_err(failed("open"))?;
    // Root and its stand-in share the folder, which nobody else can enter. Only the owner may and need do it.
    let _ = file.set_permissions(Permissions::from_mode(0o666));
    let taken = poll::until(LOCK_LIMIT, || match flock(&file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(Some(())),
        Err(Errno::WOULDBLOCK | Errno::INTR) => Ok(None),
        Err(errno) => Err(ServerError::from(failed("lock")(errno.into()))),
    })?;
    match taken {
        Some(()) => Ok(file),
        None => Err(Kind::NotShared { path: path.to_owned(), after: LOCK_LIMIT }.into()),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    /// A folder for the record, so that nobody else joins.
    struct Apart(PathBuf);

    impl Apart {
        fn new(name: &str) -> Apart {
            let folder = std::env::temp_dir().join(format!("upshift-{name}-{}", std::process::id()));
            fs::create_dir_all(&folder).unwrap();
            Apart(folder)
        }

        fn join(&self) -> SharedServer {
            let waits = Waits { usual: 1, kept: 4 };
            SharedServer::join_in(&self.0, "shared", &Account::choose().unwrap(), waits).unwrap()
        }
    }

    impl Drop for Apart {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    /// How long it still answers.
    fn ends_after(port: u16) -> Duration {
        let began = Instant::now();
        let ended = poll::until(Duration::from_secs(60), || {
            let answers = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok();
            Ok::<_, ServerError>((!answers).then_some(()))
        });
        assert!(ended.unwrap().is_some(), "it answers after a minute");
        began.elapsed()
    }

    #[test]
    fn a_server_ends_after_the_last_of_its_users() {
        let apart = Apart::new("users");
        let (first, second) = (apart.join(), apart.join());
        assert_eq!(first.port, second.port);
        let (port, folder) = (first.port, first.folder.clone());
        drop(first);
        assert!(TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok());
        drop(second);
        ends_after(port);
        let gone =
            poll::until(Duration::from_secs(60), || Ok::<_, ServerError>((!folder.exists()).then_some(())));
        assert!(gone.unwrap().is_some(), "its folder stays");
        assert_ne!(apart.join().folder, folder, "whoever comes later has another");
    }

    #[test]
    fn a_server_that_was_asked_to_stay_stays_longer() {
        let apart = Apart::new("stays");
        let server = apart.join();
        server.keep();
        let port = server.port;
        drop(server);
        let stayed = ends_after(port);
        assert!(stayed > Duration::from_secs(3), "{stayed:?}");
    }
}
