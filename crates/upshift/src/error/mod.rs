//! The one error of the library: what, where, why, what now.

mod adoption;
mod failure;
mod help;
mod line;
mod make;
mod server;
mod stopped;

use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

use upshift_files::Diagnostics;

pub(crate) use adoption::Unadopted;
pub use failure::{FailedAt, Failure, Left};
pub use server::ServerError;
pub use stopped::Stopped;

use crate::code::BoxError;
use crate::drift::Drift;
use crate::event::Blocker;
use crate::gate::ClosedBy;
use crate::history::privilege::Lacking;
use crate::plan::Refusal;
use crate::report::Report;

/// Why a call did not do what it was asked.
///
/// `Display` is one line; [`Error::help`] is the next step; `source()` is the cause, the server's words at its end.
/// [`Error::render`] is all of it with the line of the file and a caret, which is also what `Debug` prints, so that a
/// `main` that returns this error shows it as it is meant to be read. What had been done before is in
/// [`Error::report`].
pub struct Error(Box<Inner>);

struct Inner {
    kind: Kind,
    report: Option<Report>,
}

/// What went wrong.
pub(crate) enum Kind {
    Files(Diagnostics),
    Stale { root: String, new: Vec<String> },
    Refused(Vec<Refusal>),
    Failed(Failure),
    Locked { holder: Option<Holder>, waited: Duration },
    LockLost { cause: Option<ServerError> },
    Pool { cause: BoxError },
    PoolBusy,
    SmallPool,
    Database { doing: &'static str, cause: ServerError },
    Privileges(Lacking),
    HistoryRow { ordinal: i64, column: &'static str, value: String },
    NoRow { table: String },
    FormatWrong { found: i64 },
    FormatNewer { found: i64 },
    Hook { when: &'static str, cause: BoxError },
    NotApplied { label: String },
    NotFailed { label: String, state: String },
    BaselineNotEmpty,
    Unadopted(Unadopted),
    GateClosed { label: String, reasons: Vec<ClosedBy> },
    Unregistered { id: String },
    NotJoined,
    NoContract { label: String },
    Silent { doing: &'static str, waited: Duration },
    Unhealthy { cause: BoxError, stays: Option<(String, Error)> },
    Stopped { label: String, why: Stopped },
    Drifted(Drift),
    Schema(upshift_schema::ReadError),
}

/// Who holds the lock, as far as the server tells.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Holder {
    /// The process id of its session, for `pg_terminate_backend`.
    pub pid: i32,
    /// Its role.
    pub role: String,
    /// Its `application_name`.
    pub application: String,
    /// Its address.
    pub host: String,
    /// How long its session has been open.
    pub age: Duration,
    /// What it runs, or ran last.
    pub query: String,
}

impl Error {
    /// What to do now, in one line.
    pub fn help(&self) -> Option<String> {
        self.0.kind.help()
    }

    /// What had been done before the error.
    pub fn report(&self) -> Option<&Report> {
        self.0.report.as_ref()
    }

    /// The mistakes in the files, when that is what it is.
    pub fn diagnostics(&self) -> Option<&Diagnostics> {
        match &self.0.kind {
            Kind::Files(found) => Some(found),
            _ => None,
        }
    }

    /// Every reason why no plan could be made, when that is what it is.
    pub fn refusals(&self) -> &[Refusal] {
        match &self.0.kind {
            Kind::Refused(refusals) => refusals,
            _ => &[],
        }
    }

    /// The migration that failed, when that is what it is: which, at which statement, where in the file.
    pub fn failure(&self) -> Option<&Failure> {
        match &self.0.kind {
            Kind::Failed(failure) => Some(failure),
            _ => None,
        }
    }

    /// Why a backfill was not begun, or does not go on, when that is what it is.
    pub fn stopped(&self) -> Option<&Stopped> {
        match &self.0.kind {
            Kind::Stopped { why, .. } => Some(why),
            _ => None,
        }
    }

    /// Who was in the way, when a lock timeout ended the run.
    pub fn blockers(&self) -> &[Blocker] {
        self.failure().map_or(&[], |failure| &failure.blockers)
    }

    /// The five characters PostgreSQL calls the error by.
    pub fn sqlstate(&self) -> Option<&str> {
        match &self.0.kind {
            Kind::Failed(failure) => failure.server.as_ref().and_then(ServerError::sqlstate),
            Kind::Database { cause, .. } => cause.sqlstate(),
            // insufficient_privilege: what the server would have said, had it been asked.
            Kind::Privileges(_) => Some("42501"),
            _ => None,
        }
    }

    /// Whether a migration that is applied was edited.
    pub fn is_changed(&self) -> bool {
        self.refusals().iter().any(|refusal| matches!(refusal.kind, crate::plan::RefusalKind::Changed { .. }))
    }

    /// Whether another migrator was at work for longer than [`crate::LockPolicy::wait`], or the tool whose history is to
    /// be adopted.
    pub fn is_locked(&self) -> bool {
        matches!(self.0.kind, Kind::Locked { .. } | Kind::Unadopted(Unadopted::AtWork { .. }))
    }

    /// Whether locks of other sessions on tables kept a migration from being applied.
    pub fn is_lock_timeout(&self) -> bool {
        self.sqlstate() == Some("55P03")
    }

    /// Whether a `guard` section was not true.
    pub fn is_blocked(&self) -> bool {
        self.failure().is_some_and(|failure| failure.is_guard())
    }

    /// Whether a contract is applied that this binary does not know: it must not serve.
    pub fn is_fenced(&self) -> bool {
        self.refusals().iter().any(|refusal| matches!(refusal.kind, crate::plan::RefusalKind::Fenced))
    }

    /// Whether a service was not well after a run, which was taken back: [`crate::Migrator::run_checked`].
    pub fn is_unhealthy(&self) -> bool {
        matches!(self.0.kind, Kind::Unhealthy { .. })
    }

    /// What has drifted, when that is why nothing was done: [`crate::DriftPolicy::Refuse`].
    pub fn drift(&self) -> Option<&Drift> {
        match &self.0.kind {
            Kind::Drifted(drift) => Some(drift),
            _ => None,
        }
    }

    /// What kept a contract from running when it came to it.
    pub fn closed_by(&self) -> &[ClosedBy] {
        match &self.0.kind {
            Kind::GateClosed { reasons, .. } => reasons,
            _ => &[],
        }
    }

    /// Whether the connection to the server was lost.
    pub fn is_connection_lost(&self) -> bool {
        match &self.0.kind {
            Kind::Failed(failure) => failure.server.as_ref().is_some_and(ServerError::is_connection_lost),
            Kind::Database { cause, .. } => cause.is_connection_lost(),
            Kind::LockLost { .. } | Kind::Pool { .. } => true,
            _ => false,
        }
    }

    /// The statements that give the role what it lacks, for an administrator to run; empty for other errors.
    ///
    /// They are told before anything is changed, all at once.
    pub fn grants(&self) -> Vec<&str> {
        match &self.0.kind {
            Kind::Privileges(lacking) => lacking.missing.iter().map(|it| it.grant.as_str()).collect(),
            _ => Vec::new(),
        }
    }

    /// Whether the folder has files that are not in the binary (debug builds).
    pub fn is_stale(&self) -> bool {
        matches!(self.0.kind, Kind::Stale { .. })
    }

    /// Everything, as a person reads it: one line, the file's line with a caret, the causes, what to do now.
    pub fn render(&self) -> String {
        let mut text = match &self.0.kind {
            // The picture says the place.
            Kind::Failed(failure) => failure.headline(),
            _ => self.to_string(),
        };
        match &self.0.kind {
            Kind::Files(found) => text.push_str(&format!("\n\n{found}")),
            Kind::Refused(refusals) if refusals.len() == 1 => {
                // The first line says it already.
                for refusal in refusals {
                    let more = refusal.to_string();
                    more.lines().skip(1).for_each(|line| text.push_str(&format!("\n{line}")));
                    text.push_str(&format!("\n  help: {}", refusal.kind.help()));
                }
            }
            Kind::Refused(refusals) => {
                // What is to be done about several in a row is said once, behind the last of them.
                for alike in refusals.chunk_by(|one, next| one.kind.help() == next.kind.help()) {
                    alike.iter().for_each(|refusal| text.push_str(&format!("\n  - {refusal}")));
                    let help = alike.last().map(|refusal| refusal.kind.help()).unwrap_or_default();
                    text.push_str(&format!("\n    help: {help}"));
                }
            }
            Kind::Failed(failure) => text.push_str(&failure.picture()),
            Kind::GateClosed { reasons, .. } => {
                reasons.iter().for_each(|reason| text.push_str(&format!("\n  - {reason}")));
            }
            Kind::Drifted(drift) => {
                let changes = drift.diff().map(ToString::to_string).unwrap_or_default();
                changes.lines().for_each(|line| text.push_str(&format!("\n  {line}")));
            }
            Kind::Privileges(lacking) => {
                lacking.missing.iter().for_each(|it| text.push_str(&format!("\n  - {}", it.what)));
            }
            _ => {}
        }
        let mut cause = self.source();
        while let Some(error) = cause {
            text.push_str(&format!("\n  caused by: {error}"));
            if let Some(server) = error.downcast_ref::<ServerError>() {
                text.push_str(&server.more());
            }
            cause = error.source();
        }
        for blocker in self.blockers() {
            text.push_str(&format!("\n  in the way: {blocker}"));
        }
        if let Some(help) = self.help() {
            text.push_str(&format!("\n  help: {help}"));
        }
        // Rust migrations, hooks and pools have errors of their own.
        upshift_files::mask_secrets(&text).into_owned()
    }

    pub(crate) fn with_report(mut self, report: Report) -> Error {
        self.0.report = Some(report);
        self
    }

    pub(crate) fn kind_mut(&mut self) -> &mut Kind {
        &mut self.0.kind
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.kind.fmt(f)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render())
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match &self.0.kind {
            Kind::Failed(failure) => failure.cause(),
            Kind::Database { cause, .. } => Some(cause),
            Kind::Schema(cause) => cause.source(),
            Kind::LockLost { cause } => cause.as_ref().map(|cause| cause as _),
            Kind::Pool { cause } | Kind::Hook { cause, .. } | Kind::Unhealthy { cause, .. } => {
                Some(cause.as_ref())
            }
            _ => None,
        }
    }
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "pid {}, `{}`, role {}, from {}, connected for {}",
            self.pid,
            self.application,
            self.role,
            self.host,
            crate::report::human(self.age)
        )
    }
}

impl fmt::Display for Blocker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "pid {}, `{}`, role {}, transaction open for {}: {}",
            self.pid,
            self.application,
            self.role,
            crate::report::human(self.transaction_age),
            self.query.split_whitespace().collect::<Vec<_>>().join(" ")
        )
    }
}
