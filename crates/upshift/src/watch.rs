//! Who is in the way, asked while we wait, since afterwards nobody is.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use futures_util::future::{Either, select};
use tokio_postgres::Row;
use tokio_postgres::types::{ToSql, Type};
use upshift_files::mask_secrets_in_sql;

use crate::context::Context;
use crate::event::{Blocker, Event, StepAt};
use crate::session;

/// Watches one waiting connection from another one.
pub(crate) struct Watch<'w> {
    context: &'w Context,
    /// The process that serves the waiting connection; unknown behind a pooler, where it is found by what it runs.
    pid: Option<i32>,
    after: Duration,
    seen: Mutex<Vec<Blocker>>,
}

/// How long somebody may wait for locks before it is told who is in the way, and again after each look.
const LONGEST_SILENCE: Duration = Duration::from_secs(1);

/// Whether somebody was seen in the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Free,
    Blocked,
}

/// Sessions that hold what the process $1 waits for, or (null) whoever in this database waits for a lock with a
/// statement that begins like $2. Written for PostgreSQL 13 to 18.
const BLOCKERS: &str = "\
select distinct a.pid, coalesce(a.application_name, '') as application, coalesce(a.usename::varchar, '') as role,
    coalesce((extract(epoch from pg_catalog.clock_timestamp() operator(pg_catalog.-) a.xact_start)
        operator(pg_catalog.*) 1000)::bigint, 0) as age_ms,
    coalesce(pg_catalog.left(a.query, 200), '') as query
from pg_catalog.pg_stat_activity w
    cross join lateral pg_catalog.unnest(pg_catalog.pg_blocking_pids(w.pid)) as b (pid)
    join pg_catalog.pg_stat_activity a on a.pid operator(pg_catalog.=) b.pid
where case when $1::integer is null then w.wait_event_type operator(pg_catalog.=) 'Lock'
        and w.datname operator(pg_catalog.=) pg_catalog.current_database()
        and pg_catalog.left(w.query, 200) operator(pg_catalog.=) pg_catalog.left($2::varchar, 200)
    else w.pid operator(pg_catalog.=) $1::integer end";

impl<'w> Watch<'w> {
    /// `after` is how long an answer may take before somebody looks why; a second at most.
    pub(crate) fn new(context: &'w Context, pid: Option<i32>, after: Duration) -> Watch<'w> {
        Watch { context, pid, after: after.min(LONGEST_SILENCE), seen: Mutex::new(Vec::new()) }
    }

    /// Waits for the answer to a statement; looks who is in the way when it takes long.
    pub(crate) async fn over<T>(
        &self,
        step: StepAt<'_>,
        sql: &str,
        answer: impl Future<Output = T> + Unpin,
    ) -> T {
        let (mut answer, began, mut way) = (answer, Instant::now(), Way::Free);
        loop {
            let pause = std::pin::pin!(tokio::time::sleep(self.after));
            match select(answer, pause).await {
                Either::Left((answer, _)) => {
                    if way == Way::Blocked {
                        self.context.tell(&Event::Unblocked { step, waited: began.elapsed() });
                    }
                    return answer;
                }
                Either::Right(((), still)) => answer = still,
            }
            if self.look(step, sql).await == Way::Blocked {
                way = Way::Blocked;
            }
        }
    }

    async fn look(&self, step: StepAt<'_>, sql: &str) -> Way {
        let Some(blockers) = self.blockers(sql).await.filter(|it| !it.is_empty()) else { return Way::Free };
        self.context.tell(&Event::Blocked { step, by: &blockers });
        self.keep(step.label, blockers);
        Way::Blocked
    }

    /// Keeps whom this look saw, and logs whom the last one did not.
    fn keep(&self, label: &str, blockers: Vec<Blocker>) {
        let Ok(mut seen) = self.seen.lock() else { return };
        for blocker in &blockers {
            if !seen.iter().any(|known| known.pid == blocker.pid) {
                tracing::warn!(migration = label, by = %blocker, "the migration waits for another session");
            }
        }
        *seen = blockers;
    }

    /// Nothing here may hold up or fail a run: without a free connection in time there is no answer.
    async fn blockers(&self, sql: &str) -> Option<Vec<Blocker>> {
        let asked = async {
            let client = session::borrow(self.context.pool()).await.ok()?;
            let values: [(&(dyn ToSql + Sync), Type); 2] = [(&self.pid, Type::INT4), (&sql, Type::TEXT)];
            let rows = client.query_typed(BLOCKERS, &values).await.ok()?;
            client.give_back();
            Some(rows)
        };
        let rows = tokio::time::timeout(self.after, asked).await.ok()??;
        Some(rows.iter().filter_map(blocker).collect())
    }

    /// Whom the last look saw.
    pub(crate) fn seen(&self) -> Vec<Blocker> {
        self.seen.lock().map(|mut seen| std::mem::take(&mut *seen)).unwrap_or_default()
    }
}

/// The columns of [`BLOCKERS`].
pub(crate) fn blocker(row: &Row) -> Option<Blocker> {
    let age: i64 = row.try_get("age_ms").ok()?;
    Some(Blocker {
        pid: row.try_get("pid").ok()?,
        application: row.try_get("application").ok()?,
        role: row.try_get("role").ok()?,
        transaction_age: Duration::from_millis(age.unsigned_abs()),
        query: mask_secrets_in_sql(row.try_get("query").ok()?).into_owned(),
    })
}
