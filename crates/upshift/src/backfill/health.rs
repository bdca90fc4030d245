//! Whether a backfill may go on beside everything else: facts of one query, and a pure verdict.

use std::fmt;
use std::time::Duration;

use tokio_postgres::types::{Oid, Type};
use tokio_postgres::{Client, Row};

use super::catalog;
use crate::report::human;
use crate::settings::BackfillPolicy;

/// How the server bears it. What nobody may see is `None`, and holds nothing up.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Health {
    /// How old the oldest change is that a replica has not replayed.
    pub(super) replica_lag: Option<Duration>,
    pub(super) replica_bytes: Option<u64>,
    pub(super) unarchived_segments: Option<u64>,
    pub(super) vacuum: Vacuum,
    /// Sessions that waited for rows of the last batch at its end.
    pub(super) waiting_sessions: u64,
}

/// Whether one of the tables is vacuumed so that its transaction numbers do not run out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Vacuum {
    #[default]
    NotUrgent,
    Urgent,
}

/// Why a backfill holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Hold {
    ReplicaLag { lag: Duration, limit: Duration },
    ReplicaBytes { bytes: u64, limit: u64 },
    Unarchived { segments: u64, limit: u64 },
    Vacuum,
    Waiting { sessions: u64 },
}

impl Health {
    pub(super) async fn read(client: &Client, tables: &[Oid]) -> Result<Health, tokio_postgres::Error> {
        let rows = client.query_typed(catalog::HEALTH, &[(&tables, Type::OID_ARRAY)]).await?;
        rows.first().map_or(Ok(Health::default()), Health::of)
    }

    fn of(row: &Row) -> Result<Health, tokio_postgres::Error> {
        let number = |column: &str| -> Result<Option<u64>, tokio_postgres::Error> {
            // What is ahead of what we asked a moment ago is not behind.
            Ok(row.try_get::<_, Option<i64>>(column)?.map(|it| u64::try_from(it).unwrap_or(0)))
        };
        Ok(Health {
            replica_lag: number("lag_ms")?.map(Duration::from_millis),
            replica_bytes: number("lag_bytes")?,
            unarchived_segments: number("unarchived")?,
            vacuum: if row.try_get("is_frozen_in_a_hurry")? { Vacuum::Urgent } else { Vacuum::NotUrgent },
            waiting_sessions: 0,
        })
    }

    /// Why the next batch must not be begun; `None` when it may.
    pub(super) fn hold(&self, policy: &BackfillPolicy) -> Option<Hold> {
        if self.vacuum == Vacuum::Urgent {
            return Some(Hold::Vacuum);
        }
        if let (Some(lag), Some(limit)) = (self.replica_lag, policy.replica_lag)
            && lag > limit
        {
            return Some(Hold::ReplicaLag { lag, limit });
        }
        if let (Some(bytes), Some(limit)) = (self.replica_bytes, policy.replica_bytes)
            && bytes > limit
        {
            return Some(Hold::ReplicaBytes { bytes, limit });
        }
        if let (Some(segments), Some(limit)) = (self.unarchived_segments, policy.unarchived_segments)
            && segments > limit
        {
            return Some(Hold::Unarchived { segments, limit });
        }
        let sessions = self.waiting_sessions;
        policy
            .waiting_sessions
            .filter(|limit| sessions >= (*limit).max(1))
            .map(|_| Hold::Waiting { sessions })
    }
}

/// How long it holds, after so many times in a row.
pub(super) fn pause(policy: &BackfillPolicy, times: u32) -> Duration {
    policy.first_hold.saturating_mul(1_u32 << times.min(20)).min(policy.longest_hold)
}

impl fmt::Display for Hold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const MIB: u64 = 1 << 20;
        match self {
            Hold::ReplicaLag { lag, limit } => {
                write!(f, "a replica is {} behind, and the limit is {}", human(*lag), human(*limit))
            }
            Hold::ReplicaBytes { bytes, limit } => {
                write!(f, "a replica is {} MiB behind, and the limit is {}", bytes / MIB, limit / MIB)
            }
            Hold::Unarchived { segments, limit } => {
                write!(f, "{segments} WAL segments are not archived, and the limit is {limit}")
            }
            Hold::Vacuum => f.write_str("the table is vacuumed to prevent wraparound"),
            Hold::Waiting { sessions: 1 } => f.write_str("a session waits for rows of a batch"),
            Hold::Waiting { sessions } => write!(f, "{sessions} sessions wait for rows of a batch"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_backfill_holds_for_whoever_is_worse_off() {
        let well = Health::default();
        let policy = BackfillPolicy::default();
        let s = Duration::from_secs;
        let all = BackfillPolicy {
            replica_lag: None,
            replica_bytes: None,
            unarchived_segments: None,
            waiting_sessions: None,
            ..policy
        };
        for (health, policy, expected) in [
            (well.clone(), policy, None),
            (Health { replica_lag: Some(s(10)), ..well.clone() }, policy, None),
            (
                Health { replica_lag: Some(s(11)), ..well.clone() },
                policy,
                Some("a replica is 11.00 s behind, and the limit is 10.00 s"),
            ),
            (Health { replica_lag: Some(s(11)), ..well.clone() }, all, None),
            (
                Health { replica_bytes: Some(600 << 20), ..well.clone() },
                policy,
                Some("a replica is 600 MiB behind, and the limit is 512"),
            ),
            (Health { replica_bytes: Some(600 << 20), ..well.clone() }, all, None),
            (
                Health { unarchived_segments: Some(41), ..well.clone() },
                policy,
                Some("41 WAL segments are not archived, and the limit is 40"),
            ),
            (Health { unarchived_segments: Some(40), ..well.clone() }, policy, None),
            (Health { unarchived_segments: Some(41), ..well.clone() }, all, None),
            (
                Health { waiting_sessions: 1, ..well.clone() },
                policy,
                Some("a session waits for rows of a batch"),
            ),
            (
                Health { waiting_sessions: 2, ..well.clone() },
                policy,
                Some("2 sessions wait for rows of a batch"),
            ),
            (Health { waiting_sessions: 2, ..well.clone() }, all, None),
            (
                Health { waiting_sessions: 2, ..well.clone() },
                BackfillPolicy { waiting_sessions: Some(3), ..policy },
                None,
            ),
            // No setting makes it go on beside this.
            (
                Health { vacuum: Vacuum::Urgent, replica_lag: Some(s(11)), ..well },
                all,
                Some("the table is vacuumed to prevent wraparound"),
            ),
        ] {
            let found = health.hold(&policy).map(|hold| hold.to_string());
            assert_eq!(found.as_deref(), expected, "{health:?}");
        }
    }

    #[test]
    fn holds_grow_to_the_longest() {
        let policy = BackfillPolicy::default();
        let holds: Vec<u128> = [0, 1, 2, 6, 7, 100].map(|times| pause(&policy, times).as_millis()).to_vec();
        assert_eq!(holds, [250, 500, 1_000, 16_000, 30_000, 30_000]);
    }
}
