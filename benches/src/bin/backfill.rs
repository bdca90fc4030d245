//! A backfill of a table beside the one big UPDATE on the same table, in the same run.
//!
//! ```text
//! cargo run --release --bin backfill                  1,000,000 rows, 3 rounds, with and without a sync trigger
//! cargo run --release --bin backfill -- 200000 1      200,000 rows, one round
//! ```
//! The longest transaction is what the server shows of the others' transactions, looked at every few milliseconds.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use futures_util::future::{Either, select};
use tokio_postgres::{Client, NoTls};
use upshift::deadpool_postgres::{Manager, Pool};
use upshift::{Event, Migrator, Source, SourceFile, Target, Version, Worked};
use upshift_test::Server;

type Outcome<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

const UPDATE: &str = "update t set n = upper(o) where n is null and o is not null";

/// Rows of about 110 bytes, all of them to be filled; a copy of the base, packed and frozen as the base is.
const COPY: &str = "\
    drop table if exists t;
    create table t (like base including all);
    insert into t select * from base;
    alter table t add constraint t_pkey primary key (id)";

/// Keeps a renamed column and its old name in step (research/zero-downtime.md 3.4.1).
const TRIGGER: &str = r"
create function sync_o_n() returns trigger language plpgsql as $f$
declare ch_old boolean; ch_new boolean;
begin
  ch_old := row(new.o)::record operator(pg_catalog.*<>) row(old.o)::record;
  ch_new := row(new.n)::record operator(pg_catalog.*<>) row(old.n)::record;
  if ch_new then new.o := new.n;
  elsif ch_old then new.n := new.o;
  elsif row(new.n)::record operator(pg_catalog.*<>) row(new.o)::record then new.n := new.o;
  end if;
  return new;
end $f$;
create trigger zzz_upshift_u before update on t for each row
  when (row(new.o)::record *<> row(old.o)::record or row(new.n)::record *<> row(old.n)::record
        or row(new.n)::record *<> row(new.o)::record)
  execute function sync_o_n();
alter table t enable always trigger zzz_upshift_u";

#[derive(Clone, Copy, PartialEq, Eq)]
enum Trigger {
    Without,
    With,
}

/// One way to fill the table, once.
#[derive(Clone, Copy)]
enum Way {
    Whole,
    Batches { workers: usize },
}

/// What came of it.
struct Took {
    time: Duration,
    longest: Duration,
    batches: u64,
}

fn main() -> Outcome<()> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(measure())
}

async fn measure() -> Outcome<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |at: usize, usual| arguments.get(at).map_or(Ok(usual), |it| it.parse::<usize>());
    let (rows, rounds) = (number(0, 1_000_000)?, number(1, 3)?);
    let server = Server::builder()
        .setting("shared_buffers", "256MB")
        .setting("max_wal_size", "4GB")
        .setting("fsync", "on")
        .setting("synchronous_commit", "on")
        // It would work beside some rounds and not beside others.
        .setting("autovacuum", "off")
        .start()?;
    println!("PostgreSQL {}, {rows} rows, {rounds} rounds", server.version());
    println!("\n| | s, median (min–max) | rows/s | × the one UPDATE | longest transaction, ms | batches |");
    println!("|---|---|---|---|---|---|");
    let site = Site::new(&server, rows).await?;
    for sync in [Trigger::Without, Trigger::With] {
        let ways = [Way::Whole, Way::Batches { workers: 1 }, Way::Batches { workers: 2 }];
        let mut took: Vec<Vec<Took>> = ways.iter().map(|_| Vec::new()).collect();
        for _ in 0..rounds {
            for (way, took) in ways.iter().zip(&mut took) {
                took.push(site.fill(*way, sync).await?);
            }
        }
        let whole = median(&took[0]);
        for (way, took) in ways.iter().zip(&took) {
            report(*way, sync, rows, took, whole);
        }
    }
    Ok(())
}

fn median(took: &[Took]) -> f64 {
    let mut times: Vec<f64> = took.iter().map(|it| it.time.as_secs_f64()).collect();
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

fn report(way: Way, sync: Trigger, rows: usize, took: &[Took], whole: f64) {
    let what = match way {
        Way::Whole => "the one UPDATE".to_owned(),
        Way::Batches { workers: 1 } => "upshift, a worker".to_owned(),
        Way::Batches { workers } => format!("upshift, {workers} workers"),
    };
    let sync = if sync == Trigger::With { ", sync trigger" } else { "" };
    let times = || took.iter().map(|it| it.time.as_secs_f64());
    let (least, most) = (times().fold(f64::INFINITY, f64::min), times().fold(0.0, f64::max));
    let median = median(took);
    let longest = took.iter().map(|it| it.longest.as_millis()).max().unwrap_or(0);
    let batches = took.iter().map(|it| it.batches).max().unwrap_or(0);
    println!(
        "| {what}{sync} | {median:.2} ({least:.2}–{most:.2}) | {:.0} | {:.2} | {longest} | {batches} |",
        rows as f64 / median,
        whole / median
    );
}

struct Site {
    url: String,
    client: Client,
    watcher: Client,
}

impl Site {
    async fn new(server: &Server, rows: usize) -> Outcome<Site> {
        let url = server.url("postgres");
        let (client, watcher) = (connect(&url).await?, connect(&url).await?);
        let base = format!(
            "create table base (id bigint, o text, n text, filler text);
            insert into base select i, 'status ' || i, null, repeat('x', 60) from generate_series(1, {rows}) i"
        );
        client.batch_execute(&base).await?;
        Ok(Site { url, client, watcher })
    }

    async fn fill(&self, way: Way, sync: Trigger) -> Outcome<Took> {
        self.client
            .batch_execute("drop schema if exists upshift cascade; drop function if exists sync_o_n cascade")
            .await?;
        self.client.batch_execute(COPY).await?;
        if sync == Trigger::With {
            self.client.batch_execute(TRIGGER).await?;
        }
        self.client.batch_execute("vacuum (freeze, analyze) t").await?;
        self.client.batch_execute("checkpoint").await?;
        let batches = Arc::new(AtomicU64::new(0));
        let migrator = self.migrator(&batches)?;
        migrator.up(Target::Version(version(1)?)).await?;
        let work = async {
            let began = Instant::now();
            match way {
                Way::Whole => self.client.batch_execute(UPDATE).await?,
                Way::Batches { workers } => batched(&migrator, workers).await?,
            }
            Outcome::Ok(began.elapsed())
        };
        let (time, longest) = self.watch(work).await?;
        let left = self.client.query_one("select count(*) from t where n is null", &[]).await?;
        if left.get::<_, i64>(0) > 0 {
            return Err("rows are left".into());
        }
        Ok(Took { time, longest, batches: batches.load(Ordering::Relaxed) })
    }

    /// Does the work while somebody looks at the server's transactions.
    async fn watch(&self, work: impl Future<Output = Outcome<Duration>>) -> Outcome<(Duration, Duration)> {
        let mut longest = Duration::ZERO;
        let looks = async {
            loop {
                match self.longest().await {
                    Ok(seen) => longest = longest.max(seen),
                    Err(error) => return error,
                }
                tokio::time::sleep(Duration::from_millis(3)).await;
            }
        };
        let time = match select(std::pin::pin!(work), std::pin::pin!(looks)).await {
            Either::Left((time, _)) => time?,
            Either::Right((error, _)) => return Err(error),
        };
        Ok((time, longest))
    }

    async fn longest(&self) -> Outcome<Duration> {
        let sql = "select coalesce(max(extract(epoch from clock_timestamp() - xact_start)), 0)::float8
            from pg_stat_activity where backend_type = 'client backend' and pid <> pg_backend_pid()";
        Ok(Duration::from_secs_f64(self.watcher.query_one(sql, &[]).await?.get::<_, f64>(0).max(0.0)))
    }

    fn migrator(&self, batches: &Arc<AtomicU64>) -> Outcome<Migrator> {
        let manager = Manager::new(self.url.parse()?, NoTls);
        let pool = Pool::builder(manager).max_size(4).build()?;
        let fill = format!("-- upshift: backfill table=t\n{UPDATE};\n");
        let source =
            Source::files([SourceFile::new("1_first.sql", "select 1;"), SourceFile::new("2_fill.sql", fill)]);
        let count = batches.clone();
        Ok(Migrator::new(pool, source).observer(move |event: &Event<'_>| {
            if let Event::BatchFinished { .. } = event {
                count.fetch_add(1, Ordering::Relaxed);
            }
        }))
    }
}

async fn batched(migrator: &Migrator, workers: usize) -> Outcome<()> {
    let number = version(2)?;
    let tasks: Vec<_> = (0..workers)
        .map(|_| {
            let migrator = migrator.clone();
            tokio::spawn(async move { migrator.backfills().work(number, Duration::from_secs(3_600)).await })
        })
        .collect();
    for task in tasks {
        if task.await?? != Worked::Finished {
            return Err("not finished".into());
        }
    }
    Ok(())
}

fn version(number: u64) -> Outcome<Version> {
    Version::new(number).ok_or_else(|| "a version".into())
}

async fn connect(url: &str) -> Outcome<Client> {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
    tokio::spawn(connection);
    Ok(client)
}
