//! A real PgBouncer in front of the server of all promises.

use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::{Duration, Instant};

use crate::database::SERVER;

/// A PgBouncer of the test's own; it ends with the value, or with the program however that ends.
pub struct PgBouncer {
    port: u16,
    folder: PathBuf,
    /// Closing it ends the shell, and that the pooler.
    leash: Option<ChildStdin>,
    shell: Child,
}

/// How a pooler hands out the server's sessions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// For a transaction.
    Transaction,
    /// For a transaction, and statements that the driver has prepared are prepared again where they are missing
    /// (`max_prepared_statements`, PgBouncer 1.21).
    TransactionWithPrepared,
    /// For as long as the client stays; then `server_reset_query` makes them as new.
    Session,
}

impl Mode {
    fn settings(self) -> &'static str {
        match self {
            Mode::Transaction => "pool_mode = transaction",
            Mode::TransactionWithPrepared => "pool_mode = transaction\nmax_prepared_statements = 100",
            Mode::Session => "pool_mode = session",
        }
    }
}

/// How many ports are tried.
const ATTEMPTS: usize = 5;

/// Ends the pooler when nobody holds the other end of its input any more.
const ON_A_LEASH: &str = r#""$@" & cat > /dev/null; kill "$!"; wait "$!""#;

impl PgBouncer {
    /// One in transaction mode; `None`, said on stderr, where this machine has no `pgbouncer`.
    pub fn start() -> Option<PgBouncer> {
        PgBouncer::of(Mode::Transaction, 20)
    }

    /// One of each mode with so many server connections; those that this machine does not have are said on stderr.
    pub fn each(size: usize) -> Vec<(Mode, PgBouncer)> {
        let modes = [Mode::Transaction, Mode::TransactionWithPrepared, Mode::Session];
        modes.into_iter().filter_map(|mode| Some((mode, PgBouncer::of(mode, size)?))).collect()
    }

    /// One in this mode with so many server connections for each database.
    pub fn of(mode: Mode, size: usize) -> Option<PgBouncer> {
        PgBouncer::before(SERVER.port(), mode, size)
    }

    /// The same in front of what listens on this port.
    pub fn before(server: u16, mode: Mode, size: usize) -> Option<PgBouncer> {
        let Some(program) = program() else {
            eprintln!(
                "SKIPPED: no `pgbouncer` on this machine, so nothing is known about transaction poolers"
            );
            return None;
        };
        if mode == Mode::TransactionWithPrepared && version(&program) < (1, 21) {
            eprintln!("SKIPPED: this PgBouncer is older than 1.21 and has no max_prepared_statements");
            return None;
        }
        // A port that is free now may be somebody else's before the pooler has it: theirs must not be taken for it.
        (0..ATTEMPTS).find_map(|_| PgBouncer::at_a_free_port(&program, server, mode, size)).or_else(|| {
            panic!("PgBouncer found no port of its own in {ATTEMPTS} attempts");
        })
    }

    fn at_a_free_port(program: &Path, server: u16, mode: Mode, size: usize) -> Option<PgBouncer> {
        let port = TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port();
        let folder = std::env::temp_dir().join(format!("upshift-pgbouncer-{}-{port}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        // It refuses to run as root and then writes its log as somebody else.
        std::fs::set_permissions(&folder, PermissionsExt::from_mode(0o777)).unwrap();
        let config = folder.join("pgbouncer.ini");
        std::fs::write(&config, configuration(server, mode, size, port, &folder)).unwrap();
        let mut command = Command::new("sh");
        command.args(["-c", ON_A_LEASH, "sh"]).arg(program).arg("--quiet");
        if is_root() {
            command.args(["--user", "nobody"]);
        }
        command.arg(&config).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        let mut shell = command.spawn().unwrap();
        let pooler = PgBouncer { port, folder, leash: shell.stdin.take(), shell };
        pooler.listens().then_some(pooler)
    }

    /// The address of a database through the pooler.
    pub fn url(&self, database: &str) -> String {
        format!("postgres://postgres@127.0.0.1:{}/{database}", self.port)
    }

    /// Its port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// What it has logged, for the message of a failing test.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.join("log")).unwrap_or_default()
    }

    /// Waits until it does; `false` when somebody else has its port.
    fn listens(&self) -> bool {
        let began = Instant::now();
        loop {
            let log = self.log();
            if log.contains("Address already in use") {
                return false;
            }
            if log.contains("process up") && log.contains("listening on") {
                return true;
            }
            assert!(began.elapsed() < Duration::from_secs(10), "PgBouncer does not start: {log}");
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for PgBouncer {
    fn drop(&mut self) {
        self.leash.take();
        let _ = self.shell.wait();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

fn program() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let usual = ["/usr/sbin", "/usr/local/sbin", "/opt/homebrew/bin"].map(PathBuf::from);
    std::env::split_paths(&path).chain(usual).map(|it| it.join("pgbouncer")).find(|it| it.is_file())
}

/// Major and minor, from `PgBouncer 1.18.0`.
fn version(program: &Path) -> (u32, u32) {
    let output = Command::new(program).arg("--version").output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let number = text.split_whitespace().find(|word| word.starts_with(|c: char| c.is_ascii_digit()));
    let mut parts = number.unwrap_or_default().split('.').map(|part| part.parse().unwrap());
    (parts.next().unwrap(), parts.next().unwrap())
}

fn is_root() -> bool {
    Command::new("id").arg("-u").output().is_ok_and(|it| it.stdout.starts_with(b"0\n"))
}

fn configuration(server: u16, mode: Mode, size: usize, port: u16, folder: &Path) -> String {
    format!(
        "[databases]\n\
         * = host=127.0.0.1 port={server} user=postgres\n\
         [pgbouncer]\n\
         listen_addr = 127.0.0.1\n\
         listen_port = {port}\n\
         unix_socket_dir =\n\
         auth_type = any\n\
         {settings}\n\
         default_pool_size = {size}\n\
         query_wait_timeout = {patience}\n\
         max_client_conn = 300\n\
         logfile = {folder}/log\n",
        settings = mode.settings(),
        // With one connection a migrator waits for a second one in vain; elsewhere only a slow machine makes it wait.
        patience = if size == 1 { 2 } else { 60 },
        folder = folder.display(),
    )
}
