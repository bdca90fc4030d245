//! What went wrong, in one line.

use std::fmt;

use super::Kind;
use crate::history::privilege::Lacking;

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Kind::Files(found) => match found.iter().count() {
                1 => f.write_str("a mistake in the migration files"),
                count => write!(f, "{count} mistakes in the migration files"),
            },
            Kind::Stale { root, new } => {
                write!(f, "{root} has files that are not in this binary: {}", new.join(", "))
            }
            Kind::Refused(refusals) => match refusals.as_slice() {
                [one] => {
                    write!(f, "no plan can be made: {} {}", one.label, first_line(&one.kind.to_string()))
                }
                more => write!(f, "no plan can be made, for {} reasons", more.len()),
            },
            Kind::Failed(failure) => failure.fmt(f),
            Kind::Locked { holder, waited } => {
                let waited = crate::report::human(*waited);
                write!(f, "another migrator is at work, after {waited} of waiting")?;
                holder.iter().try_for_each(|holder| write!(f, ": {holder}"))
            }
            Kind::LockLost { .. } => f.write_str("the lock was lost in the middle of the run"),
            Kind::Pool { .. } => f.write_str("no connection to the database"),
            Kind::PoolBusy => {
                f.write_str("all connections of the pool are in use, and none became free in time")
            }
            Kind::SmallPool => f.write_str(
                "behind a transaction pooler the migrator needs two connections, and the pool allows one",
            ),
            Kind::Database { doing, .. } => write!(f, "could not {doing}"),
            Kind::Privileges(Lacking { role, database, missing }) => {
                let count = missing.len();
                let things = if count == 1 { "one thing" } else { &format!("{count} things") };
                write!(
                    f,
                    "the role {role} lacks {things} in the database {database}, and nothing was changed"
                )
            }
            Kind::HistoryRow { ordinal, column, value } => {
                write!(
                    f,
                    "the history row with ordinal {ordinal} has `{value}` as its {column}, which was never written"
                )
            }
            Kind::NoRow { table } => write!(f, "the table {table} is empty"),
            Kind::FormatWrong { found } => {
                write!(f, "the history has format {found}, and formats count from 1")
            }
            Kind::FormatNewer { found } => write!(
                f,
                "the history has format {found}, and this library knows formats up to {}",
                crate::history::sql::FORMAT
            ),
            Kind::Hook { when, .. } => write!(f, "the hook {when} failed"),
            Kind::NotApplied { label } => write!(f, "{label} is not in the history"),
            Kind::NotFailed { label, state } => {
                write!(f, "{label} cannot be forgotten: it is {state} and in the set")
            }
            Kind::GateClosed { .. }
            | Kind::Unregistered { .. }
            | Kind::NotJoined
            | Kind::NoContract { .. }
            | Kind::Silent { .. }
            | Kind::Unhealthy { .. } => self.of_a_rollout(f),
            Kind::Unadopted(why) => why.fmt(f),
            Kind::Drifted(drift) => write!(f, "{}; nothing was done", drift.headline()),
            Kind::Schema(_) => f.write_str("could not understand the schema of the database"),
            Kind::Stopped { label, why } => write!(f, "backfill {label}: {why}"),
            Kind::BaselineNotEmpty => f.write_str(BASELINE_NOT_EMPTY),
        }
    }
}

const BASELINE_NOT_EMPTY: &str = "the history is not empty, so there is nothing to accept as a baseline";

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or("").trim_end_matches(':')
}

impl Kind {
    fn of_a_rollout(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Kind::GateClosed { label, .. } => write!(f, "the gate of {label} is closed"),
            Kind::Unregistered { id } => write!(f, "no instance {id} is registered"),
            Kind::Unhealthy { stays: None, .. } => {
                f.write_str("the service was not well after the run, which was taken back")
            }
            Kind::Unhealthy { stays: Some((label, why)), .. } => {
                write!(
                    f,
                    "the service was not well after the run, and {label} could not be taken back: {why}"
                )
            }
            Kind::NotJoined => f.write_str("this instance could not be registered"),
            Kind::NoContract { label } => write!(f, "{label} is no contract"),
            Kind::Silent { doing, waited } => {
                write!(f, "could not {doing}: no answer within {}", crate::report::human(*waited))
            }
            _ => Ok(()),
        }
    }
}
