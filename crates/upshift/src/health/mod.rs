//! Whether the schema fits the binary: for readiness checks.

mod look;
mod mark;

use std::fmt;

use upshift_files::{Migration, MigrationSet, Phase};

pub(crate) use self::look::{Asked, Looked, look};
use crate::context::{Context, Here, Planned};
use crate::drift::Drift;
use crate::error::{Error, Holder};
use crate::facts::Look;
use crate::history::{Applied, AppliedState, History};
use crate::migrator::Migrator;
use crate::plan::Note;

/// Whether the schema fits the binary. Where several things are so, the first of them from below that keeps it from
/// serving, or else that a person should know.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Health {
    /// Everything this binary needs is applied.
    Fits,
    /// It fits, and a newer release has migrated further.
    Ahead {
        /// What is applied and not in this binary.
        newer: Vec<String>,
    },
    /// It fits the history, and somebody has changed it behind upshift's back. Told where
    /// [`Migrator::drift_policy`] asks for it.
    Drifted(Box<Drift>),
    /// Something this binary needs is pending.
    Behind {
        /// What is pending.
        pending: Vec<String>,
    },
    /// Something this binary needs is pending, and a migrator is at work.
    Migrating {
        /// What is pending.
        pending: Vec<String>,
        /// Who is at work.
        by: Box<Holder>,
    },
    /// Relations or columns that the service has named are not there: [`Migrator::requires`].
    Lacking {
        /// Which.
        missing: Vec<String>,
    },
    /// The history does not fit the set: edited, missing, out of order.
    Refused {
        /// Why, each in one line.
        why: Vec<String>,
    },
    /// Contracts are applied that this binary does not know: what its code needs may be gone.
    Fenced {
        /// Which.
        contracts: Vec<String>,
    },
}

impl Health {
    /// Whether a service may serve.
    ///
    /// Drift does not keep it from that: a service whose instances all went away because of an index that somebody made
    /// by hand would be the greater harm. What it cannot do without it names with [`Migrator::requires`].
    pub fn is_fit(&self) -> bool {
        match self {
            Health::Fits | Health::Ahead { .. } | Health::Drifted(_) => true,
            Health::Behind { .. }
            | Health::Migrating { .. }
            | Health::Lacking { .. }
            | Health::Refused { .. }
            | Health::Fenced { .. } => false,
        }
    }
}

impl Migrator {
    /// Names a relation that the service cannot do without, and columns of it, for [`Migrator::health`]: whatever the
    /// history says, without them it is [`Health::Lacking`]. Once for each relation.
    ///
    /// Named as in SQL, looked up along the connection's `search_path`: `users`, `billing.invoices`, `"Users"`.
    pub fn requires(mut self, relation: &str, columns: &[&str]) -> Migrator {
        let columns = columns.iter().map(|column| (*column).to_owned()).collect();
        self.context.settings.requires.push((relation.to_owned(), columns));
        self
    }

    /// Whether the schema fits this binary: for a readiness check. One round trip; writes nothing.
    ///
    /// Where drift is asked for ([`Migrator::drift_policy`]), a second look at the schema follows when its catalogs have
    /// changed since the last one of this process.
    ///
    /// # Errors
    /// The files have mistakes, or the database cannot be read.
    ///
    /// # Cancel safety
    /// Yes.
    pub async fn health(&self) -> Result<Health, Error> {
        self.health_here().await
    }

    fn health_here(&self) -> Here<'_, Health> {
        Box::pin(async move {
            let context = &self.context;
            let (history, looked) = look(context, Asked::WhetherSettled).await?;
            let health = match &history {
                Look::Settled { .. } => Health::settled(&looked),
                Look::Unsettled(facts) => {
                    let set = context.set()?;
                    Health::of(&set, facts.history(), &context.planned(&set, facts.history())?, &looked)
                }
            };
            or_drifted(context, health, looked).await
        })
    }
}

impl Health {
    /// Decides, of a history that is not that of the set and of nothing else.
    pub(crate) fn of(set: &MigrationSet, history: &History, planned: &Planned, looked: &Looked) -> Health {
        let contracts = fences(set, history);
        if !contracts.is_empty() {
            return Health::Fenced { contracts };
        }
        let plan = match planned {
            Ok(plan) => plan,
            Err(refusals) => {
                return Health::Refused { why: refusals.iter().map(ToString::to_string).collect() };
            }
        };
        let pending: Vec<String> = plan.steps().map(|step| step.label().to_owned()).collect();
        if !pending.is_empty() {
            return match &looked.holder {
                Some(by) => Health::Migrating { pending, by: Box::new(by.clone()) },
                None => Health::Behind { pending },
            };
        }
        let newer = plan.notes().iter().filter_map(|note| match note {
            Note::Newer(label) => Some(label.clone()),
            Note::Missing(_) | Note::Stays(_) | Note::Drifted(_) => None,
        });
        let newer: Vec<String> = newer.collect();
        match Health::settled(looked) {
            Health::Fits if !newer.is_empty() => Health::Ahead { newer },
            health => health,
        }
    }

    /// Decides, of a history that has all there is.
    pub(crate) fn settled(looked: &Looked) -> Health {
        match looked.lacking.as_slice() {
            [] => Health::Fits,
            missing => Health::Lacking { missing: missing.to_vec() },
        }
    }
}

/// The same, or that the schema has drifted, where it fits otherwise and drift is asked for: then the schema is read, if
/// it is not known yet.
pub(crate) async fn or_drifted(context: &Context, health: Health, looked: Looked) -> Result<Health, Error> {
    if !health.is_fit() {
        return Ok(health);
    }
    let drift = mark::drift(context, looked.mark).await?;
    Ok(drift.filter(Drift::is_found).map_or(health, |drift| Health::Drifted(Box::new(drift))))
}

/// The contracts that are applied, or on their way, and not in the set: those that [`Migrator::join`] refuses for.
fn fences(set: &MigrationSet, history: &History) -> Vec<String> {
    let is_known = |row: &Applied| {
        let migration = set.iter().find(|it| *it.id() == row.id);
        migration.map(Migration::header).is_some_and(|header| header.phase == Phase::Contract)
    };
    let is_there = |row: &Applied| !matches!(row.state, AppliedState::DownFailed { .. });
    let contracts = history.iter().filter(|row| row.phase == Phase::Contract && is_there(row));
    contracts.filter(|row| !is_known(row)).map(Applied::label).collect()
}

impl fmt::Display for Health {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Health::Fits => f.write_str("the schema fits"),
            Health::Ahead { newer } => {
                write!(f, "the schema fits; a newer release has applied {}", newer.join(", "))
            }
            Health::Drifted(drift) => write!(f, "{}", drift.headline()),
            Health::Behind { pending } => write!(f, "pending: {}", pending.join(", ")),
            Health::Migrating { pending, by } => {
                write!(f, "being migrated by {by}; pending: {}", pending.join(", "))
            }
            Health::Lacking { missing } => write!(f, "not there: {}", missing.join(", ")),
            Health::Refused { why } => f.write_str(&why.join("; ")),
            Health::Fenced { contracts } => {
                write!(f, "applied, and not known to this binary: {}", contracts.join(", "))
            }
        }
    }
}
