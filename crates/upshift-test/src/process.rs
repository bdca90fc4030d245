//! One running server, and how it is started, stopped and never forgotten.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ExitStatus, Stdio};
use std::time::Duration;

use crate::account::Account;
use crate::error::{Kind, ServerError};
use crate::folder::{Folder, answer};
use crate::poll;

/// How a server is stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum StopMode {
    /// Connections are cut, transactions roll back, everything is written.
    Fast,
    /// As in a crash: connections are cut and nothing is written; the next start recovers from the log.
    Immediate,
}

impl StopMode {
    fn signal(self) -> &'static str {
        match self {
            StopMode::Fast => "INT",
            StopMode::Immediate => "QUIT",
        }
    }
}

/// Generous: a server is ready after 20 ms on an idle machine, recovery and a busy one take longer.
const START_LIMIT: Duration = Duration::from_secs(60);
const STOP_LIMIT: Duration = Duration::from_secs(60);

/// What is needed to start a server; the same for every start of it.
#[derive(Debug)]
pub(crate) struct Launch {
    pub(crate) postgres: PathBuf,
    pub(crate) account: Account,
    pub(crate) folder: Folder,
}

impl Launch {
    pub(crate) fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    pub(crate) fn log_file(&self) -> PathBuf {
        self.folder.path().join("log")
    }

    /// The server's log; empty before the first start.
    pub(crate) fn log(&self) -> String {
        fs::read(self.log_file()).map(|log| String::from_utf8_lossy(&log).into_owned()).unwrap_or_default()
    }

    /// What was added to the log since it had `length` bytes.
    fn log_since(&self, length: usize) -> String {
        self.log().get(length..).unwrap_or_default().to_owned()
    }
}

/// How a start went.
pub(crate) enum Started {
    Running(Process),
    /// Another program was quicker to take the port.
    PortTaken,
}

/// A running server: a shell that starts it and passes signals on. When this program ends, the shell's
/// standard input does too, and the shell stops the server.
#[derive(Debug)]
pub(crate) struct Process {
    shell: Child,
    pid: u32,
}

impl Process {
    /// Starts the server on `port` and waits until it accepts connections.
    pub(crate) fn start(launch: &Launch, port: u16) -> Result<Started, ServerError> {
        let log_length = launch.log().len();
        let mut process = Self::spawn(launch, port)?;
        let ended = poll::until(START_LIMIT, || {
            if is_ready(&launch.data(), process.pid) {
                return Ok(Some(None));
            }
            process.ended().map(|status| status.map(Some))
        })?;
        let log = || launch.log_since(log_length);
        match ended {
            Some(None) => Ok(Started::Running(process)),
            Some(Some(_)) if is_port_taken(&log()) => Ok(Started::PortTaken),
            Some(Some(status)) => Err(Kind::Ended { status, log: log() }.into()),
            None => Err(Kind::NotReady { after: START_LIMIT, log: log() }.into()),
        }
    }

    fn spawn(launch: &Launch, port: u16) -> Result<Self, ServerError> {
        let mut shell = launch
            .account
            .command("/bin/sh")
            .args(["-c", include_str!("process.sh"), "upshift-server"])
            .arg(launch.log_file())
            .arg(&launch.postgres)
            .arg("-D")
            .arg(launch.data())
            .arg("-k")
            .arg(launch.folder.path())
            .args(["-p", &port.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(launch.folder.hold()?)
            .spawn()
            .map_err(|source| Kind::Run { program: "/bin/sh".into(), user: launch.account.name(), source })?;
        let said = answer(&mut shell)?;
        // Without a process id the shell itself failed; the wait for readiness then finds it ended.
        Ok(Self { shell, pid: said.parse().unwrap_or(0) })
    }

    /// The server's process id, `None` when the server has ended.
    pub(crate) fn running_pid(&mut self) -> Option<u32> {
        match self.ended() {
            Ok(None) => Some(self.pid),
            Ok(Some(_)) | Err(_) => None,
        }
    }

    /// How the server ended, `None` while it runs.
    pub(crate) fn ended(&mut self) -> Result<Option<ExitStatus>, ServerError> {
        self.shell.try_wait().map_err(|source| Kind::Io { doing: "ask for the server's end", source }.into())
    }

    /// Stops the server and waits for its end. A server that has ended already is stopped.
    pub(crate) fn stop(&mut self, mode: StopMode, launch: &Launch) -> Result<(), ServerError> {
        let log_length = launch.log().len();
        self.signal(mode)?;
        match poll::until(STOP_LIMIT, || self.ended())? {
            Some(_) => Ok(()),
            None => {
                let log = launch.log_since(log_length);
                Err(Kind::NotStopped { after: STOP_LIMIT, log }.into())
            }
        }
    }

    /// Leaves the server to whoever holds its leash; `None` when it is stopped.
    pub(crate) fn release(mut self) -> Option<ChildStdin> {
        let leash = self.shell.stdin.take();
        // Dropping would wait for the server's end.
        std::mem::forget(self);
        leash
    }

    fn signal(&mut self, mode: StopMode) -> Result<(), ServerError> {
        if self.ended()?.is_some() {
            return Ok(());
        }
        if let Some(input) = &mut self.shell.stdin {
            // A shell that does not listen any more has ended: what was asked for.
            let _ = writeln!(input, "{}", mode.signal());
        }
        Ok(())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // The end of its input tells the shell to stop the server at once. A destructor has nobody to
        // tell of a failure, and the folder's keeper waits for the shell in any case.
        drop(self.shell.stdin.take());
        let _ = poll::until(STOP_LIMIT, || self.ended());
    }
}

/// Whether the server says so in the file where `pg_ctl` looks for it: the first line is its process,
/// the eighth its state (PostgreSQL 10 and later, `src/include/utils/pidfile.h`).
fn is_ready(data: &Path, pid: u32) -> bool {
    let Ok(text) = fs::read_to_string(data.join("postmaster.pid")) else { return false };
    let mut lines = text.lines();
    lines.next().and_then(|line| line.trim().parse().ok()) == Some(pid)
        && lines.nth(6).is_some_and(|state| state.trim() == "ready")
}

fn is_port_taken(log: &str) -> bool {
    log.contains("could not bind IPv4 address") && log.contains("Address already in use")
}
