//! What a judgement came to, for a person: who keeps a contract from running, and since when.

use std::fmt;
use std::time::Duration;

use super::{Instance, SessionTag, Share};
use crate::report::human;

/// What a judgement came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing keeps the contract from running.
    Open,
    /// This does; at least one reason.
    Closed(Vec<ClosedBy>),
}

/// One thing that keeps a contract from running.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ClosedBy {
    /// A migration it stands on is not applied.
    Requires(String),
    /// A backfill before it is not finished.
    Backfill(String),
    /// An operator holds it.
    Hold {
        /// In the operator's words.
        reason: String,
        /// Who.
        role: String,
    },
    /// Its switch does not show everybody the new shape yet.
    Switch {
        /// Its name.
        name: String,
        /// To whom it does.
        share: Share,
    },
    /// An instance has not heard yet that everybody uses the new shape.
    NotHeard(Box<Instance>),
    /// It wants a person's approval.
    NotApproved,
    /// What it stands on is live too short a time.
    Soak {
        /// How long it has been.
        live: Duration,
        /// How long it must be.
        wanted: Duration,
    },
    /// An instance that is alive needs what it removes.
    Alive {
        /// Which.
        instance: Box<Instance>,
        /// How long ago it was seen.
        seen: Duration,
    },
    /// The lease of an instance that needs what it removes is over, and it may still be at work.
    Expired {
        /// Which.
        instance: Box<Instance>,
        /// How long ago it was seen.
        seen: Duration,
        /// How long it is waited for.
        left: Duration,
    },
    /// Many leases ended at once: that is an overload or a cut network rather than an empty fleet.
    EndedTogether(Vec<Instance>),
    /// The instance that judges is not registered itself: the table was emptied, or its lease is over.
    NotRegistered,
    /// The instance that judges was late itself with its heartbeats.
    Late {
        /// How long there was none.
        gap: Duration,
    },
    /// Of a service that has to tolerate it no instance has registered that does.
    Unregistered(String),
    /// A session of the services' roles that no living instance accounts for.
    Session {
        /// Its process id.
        pid: i32,
        /// How it looks.
        tag: SessionTag,
    },
    /// A session that looks like those of an instance whose lease is over.
    Ambiguous {
        /// Its process id.
        pid: i32,
        /// How it looks.
        tag: SessionTag,
    },
    /// A prepared transaction.
    Prepared {
        /// Its name, for `ROLLBACK PREPARED`.
        gid: String,
        /// Whose.
        role: String,
        /// How old.
        age: Duration,
    },
    /// A transaction that began before the last instance left that needs what the contract removes.
    Transaction {
        /// Its process id.
        pid: i32,
        /// How its session looks.
        tag: SessionTag,
        /// How old.
        age: Duration,
    },
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Verdict::Open => f.write_str("open"),
            Verdict::Closed(reasons) => {
                let reasons = reasons.iter().map(ToString::to_string).collect::<Vec<_>>();
                write!(f, "closed: {}", reasons.join("; "))
            }
        }
    }
}

impl fmt::Display for ClosedBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use ClosedBy as By;
        match self {
            By::Requires(label) => write!(f, "{label} is not applied"),
            By::Backfill(label) => write!(f, "the backfill {label} is not finished"),
            By::Hold { reason, role } => write!(f, "held by {role}: {reason}"),
            By::Switch { name, share } => {
                write!(f, "the switch {name} shows the new shape to {share} and not to everybody")
            }
            By::NotHeard(instance) => write!(f, "{instance} has not heard yet that the new shape is in use"),
            By::NotApproved => f.write_str("nobody has approved it yet"),
            By::Soak { live, wanted } => {
                write!(
                    f,
                    "what it stands on is live for {}, and must be for {}",
                    human(*live),
                    human(*wanted)
                )
            }
            By::Alive { instance, seen } => write!(f, "{instance} still needs it, seen {} ago", human(*seen)),
            By::Expired { instance, seen, left } => write!(
                f,
                "{instance} still needed it when last seen {} ago; given up in {}",
                human(*seen),
                human(*left)
            ),
            By::EndedTogether(instances) => {
                let names = instances.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
                write!(
                    f,
                    "{} leases ended together, which may be an overload and not their end: {names}; when they are \
                     gone, say so with `rollout().forget(id)`",
                    instances.len()
                )
            }
            By::NotRegistered => f.write_str("the instance that looks is not registered itself"),
            By::Late { gap } => {
                write!(f, "the instance that looks was late itself: no heartbeat for {}", human(*gap))
            }
            By::Unregistered(service) => {
                write!(f, "no instance of {service} that tolerates it, which it waits for, is registered")
            }
            By::Session { pid, tag } => write!(f, "session {pid} ({tag}) belongs to no registered instance"),
            By::Ambiguous { pid, tag } => write!(
                f,
                "session {pid} ({tag}) looks like those of an instance whose lease is over; give each release an \
                 application_name of its own"
            ),
            By::Prepared { gid, role, age } => {
                write!(
                    f,
                    "the transaction '{gid}' of {role} was prepared {} ago and is not ended",
                    human(*age)
                )
            }
            By::Transaction { pid, tag, age } => write!(
                f,
                "session {pid} ({tag}) has a transaction open for {}, since before the last old instance left",
                human(*age)
            ),
        }
    }
}

impl fmt::Display for Instance {
    /// `orders 1.4.2 on web-3 (8f2c…)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.service)?;
        if let Some(release) = &self.release {
            write!(f, " {release}")?;
        }
        let host = self.host.as_deref().unwrap_or(&self.tag.address);
        write!(f, " on {host} ({})", self.id)
    }
}

impl fmt::Display for SessionTag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.application.as_str() {
            "" => write!(f, "without application_name, {} at {}", self.role, self.address),
            application => write!(f, "{application}, {} at {}", self.role, self.address),
        }
    }
}
