//! What was changed in a schema behind upshift's back, as a value.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::{Arc, Mutex};

use time::OffsetDateTime;
use upshift_schema::Diff;

use crate::report::utc;

/// How the live schema compares with the one that the last run left.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Drift {
    /// It is the same.
    None {
        /// What was kept.
        kept: Kept,
    },
    /// It was changed since, by somebody else.
    Found {
        /// What was kept.
        kept: Kept,
        /// What has happened to the schema since.
        diff: Diff,
    },
    /// There is nothing to compare it with.
    Unknown {
        /// Why.
        why: NothingKept,
    },
}

/// When, and by whom, the schema was kept that the live one is compared with.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Kept {
    /// When the run was over, by the database's clock.
    pub at: OffsetDateTime,
    /// The service that ran.
    pub service: Option<String>,
    /// That service's release.
    pub release: Option<String>,
    /// The major of the server it ran on.
    pub server: i32,
    /// The major of the server that is asked now. Another one may print the definition of a view in other words, which
    /// is then told as a change.
    pub asked: i32,
    /// One value for the schema, as [`upshift_schema::Fingerprint`] writes it: to compare databases by.
    pub fingerprint: String,
}

/// Why there is nothing that the live schema could be compared with.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum NothingKept {
    /// No run has kept a snapshot yet.
    Never,
    /// Migrations were applied or reverted since, by a run that kept none: it is at work now, has died, or was told to
    /// ignore drift.
    Outdated {
        /// What was kept before them.
        kept: Kept,
        /// What they did to the schema, and whatever else has happened to it since.
        diff: Diff,
    },
    /// The snapshot is of other objects.
    OtherObjects {
        /// Which ones, as a filter says it.
        kept: String,
        /// Which ones were asked for.
        asked: String,
    },
    /// Another version of upshift wrote the snapshot, or somebody by hand.
    OtherFormat {
        /// What is wrong with it.
        why: String,
    },
}

/// What the last look of this process has found, and the state of the catalogs then.
#[derive(Debug, Clone, Default)]
pub(crate) struct Marked(Arc<Mutex<Option<(String, Drift)>>>);

impl Marked {
    pub(crate) fn at(&self, mark: &str) -> Option<Drift> {
        let marked = self.0.lock().ok()?;
        marked.as_ref().filter(|(then, _)| then == mark).map(|(_, drift)| drift.clone())
    }

    pub(crate) fn keep(&self, mark: String, drift: &Drift) {
        if let Ok(mut marked) = self.0.lock() {
            *marked = Some((mark, drift.clone()));
        }
    }
}

impl Drift {
    /// Whether the schema is known to have been changed.
    pub fn is_found(&self) -> bool {
        matches!(self, Drift::Found { .. })
    }

    /// What has happened to the schema, where it has drifted.
    pub fn diff(&self) -> Option<&Diff> {
        match self {
            Drift::Found { diff, .. } => Some(diff),
            Drift::None { .. } | Drift::Unknown { .. } => None,
        }
    }

    /// The tables, views and other things with columns that have drifted, in order.
    pub fn relations(&self) -> Vec<&str> {
        self.diff().map(relations).unwrap_or_default()
    }

    /// The first line: what is so, without what has changed.
    pub(crate) fn headline(&self) -> String {
        match self {
            Drift::None { kept } => format!("no drift: the schema is as {kept} left it"),
            Drift::Found { kept, diff } => {
                format!("the schema has drifted since {kept} left it: {}", summary(diff))
            }
            Drift::Unknown { why } => format!("whether the schema has drifted is not known: {why}"),
        }
    }
}

fn relations(diff: &Diff) -> Vec<&str> {
    let relations: BTreeSet<&str> = diff.changes.iter().filter_map(|change| change.relation()).collect();
    relations.into_iter().collect()
}

/// `3 changes, in public.orders and public.users`: as many as a person is told of, for a table comes with its parts.
fn summary(diff: &Diff) -> String {
    let count = diff.to_string().lines().filter(|line| !line.starts_with(' ')).count();
    let changes = if count == 1 { "1 change".to_owned() } else { format!("{count} changes") };
    match relations(diff).as_slice() {
        [] => changes,
        [one] => format!("{changes}, in {one}"),
        [some @ .., last] if some.len() < 5 => format!("{changes}, in {} and {last}", some.join(", ")),
        some => format!("{changes}, in {} and {} more", some[..5].join(", "), some.len() - 5),
    }
}

impl fmt::Display for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.service, &self.release) {
            (None, None) => f.write_str("the run")?,
            (service, release) => {
                let words: Vec<&str> = [service, release].into_iter().flatten().map(String::as_str).collect();
                f.write_str(&words.join(" "))?;
            }
        }
        write!(f, " of {}", utc(self.at))
    }
}

impl fmt::Display for NothingKept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NothingKept::Never => f.write_str("no run has kept a snapshot of it"),
            NothingKept::Outdated { kept, .. } => {
                write!(f, "a run after {kept} has applied or reverted migrations and kept no snapshot")
            }
            NothingKept::OtherObjects { kept, asked } => {
                write!(
                    f,
                    "the last run kept a snapshot of other objects ({kept}) than are asked for ({asked})"
                )
            }
            NothingKept::OtherFormat { why } => write!(f, "the snapshot that was kept cannot be read: {why}"),
        }
    }
}

/// What is so in the first line, then each change.
impl fmt::Display for Drift {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.headline())?;
        match self {
            Drift::None { kept } => kept.note(f),
            Drift::Found { kept, diff } => {
                kept.note(f)?;
                diff.fmt(f)
            }
            Drift::Unknown { why } => {
                f.write_str(
                    "help: the next run that does something keeps one where it is told \
                     `drift_policy(DriftPolicy::Watch)`; `migrator.repair().accept_drift(\"why\")` does now\n",
                )?;
                let NothingKept::Outdated { kept, diff } = why else { return Ok(()) };
                kept.note(f)?;
                if diff.is_empty() {
                    return Ok(());
                }
                writeln!(f, "changed since, by those migrations or by others:")?;
                diff.fmt(f)
            }
        }
    }
}

impl Kept {
    /// What may look like drift and is none.
    fn note(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (server, asked) = (self.server, self.asked);
        if server == asked {
            return Ok(());
        }
        writeln!(
            f,
            "note: it was kept on PostgreSQL {server}, and this is {asked}, which may print views and functions in \
             other words"
        )
    }
}
