//! The errors of the library, by what went wrong.

use std::error::Error as _;
use std::time::Duration;

use deadpool_postgres::{PoolError, TimeoutType};
use upshift_files::Diagnostics;

use super::{Error, Failure, Holder, Inner, Kind, ServerError, Stopped, Unadopted};
use crate::code::BoxError;
use crate::drift::Drift;
use crate::gate::ClosedBy;
use crate::history::privilege::Lacking;
use crate::ident::Ident;
use crate::plan::Refusal;

/// The driver hides the server's words one level down: an error of its kind is shown as ours are.
fn readable(cause: BoxError) -> BoxError {
    match cause.downcast::<tokio_postgres::Error>() {
        Ok(server) => Box::new(ServerError::new(*server)),
        Err(other) => other,
    }
}

impl Error {
    pub(super) fn of(kind: Kind) -> Error {
        Error(Box::new(Inner { kind, report: None }))
    }

    pub(crate) fn files(found: Diagnostics) -> Error {
        Error::of(Kind::Files(found))
    }

    pub(crate) fn stale(root: &str, new: Vec<String>) -> Error {
        Error::of(Kind::Stale { root: root.to_owned(), new })
    }

    pub(crate) fn refused(refusals: Vec<Refusal>) -> Error {
        Error::of(Kind::Refused(refusals))
    }

    pub(crate) fn failed(mut failure: Failure) -> Error {
        if let Some(cause) = failure.server.take_if(|server| server.is_lease_lost()) {
            return Error::of(Kind::LockLost { cause: Some(cause) });
        }
        Error::of(Kind::Failed(failure))
    }

    pub(crate) fn locked(holder: Option<Holder>, waited: Duration) -> Error {
        Error::of(Kind::Locked { holder, waited })
    }

    pub(crate) fn lock_lost(cause: Option<tokio_postgres::Error>) -> Error {
        Error::of(Kind::LockLost { cause: cause.map(ServerError::new) })
    }

    pub(crate) fn pool(cause: PoolError) -> Error {
        Error::of(match cause {
            PoolError::Backend(cause) => Kind::Pool { cause: Box::new(ServerError::new(cause)) },
            PoolError::Timeout(TimeoutType::Wait) => Kind::PoolBusy,
            other => Kind::Pool { cause: Box::new(other) },
        })
    }

    pub(crate) fn small_pool() -> Error {
        Error::of(Kind::SmallPool)
    }

    /// `doing` completes "could not …".
    pub(crate) fn database(doing: &'static str, cause: tokio_postgres::Error) -> Error {
        let cause = ServerError::new(cause);
        if cause.is_lease_lost() {
            return Error::of(Kind::LockLost { cause: Some(cause) });
        }
        Error::of(Kind::Database { doing, cause })
    }

    pub(crate) fn privileges(lacking: Lacking) -> Error {
        Error::of(Kind::Privileges(lacking))
    }

    pub(crate) fn history_row(ordinal: i64, column: &'static str, value: String) -> Error {
        Error::of(Kind::HistoryRow { ordinal, column, value })
    }

    /// A table of ours without the one row it always has.
    pub(crate) fn no_row(schema: &Ident, table: &'static str) -> Error {
        Error::of(Kind::NoRow { table: format!("{}.{table}", schema.as_str()) })
    }

    pub(crate) fn format_wrong(found: i64) -> Error {
        Error::of(Kind::FormatWrong { found })
    }

    pub(crate) fn format_newer(found: i64) -> Error {
        Error::of(Kind::FormatNewer { found })
    }

    /// `when` completes "the hook … failed".
    pub(crate) fn hook(when: &'static str, cause: BoxError) -> Error {
        Error::of(Kind::Hook { when, cause: readable(cause) })
    }

    /// The error and its causes without their details, as a row of the audit has them.
    pub(crate) fn in_one_line(&self) -> String {
        let (mut line, mut cause) = (self.to_string(), self.source());
        while let Some(error) = cause {
            line.push_str(&format!(": {error}"));
            cause = error.source();
        }
        upshift_files::mask_secrets(&line).into_owned()
    }

    pub(crate) fn not_applied(label: impl Into<String>) -> Error {
        Error::of(Kind::NotApplied { label: label.into() })
    }

    pub(crate) fn not_failed(label: String, state: String) -> Error {
        Error::of(Kind::NotFailed { label, state })
    }

    pub(crate) fn gate_closed(label: String, reasons: Vec<ClosedBy>) -> Error {
        Error::of(Kind::GateClosed { label, reasons })
    }

    pub(crate) fn unregistered(id: &str) -> Error {
        Error::of(Kind::Unregistered { id: id.to_owned() })
    }

    pub(crate) fn no_contract(label: String) -> Error {
        Error::of(Kind::NoContract { label })
    }

    pub(crate) fn silent(doing: &'static str, waited: Duration) -> Error {
        Error::of(Kind::Silent { doing, waited })
    }

    pub(crate) fn unhealthy(cause: BoxError, stays: Option<(String, Error)>) -> Error {
        Error::of(Kind::Unhealthy { cause: readable(cause), stays })
    }

    pub(crate) fn not_joined() -> Error {
        Error::of(Kind::NotJoined)
    }

    pub(crate) fn backfill_stopped(label: impl Into<String>, why: Stopped) -> Error {
        Error::of(Kind::Stopped { label: label.into(), why })
    }

    pub(crate) fn drifted(drift: Drift) -> Error {
        Error::of(Kind::Drifted(drift))
    }

    pub(crate) fn schema(cause: upshift_schema::ReadError) -> Error {
        match cause {
            upshift_schema::ReadError::Server(cause) => Error::database("read the schema", cause),
            other => Error::of(Kind::Schema(other)),
        }
    }

    pub(crate) fn baseline_not_empty() -> Error {
        Error::of(Kind::BaselineNotEmpty)
    }

    pub(crate) fn unadopted(why: Unadopted) -> Error {
        Error::of(Kind::Unadopted(why))
    }
}
