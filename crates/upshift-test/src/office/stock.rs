//! Clones: claimed, made ahead, dropped when somebody has time.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use super::session::Value;
use super::{Blueprint, Office, Template, quoted, sql};
use crate::database::error::TestError;

/// More than these are not left lying about while tests run; each takes memory or disk.
const DONE_AT_MOST: i64 = 16;
/// With more than these whoever makes one drops one before: a single housekeeper cannot keep up with many threads.
const DONE_TOO_MANY: i64 = 48;
/// Nobody has asked for a database for so long: the time to drop has come.
const IDLE: Duration = Duration::from_millis(200);
/// Other programs are killed while this one runs.
const SORT_OUT_EVERY: Duration = Duration::from_secs(5);
const PAUSE: Duration = Duration::from_millis(25);
/// Most clones ready at once, however many cores there are.
const STOCK_AT_MOST: usize = 16;

/// What a look for a database to drop came to.
enum Dropped {
    None,
    One,
}

impl Office {
    /// A clone of its own for a test: one made ahead, or one made now.
    pub(crate) async fn claim(
        self: &Arc<Self>,
        blueprint: &Blueprint,
        test: &str,
    ) -> Result<String, TestError> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        let desk = self.desk().await?;
        let mut template = self.template(blueprint).await?;
        let claim = [&(&template.key).into(), &desk.owner().into(), &test.into()];
        let name = match desk.row(sql::CLAIM, &claim).await? {
            Some(row) => row.get(0),
            None => match self.copy_now(&template, test).await {
                Err(error) if error.is_gone() => {
                    // Somebody dropped it, by hand or as one of too many: it is made again, once.
                    self.forget(template.key).await;
                    template = self.template(blueprint).await?;
                    self.copy_for(&template, test).await?
                }
                copied => copied?,
            },
        };
        self.keep_house(template);
        Ok(name)
    }

    /// A copy for a test that finds none ready.
    async fn copy_now(&self, template: &Template, test: &str) -> Result<String, TestError> {
        if self.count(sql::DONE_COUNT, &[]).await? > DONE_TOO_MANY {
            // What cannot be dropped is no reason for a test to fail.
            let _ = self.drop_one().await;
        }
        self.copy_for(template, test).await
    }

    /// The test is over, and its database may go.
    pub(crate) async fn give_back(&self, name: &str) -> Result<(), TestError> {
        drop(self.connected(name));
        self.desk().await?.row(sql::DONE, &[&name.into()]).await.map(drop)
    }

    /// The test failed, and its database stays.
    pub(crate) async fn keep(&self, name: &str) -> Result<(), TestError> {
        self.desk().await?.row(sql::KEEP, &[&name.into()]).await.map(drop)
    }

    /// What an earlier run of this test kept may go.
    pub(crate) async fn forget_kept(&self, test: &str) -> Result<(), TestError> {
        self.desk().await?.row(sql::FORGET_KEPT, &[&test.into()]).await.map(drop)
    }

    /// Whether a transaction of a test was committed.
    pub(crate) async fn was_committed(&self, transaction: &str) -> Result<bool, TestError> {
        let row = self.desk().await?.row(sql::COMMITTED, &[&transaction.into()]).await?;
        Ok(row.and_then(|row| row.get::<_, Option<String>>(0)).as_deref() == Some("committed"))
    }

    /// Fills the stock and drops what is done, in the background and once at a time in this program.
    fn keep_house(self: &Arc<Self>, template: Template) {
        if self.housekeeping.swap(true, Ordering::AcqRel) {
            return;
        }
        let office = self.clone();
        tokio::spawn(async move {
            // Nobody waits for it. Where it fails the tests still get their databases, only later, and the next
            // housekeeper finds what is left.
            let _ = office.house(&template).await;
            office.housekeeping.store(false, Ordering::Release);
        });
    }

    async fn house(self: &Arc<Self>, template: &Template) -> Result<(), TestError> {
        let mut asked = self.asked.load(Ordering::Relaxed);
        let mut idle = Duration::ZERO;
        let mut sorted: Option<Instant> = None;
        loop {
            if sorted.is_none_or(|sorted| sorted.elapsed() > SORT_OUT_EVERY) {
                self.desk().await?.run(sql::SORT_OUT).await?;
                sorted = Some(Instant::now());
            }
            // Before the stock: tests that never rest would else leave theirs lying about without end.
            let done = self.count(sql::DONE_COUNT, &[]).await?;
            let dropped =
                if done > DONE_AT_MOST || idle >= IDLE { self.drop_one().await? } else { Dropped::None };
            if done > DONE_AT_MOST + 1 && matches!(dropped, Dropped::One) {
                continue;
            }
            let stock = self.count(sql::STOCK, &[&(&template.key).into()]).await?;
            if usize::try_from(stock).is_ok_and(|stock| stock < self.wanted()) {
                self.copy_ahead(template).await?;
                continue;
            }
            match dropped {
                Dropped::One => {}
                Dropped::None if idle >= IDLE => return Ok(()),
                Dropped::None => {
                    tokio::time::sleep(PAUSE).await;
                    idle += PAUSE;
                }
            }
            let now = self.asked.load(Ordering::Relaxed);
            if now != asked {
                (asked, idle) = (now, Duration::ZERO);
            }
        }
    }

    /// How many clones shall be ready: twice what can run at once, but no more than this program seems to want. Under
    /// nextest each test is a program, and the next ones want theirs too.
    fn wanted(&self) -> usize {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let asked = match std::env::var_os("NEXTEST") {
            Some(_) => usize::MAX,
            None => self.asked.load(Ordering::Relaxed).saturating_mul(2),
        };
        asked.min(2 * cores).min(STOCK_AT_MOST)
    }

    async fn count(&self, sql: &str, values: &[&Value]) -> Result<i64, TestError> {
        let row = self.desk().await?.row(sql, values).await?;
        Ok(row.map_or(0, |row| row.get(0)))
    }

    /// Drops one database that is done.
    async fn drop_one(&self) -> Result<Dropped, TestError> {
        let worker = self.worker().await?;
        let Some(row) = worker.row(sql::TAKE_DONE, &[&worker.owner().into()]).await? else {
            self.rest(worker);
            return Ok(Dropped::None);
        };
        let name: String = row.get(0);
        if row.get::<_, Option<bool>>(1) == Some(true) {
            worker.run(&format!("alter database {} is_template false", quoted(&name))).await?;
        }
        worker.run(&format!("drop database if exists {} with (force)", quoted(&name))).await?;
        worker.row(sql::GONE, &[&(&name).into()]).await?;
        self.rest(worker);
        Ok(Dropped::One)
    }
}
