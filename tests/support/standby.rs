//! A streaming standby of a server of ours.

use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tokio_postgres::{Client, NoTls};
use upshift_test::Server;

use crate::database;

/// A hot standby, streaming from its primary, in the folder of the primary. Drop it before the primary.
pub struct Standby {
    shell: Child,
    port: u16,
    log: PathBuf,
}

/// Starts the server and stops it when our end of its standard input is closed, however this program ends.
const SHELL: &str = "trap '' HUP INT; log=$1; shift
\"$@\" </dev/null >>\"$log\" 2>&1 & server=$!
cat >/dev/null; kill -QUIT \"$server\"; wait \"$server\"";

/// How long anything here may take on a busy machine.
const BOUND: Duration = Duration::from_secs(60);

impl Standby {
    /// Copies a running server and follows it from there. `None`, said on stderr, when `pg_basebackup` is not among the
    /// server's programs.
    pub async fn of(primary: &Server) -> Option<Standby> {
        let copy = database::client_program("pg_basebackup")?;
        let postgres = primary.program("postgres")?;
        let folder = primary.data_dir().parent()?.to_owned();
        let (data, log) = (folder.join("standby"), folder.join("standby.log"));
        let from = format!("host=127.0.0.1 port={} user={}", primary.port(), primary.superuser());
        let mut copying = as_owner_of(&primary.data_dir(), &copy);
        copying.args(["--wal-method=stream", "--checkpoint=fast", "--write-recovery-conf", "--no-sync"]);
        copying.arg("--dbname").arg(from).arg("--pgdata").arg(&data);
        let port = free_port();
        let mut shell = as_owner_of(&primary.data_dir(), Path::new("/bin/sh"));
        shell
            .args(["-c", SHELL, "standby"])
            .arg(&log)
            .arg(postgres)
            .arg("-D")
            .arg(&data)
            .arg("-k")
            .arg(&folder);
        shell.args(["-p", &port.to_string()]).stdin(Stdio::piped());
        let started = tokio::task::spawn_blocking(move || {
            let copied = copying.output().unwrap();
            assert!(copied.status.success(), "{}", String::from_utf8_lossy(&copied.stderr));
            shell.spawn().unwrap()
        });
        let standby = Standby { shell: started.await.unwrap(), port, log };
        standby.client("postgres").await;
        Some(standby)
    }

    /// Its port, of 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The address of a database.
    pub fn url(&self, database: &str) -> String {
        format!("postgres://postgres@127.0.0.1:{}/{database}", self.port)
    }

    /// A connection, as soon as it takes one.
    pub async fn client(&self, database: &str) -> Client {
        let began = Instant::now();
        loop {
            match tokio_postgres::connect(&self.url(database), NoTls).await {
                Ok((client, connection)) => {
                    tokio::spawn(connection);
                    return client;
                }
                Err(error) => {
                    let log = || std::fs::read_to_string(&self.log).unwrap_or_default();
                    assert!(began.elapsed() < BOUND, "{error:?}\n{}", log());
                }
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Receives nothing more from the primary; what it has received it still replays.
    pub async fn cut_off(&self) {
        let client = self.client("postgres").await;
        client.batch_execute("alter system set primary_conninfo = ''").await.unwrap();
        client.batch_execute("select pg_reload_conf()").await.unwrap();
        until(&client, "select count(*) = 0 from pg_stat_wal_receiver").await;
    }

    /// Makes it a primary.
    pub async fn promote(&self) {
        let client = self.client("postgres").await;
        assert_eq!(database::rows(&client, "select pg_promote(true, 60)").await, "t");
    }
}

impl Drop for Standby {
    fn drop(&mut self) {
        drop(self.shell.stdin.take());
        let _ = self.shell.wait();
    }
}

/// Waits until a query says true.
///
/// # Panics
/// When it has not after a minute.
pub async fn until(client: &Client, sql: &str) {
    let began = Instant::now();
    while database::rows(client, sql).await != "t" {
        assert!(began.elapsed() < BOUND, "never true: {sql}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// A command that runs as the user whose files these are: PostgreSQL refuses to run as root.
fn as_owner_of(data: &Path, program: &Path) -> Command {
    let owner = std::fs::metadata(data).unwrap();
    let mut command = Command::new(program);
    command.uid(owner.uid()).gid(owner.gid()).current_dir("/").process_group(0);
    command
}

fn free_port() -> u16 {
    std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port()
}
