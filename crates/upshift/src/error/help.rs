//! What to do now, error by error.

use super::Kind;

impl Kind {
    pub(super) fn help(&self) -> Option<String> {
        let help = match self {
            Kind::Files(_) | Kind::Refused(_) => return None,
            Kind::Failed(failure) => return failure.help(),
            Kind::Stale { .. } => {
                "build again after `touch src/main.rs`; with the line `cargo::rerun-if-changed=migrations` in build.rs \
                 cargo notices new files itself (see the README's quick start)"
            }
            Kind::Locked { holder: Some(holder), .. } => {
                return Some(format!(
                    "wait for it, or end it with `select pg_terminate_backend({})`; a longer wait is `LockPolicy::wait`",
                    holder.pid
                ));
            }
            Kind::Locked { holder: None, .. } => "run again; a longer wait is `LockPolicy::wait`",
            Kind::LockLost { .. } => "nothing was done twice: run again, it goes on where it stopped",
            Kind::Pool { .. } => "check the address, the credentials and that the server is up",
            Kind::PoolBusy => {
                "raise the pool's `max_size`, or migrate before anything else takes connections"
            }
            Kind::SmallPool => "raise the pool's `max_size` to 2 or more, or connect past the pooler",
            Kind::Database { cause, doing } => return cause.help(doing),
            Kind::Privileges(lacking) => {
                let grants = lacking.missing.iter().map(|it| format!("\n    {};", it.grant));
                return Some(format!("have an administrator run{}", grants.collect::<String>()));
            }
            Kind::HistoryRow { .. } | Kind::NoRow { .. } | Kind::FormatWrong { .. } => {
                "somebody changed upshift's tables by hand: put the row back as it was; the audit table knows how it was"
            }
            Kind::FormatNewer { .. } => {
                "a newer release has migrated this database: use that release of the library"
            }
            Kind::Hook { .. } => "mend the hook and run again; steps that are done stay done",
            Kind::NotApplied { .. } => "see `migrator.status()` for what is in the history",
            Kind::NotFailed { .. } => {
                "revert it with `migrator.down(…)`; `forget` is for failed and missing migrations"
            }
            Kind::GateClosed { .. } => {
                "wait: the fleet looks again at each heartbeat; `migrator.rollout().status()` shows what it waits for"
            }
            Kind::Unregistered { .. } => "`migrator.rollout().status()` lists who is registered",
            Kind::Unhealthy { stays: None, .. } => {
                "the schema is as it was before the run: mend the migration or the service, and run again"
            }
            Kind::Unhealthy { stays: Some((_, why)), .. } => return why.help(),
            Kind::NoContract { .. } => "`migrator.rollout().status()` lists the contracts of this set",
            Kind::Silent { .. } => {
                "the connection was closed, and the next attempt takes another: look at the network in between"
            }
            Kind::NotJoined => {
                "another process may be emptying upshift's tables: look at them, then join again"
            }
            Kind::Drifted(_) => {
                "take the changes back, or accept them with `migrator.repair().accept_drift(\"why\")`, and write a migration \
                 for the other databases if they are to stay"
            }
            Kind::Schema(_) => {
                "a newer release of the library may know what it is; tell its authors if it does not"
            }
            Kind::Stopped { why, .. } => why.help(),
            Kind::Unadopted(why) => return Some(why.help()),
            Kind::BaselineNotEmpty => "a baseline is for a database that was built without upshift",
        };
        Some(help.to_owned())
    }
}
