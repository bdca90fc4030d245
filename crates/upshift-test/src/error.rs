//! Why a server could not be had.

use std::error::Error;
use std::path::PathBuf;
use std::process::ExitStatus;
use std::time::Duration;
use std::{fmt, io};

/// Why a server could not be started, stopped or restarted.
///
/// Its text is one line; [`help`](Self::help) says what to do now. Printed with `{:?}`, as `unwrap`
/// and a failing `main` do, it is the whole story: the line, its causes, the server's own words and the help.
#[derive(thiserror::Error)]
#[error(transparent)]
pub struct ServerError(Kind);

impl ServerError {
    /// Whether this machine has no PostgreSQL, or none where it was told to look.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        matches!(self.0, Kind::NotFound { .. } | Kind::NotThere { .. })
    }

    /// What to do now, where that can be said.
    #[must_use]
    pub fn help(&self) -> Option<String> {
        let help = match &self.0 {
            Kind::NotFound { .. } => {
                return Some(format!("{INSTALL}; or set UPSHIFT_PG_BIN to the folder that has the programs"));
            }
            Kind::NotThere { .. } => {
                "name the folder that has `postgres` and `initdb`, or leave the choice to upshift"
            }
            Kind::NoStandIn { .. } => "add a user `postgres`, or run as another user than root",
            Kind::Run { source, .. } if source.kind() == io::ErrorKind::PermissionDenied => {
                "when root starts a server, its user must be able to reach the programs: \
                 keep them outside of root's home"
            }
            Kind::NoFolder { .. } => "give one with `Server::builder().storage(Storage::In(..))`",
            Kind::ForeignCache { .. } => "remove it, or set TMPDIR to a folder of your own",
            Kind::LongPath { .. } => "choose a shorter one with `Storage::In`",
            Kind::NotShared { path, .. } => {
                return Some(format!("end the program that holds {}", path.display()));
            }
            Kind::PortTaken { .. } => "start a new server instead; a port is only kept while the server runs",
            _ => return None,
        };
        Some(help.to_owned())
    }

    /// The server's or the program's own words, when there are more than the line shows.
    fn words(&self) -> Option<&str> {
        match &self.0 {
            Kind::Failed { said, .. } => Some(said),
            Kind::Ended { log, .. } | Kind::NotReady { log, .. } | Kind::NotStopped { log, .. } => Some(log),
            _ => None,
        }
    }
}

impl fmt::Debug for ServerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")?;
        let mut cause = self.source();
        while let Some(error) = cause {
            write!(f, "\n  caused by: {error}")?;
            cause = error.source();
        }
        for line in self.words().unwrap_or_default().lines() {
            write!(f, "\n  | {line}")?;
        }
        self.help().map_or(Ok(()), |help| write!(f, "\n  help: {help}"))
    }
}

const INSTALL: &str = "install it with `apt-get install postgresql` (Debian, Ubuntu), \
    `dnf install postgresql-server postgresql-contrib` (Fedora, RHEL) or `brew install postgresql@17` (macOS)";

#[derive(Debug, thiserror::Error)]
pub(crate) enum Kind {
    #[error("no PostgreSQL server on this machine: looked for `postgres` and `initdb` in {}", looked.join(", "))]
    NotFound { looked: Vec<String> },
    #[error("{named_by} names {}, which does not have both `postgres` and `initdb`", folder.display())]
    NotThere { named_by: String, folder: PathBuf },
    #[error("{} did not tell its version: it answered `{}`", program.display(), answer.trim())]
    Version { program: PathBuf, answer: String },
    #[error("PostgreSQL refuses to run as root, and this machine has no user {} to run it", quoted(tried))]
    NoStandIn { tried: Vec<String> },
    #[error("{program} could not be run as {user}")]
    Run { program: String, user: String, source: io::Error },
    #[error("{program} failed as {user}, {status}: {}", last_line(said))]
    Failed { program: String, user: String, status: ExitStatus, said: String },
    #[error("no folder for the server: {user} could not make one in {}", listed(tried))]
    NoFolder { user: String, tried: Vec<PathBuf> },
    #[error("{} is not a private folder of {user}, so no server is copied from it", folder.display())]
    ForeignCache { folder: PathBuf, user: String },
    #[error(
        "the server's folder {} is too long: a socket's path in it would pass the {limit} bytes systems allow",
        folder.display()
    )]
    LongPath { folder: PathBuf, limit: usize },
    #[error("`{name}` is no setting's name: it has other signs than letters, digits, `_` and `.`")]
    SettingName { name: String },
    #[error("could not {doing} {}", path.display())]
    File { doing: &'static str, path: PathBuf, source: io::Error },
    #[error("could not {doing}")]
    Io { doing: &'static str, source: io::Error },
    #[error("the server ended before it was ready, {status}: {}", reason(log))]
    Ended { status: ExitStatus, log: String },
    #[error("the server was not ready after {} s: {}", after.as_secs(), reason(log))]
    NotReady { after: Duration, log: String },
    #[error("the server had not stopped after {} s: {}", after.as_secs(), reason(log))]
    NotStopped { after: Duration, log: String },
    #[error("another program has been starting the shared server for {} s", after.as_secs())]
    NotShared { path: PathBuf, after: Duration },
    #[error("port {port} of 127.0.0.1 is taken by another program")]
    PortTaken { port: u16 },
    #[error("no free port on 127.0.0.1: {tries} in a row were taken before the server had them")]
    NoPort { tries: usize },
}

impl From<Kind> for ServerError {
    fn from(kind: Kind) -> Self {
        Self(kind)
    }
}

fn quoted(names: &[String]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(" or ")
}

fn listed(paths: &[PathBuf]) -> String {
    paths.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", ")
}

fn last_line(text: &str) -> &str {
    text.lines().last().unwrap_or("it said nothing")
}

/// The line of a log that says why: the first fatal one, for what follows is its consequence.
fn reason(log: &str) -> &str {
    log.lines()
        .find_map(|line| line.split_once("FATAL:").map(|(_, why)| why.trim()))
        .unwrap_or_else(|| last_line(log))
}
