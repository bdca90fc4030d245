//! Why no plan can be made.

use std::fmt;

use upshift_files::{Diagnostics, MigrationId, Version};

use crate::history::AppliedState;

/// One reason why no plan can be made: which migration, why, and what to do now.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Refusal {
    /// What a person calls the migration, or the target.
    pub label: String,
    /// Why.
    pub kind: RefusalKind,
}

/// That no plan can be made, with every reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Unplanned {
    /// Statements or variables of what would run have mistakes.
    Files(Diagnostics),
    /// Set, history and policy do not fit.
    Refused(Vec<Refusal>),
}

/// Why no plan can be made.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum RefusalKind {
    /// Applied, and its up section is another one now; the difference, when it could be read.
    Changed {
        /// Which migration.
        id: MigrationId,
        /// The difference between the text applied and the text of today, as a unified diff.
        difference: Option<String>,
    },
    /// Pending, and older than an applied one.
    OutOfOrder {
        /// The newest version that is applied.
        applied: Version,
    },
    /// Applied, older than the head, and not in the set.
    Missing,
    /// Another migration was applied under its number.
    Taken {
        /// What a person calls that.
        by: String,
    },
    /// Applied under this number, and the set has the same migration, by name and text, under another one.
    Renumbered {
        /// The number it has in the set.
        to: Version,
    },
    /// A contract that this binary does not know is applied: it took away what the code may need.
    Fenced,
    /// Not in the set, so it can be no target; the nearest version there is.
    UnknownTarget {
        /// The version nearest to it.
        nearest: Option<Version>,
    },
    /// It stopped in the middle, and the statements that are done are other ones now.
    FailedChanged {
        /// How many statements are done.
        done: usize,
    },
    /// Its down stopped in the middle.
    DownFailed {
        /// How many statements are done.
        done: usize,
    },
    /// Its up stopped in the middle, so its down would meet half of it.
    UpFailed {
        /// How many statements are done.
        done: usize,
    },
    /// It says that there is no way back; its reason, when it gives one.
    Irreversible {
        /// The reason the file gives.
        because: Option<String>,
    },
    /// Something that is applied requires it.
    RequiredBy {
        /// What a person calls that.
        label: String,
    },
    /// A migration that this binary does not know was applied behind it, and may stand on it.
    AppliedBehind {
        /// What a person calls that.
        label: String,
    },
    /// A backfill that has begun, and is to lose what it stands on.
    BegunOn {
        /// What a person calls that.
        label: String,
    },
    /// There is no down, neither in the set nor in the history.
    NoDown,
    /// Accepted by a baseline: what it did was never run from here.
    NoDownOfBaseline,
    /// Two versions of it cannot be had in one transaction.
    NotInOneTransaction {
        /// The line of the statement that PostgreSQL refuses in a transaction.
        line: usize,
    },
    /// Its batches are Rust code, which cannot be one statement of one transaction.
    BatchesOfCode,
    /// It is to be accepted as applied, and is in the history already.
    InHistory {
        /// How far it got.
        state: AppliedState,
    },
    /// It is not the plan that was agreed to: somebody has migrated since.
    AnotherPlan {
        /// What would be reverted now.
        now: Vec<String>,
    },
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.label, self.kind)
    }
}

impl fmt::Display for RefusalKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use RefusalKind as Kind;
        match self {
            Kind::Changed { difference: None, .. } => f.write_str("was edited after it was applied"),
            Kind::Changed { difference: Some(difference), .. } => {
                write!(f, "was edited after it was applied:\n{difference}")
            }
            Kind::OutOfOrder { applied } => write!(f, "is older than {applied}, which is already applied"),
            Kind::Missing => f.write_str("is applied, but missing in this binary"),
            Kind::Taken { by } => write!(f, "has the number of {by}, which is applied"),
            Kind::Renumbered { to } => {
                write!(f, "is in the history under this number, and has the number {to} in this binary")
            }
            Kind::Fenced => {
                f.write_str("is a contract this binary does not know: what it took away, this code may need")
            }
            Kind::UnknownTarget { .. } => f.write_str("is no migration of this set"),
            Kind::FailedChanged { done } => {
                write!(f, "stopped after statement {done}, and the statements up to there were edited since")
            }
            Kind::DownFailed { done } => write!(f, "stopped after statement {done} of its down"),
            Kind::UpFailed { done } => write!(f, "stopped after statement {done} of its up"),
            Kind::Irreversible { because: Some(because) } => write!(f, "is irreversible: {because}"),
            Kind::Irreversible { because: None } => f.write_str("is irreversible"),
            Kind::RequiredBy { label } => write!(f, "is required by {label}, which is applied"),
            Kind::AppliedBehind { label } => write!(
                f,
                "may be required by {label}, which was applied behind it and which this binary does not know"
            ),
            Kind::BegunOn { label } => {
                write!(
                    f,
                    "has begun, and {label}, which is older, is to be reverted: it would go on behind rows that are gone"
                )
            }
            Kind::NoDown => f.write_str("has no down, neither in this binary nor in the history"),
            Kind::NoDownOfBaseline => f.write_str("was accepted by a baseline and has no down"),
            Kind::NotInOneTransaction { line } => {
                write!(
                    f,
                    "cannot be part of one transaction: PostgreSQL refuses its statement in line {line} there"
                )
            }
            Kind::BatchesOfCode => {
                f.write_str("cannot be part of one transaction: its batches are Rust code")
            }
            Kind::AnotherPlan { now } if now.is_empty() => f.write_str("has nothing to revert any more"),
            Kind::AnotherPlan { now } => {
                write!(f, "is another one than was agreed to: it would revert {}", now.join(", "))
            }
            Kind::InHistory { state } => write!(f, "is in the history already: {state}"),
        }
    }
}

impl RefusalKind {
    /// What to do now, in one line.
    pub fn help(&self) -> String {
        use RefusalKind as Kind;
        match self {
            Kind::Changed { .. } => {
                "put the change into a new migration; if the database already fits the new text, \
                                     accept it with `migrator.repair().accept_checksum(version)`"
                    .to_owned()
            }
            Kind::OutOfOrder { .. } => {
                "give it a newer version, or apply it all the same with `OutOfOrder::Apply`".to_owned()
            }
            Kind::Missing => {
                "deploy the release that has it, accept it with `Missing::Accept`, or take its row out of \
                              the history with `migrator.repair().forget(version)`"
                    .to_owned()
            }
            Kind::Taken { .. } => {
                "give it a number of its own, behind all others, where two branches took the same one; where it is that \
                 migration with another name and another text, accept it with \
                 `migrator.repair().accept_checksum(version)`"
                    .to_owned()
            }
            Kind::Renumbered { .. } => {
                "accept the new numbers with `migrator.repair().accept_renumbered(\"why\")` once no older release runs \
                 here; or give the migrations the numbers back that they were applied under; one that is meant to run again \
                 wants another name"
                    .to_owned()
            }
            Kind::Fenced => "start a release that has it; or give the old code back what it needs with \
                             `migrator.rollout().unhide(version)`, as long as nothing was purged"
                .to_owned(),
            Kind::UnknownTarget { nearest: Some(nearest) } => {
                format!("the nearest version there is: {nearest}")
            }
            Kind::UnknownTarget { nearest: None } => "the set has no versions".to_owned(),
            Kind::FailedChanged { .. } => {
                "put the done statements back as they were, or bring the schema to the new \
                                           text by hand and call `migrator.repair().forget(version)`"
                    .to_owned()
            }
            Kind::DownFailed { .. } => "finish it: run `down` again".to_owned(),
            Kind::UpFailed { .. } => "finish it first: run `up` again".to_owned(),
            Kind::AnotherPlan { .. } => {
                "somebody has migrated meanwhile: look at `migrator.status()`, and decide anew".to_owned()
            }
            Kind::InHistory { .. } => {
                "see `migrator.status()`; one that failed is finished by `up`, or taken out with \
                 `migrator.repair().forget(version)`"
                    .to_owned()
            }
            Kind::RequiredBy { label } | Kind::AppliedBehind { label } => format!("revert {label} first"),
            Kind::BegunOn { .. } => "let it finish; or forget how far it is with `migrator.backfills().restart(version)`, where no \
                                     instance works on it; or end it with `migrator.backfills().cancel(version, \"why\")`: then it \
                                     waits until somebody restarts it"
                .to_owned(),
            Kind::Irreversible { .. } | Kind::NoDown | Kind::NoDownOfBaseline => {
                "write a new migration that leads to the schema you want".to_owned()
            }
            Kind::NotInOneTransaction { .. } | Kind::BatchesOfCode => {
                "run without `Grouping::AllInOne`".to_owned()
            }
        }
    }
}
