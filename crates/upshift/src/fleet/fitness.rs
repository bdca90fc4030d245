//! Whether a process may serve, as its last heartbeats tell.

use std::fmt;
use std::time::{Duration, Instant};

use super::Inner;
use crate::report::human;

/// Whether a process may serve.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fitness {
    /// It may.
    Fit,
    /// Its last heartbeat is so long ago that its lease may be over before the next: others may take away what it needs.
    Late {
        /// How long ago.
        silent: Duration,
    },
    /// Contracts are applied that its code does not know.
    Fenced {
        /// Which, as a person calls them.
        contracts: Vec<String>,
    },
}

impl Fitness {
    /// Whether a service may serve.
    pub fn is_fit(&self) -> bool {
        matches!(self, Fitness::Fit)
    }
}

impl fmt::Display for Fitness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fitness::Fit => f.write_str("fit"),
            Fitness::Late { silent } => write!(f, "no heartbeat for {}", human(*silent)),
            Fitness::Fenced { contracts } => {
                write!(f, "applied, and not known to this binary: {}", contracts.join(", "))
            }
        }
    }
}

/// What the heartbeats said.
#[derive(Debug, Clone)]
pub(super) enum Standing {
    /// The last one came through.
    Beating {
        /// When it was sent.
        last: Instant,
        /// The longest time between two of the latest ones, and when that ended.
        gap: Duration,
        gap_ended: Instant,
    },
    Fenced(Vec<String>),
}

/// How long a gap counts.
const MEMORY: Duration = Duration::from_secs(120);

impl Standing {
    pub(super) fn begin() -> Standing {
        let now = Instant::now();
        Standing::Beating { last: now, gap: Duration::ZERO, gap_ended: now }
    }

    /// A heartbeat that was sent then has come through.
    pub(super) fn beaten(&mut self, sent: Instant) {
        let Standing::Beating { last, gap, gap_ended } = self else {
            *self = Standing::begin();
            return;
        };
        let silent = sent.saturating_duration_since(*last);
        if silent >= *gap || gap_ended.elapsed() > MEMORY {
            (*gap, *gap_ended) = (silent, sent);
        }
        *last = sent;
    }
}

impl Inner {
    pub(super) fn stand(&self, standing: Standing) {
        self.standing.send_replace(standing);
    }

    /// The longest time without a heartbeat, of late.
    pub(super) fn gap(&self) -> Duration {
        match &*self.standing.borrow() {
            Standing::Beating { last, gap, .. } => last.elapsed().max(*gap),
            Standing::Fenced(_) => Duration::MAX,
        }
    }

    pub(super) fn fitness(&self) -> Fitness {
        match &*self.standing.borrow() {
            Standing::Fenced(contracts) => Fitness::Fenced { contracts: contracts.clone() },
            Standing::Beating { last, .. } if last.elapsed() > self.patience() => {
                Fitness::Late { silent: last.elapsed() }
            }
            Standing::Beating { .. } => Fitness::Fit,
        }
    }

    fn patience(&self) -> Duration {
        self.policy().patience()
    }

    /// How long an answer to a heartbeat is waited for: another one fits in before the patience is over.
    pub(super) fn hearing(&self) -> Duration {
        self.patience() / 2
    }

    pub(super) async fn unfit(&self) -> Fitness {
        let mut told = self.standing.subscribe();
        loop {
            let fitness = self.fitness();
            if !fitness.is_fit() {
                return fitness;
            }
            let left = match &*told.borrow_and_update() {
                Standing::Beating { last, .. } => self.patience().saturating_sub(last.elapsed()),
                Standing::Fenced(_) => Duration::ZERO,
            };
            // Until the next word, or until there should have been one.
            let waited = tokio::time::timeout(left + Duration::from_millis(1), told.changed()).await;
            tracing::trace!(heard = waited.is_ok(), "waited for a heartbeat");
        }
    }
}
