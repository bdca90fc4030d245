//! Who is in the way, asked while we wait, since afterwards nobody is.

use std::sync::Mutex;
use std::time::Duration;

use deadpool_postgres::Pool;
use futures_util::future::{Either, select};
use tokio_postgres::Row;
use tokio_postgres::types::Type;
use upshift_files::mask_secrets_in_sql;

use crate::context::Context;
use crate::event::{Blocker, Event};

/// Watches one waiting connection from another one.
pub(crate) struct Watch<'w> {
    context: &'w Context,
    /// The process that serves the waiting connection; unknown behind a pooler, and then nobody can be named.
    pid: Option<i32>,
    after: Duration,
    seen: Mutex<Vec<Blocker>>,
}

/// Sessions that hold what the process $1 waits for. Written for PostgreSQL 13 to 18.
const BLOCKERS: &str = "\
select a.pid, coalesce(a.application_name, '') as application, coalesce(a.usename::varchar, '') as role,
    coalesce((extract(epoch from pg_catalog.clock_timestamp() operator(pg_catalog.-) a.xact_start)
        operator(pg_catalog.*) 1000)::bigint, 0) as age_ms,
    coalesce(pg_catalog.left(a.query, 200), '') as query
from pg_catalog.unnest(pg_catalog.pg_blocking_pids($1)) as b (pid)
    join pg_catalog.pg_stat_activity a on a.pid operator(pg_catalog.=) b.pid";

impl<'w> Watch<'w> {
    /// `after` is how long an answer may take before somebody looks why.
    pub(crate) fn new(context: &'w Context, pid: Option<i32>, after: Duration) -> Watch<'w> {
        Watch { context, pid, after, seen: Mutex::new(Vec::new()) }
    }

    /// Waits for an answer; looks who is in the way when it takes long.
    pub(crate) async fn over<T>(&self, label: &str, answer: impl Future<Output = T> + Unpin) -> T {
        let Some(pid) = self.pid else { return answer.await };
        let mut answer = answer;
        loop {
            let pause = std::pin::pin!(tokio::time::sleep(self.after));
            match select(answer, pause).await {
                Either::Left((answer, _)) => return answer,
                Either::Right(((), still)) => answer = still,
            }
            self.look(pid, label).await;
        }
    }

    async fn look(&self, pid: i32, label: &str) {
        let Some(blockers) = blockers(self.context.pool(), pid, self.after).await else { return };
        if blockers.is_empty() {
            return;
        }
        self.context.tell(&Event::Blocked { label, by: &blockers });
        self.keep(blockers);
    }

    fn keep(&self, blockers: Vec<Blocker>) {
        if let Ok(mut seen) = self.seen.lock() {
            *seen = blockers;
        }
    }

    /// Whom the last look saw.
    pub(crate) fn seen(&self) -> Vec<Blocker> {
        self.seen.lock().map(|mut seen| std::mem::take(&mut *seen)).unwrap_or_default()
    }
}

/// Nothing here may hold up or fail a run: without a free connection in time there is no answer.
async fn blockers(pool: &Pool, pid: i32, patience: Duration) -> Option<Vec<Blocker>> {
    let asked = async {
        let client = pool.get().await.ok()?;
        client.query_typed(BLOCKERS, &[(&pid, Type::INT4)]).await.ok()
    };
    let rows = tokio::time::timeout(patience, asked).await.ok()??;
    Some(rows.iter().filter_map(blocker).collect())
}

fn blocker(row: &Row) -> Option<Blocker> {
    let age: i64 = row.try_get("age_ms").ok()?;
    Some(Blocker {
        pid: row.try_get("pid").ok()?,
        application: row.try_get("application").ok()?,
        role: row.try_get("role").ok()?,
        transaction_age: Duration::from_millis(age.unsigned_abs()),
        query: mask_secrets_in_sql(row.try_get("query").ok()?).into_owned(),
    })
}
