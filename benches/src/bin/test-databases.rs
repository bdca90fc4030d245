//! A suite of tests, each with a database of its own: `upshift_test` beside `sqlx::test` and beside the bare copy of a
//! template, on one server.
//!
//! ```text
//! cargo run --release --bin test-databases                     200 tests on 2 threads, 50 tables
//! cargo run --release --bin test-databases -- 40 2 50 0,20     40 tests, 2 threads, 50 tables, bodies of 0 and 20 ms
//! ```
//! What is measured is the wait for a database: until the first query on it is answered, on a new connection. A body is
//! inserts, one after the other, for as long as it is said to take.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::testing::{TestArgs, TestSupport};
use sqlx::{AssertSqlSafe, Connection, PgConnection, Postgres, SqlSafeStr};
use tokio_postgres::{Client, NoTls};
use upshift::{Source, SourceFile};
use upshift_test::{Isolation, Server, TestDatabase};

type Outcome<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// How much.
#[derive(Debug, Clone)]
struct Suite {
    tests: usize,
    threads: usize,
    tables: usize,
    bodies: Vec<u64>,
}

fn main() -> Outcome<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |at: usize, usual| arguments.get(at).map_or(Ok(usual), |it| it.parse::<usize>());
    let bodies = arguments.get(3).map_or("0,20,50,100", String::as_str);
    let suite = Suite {
        tests: number(0, 200)?,
        threads: number(1, 2)?,
        tables: number(2, 50)?,
        bodies: bodies.split(',').map(str::parse).collect::<Result<_, _>>()?,
    };
    if std::env::var_os("DATABASE_URL").is_some() {
        return compare(&suite);
    }
    // sqlx takes the server from the environment, which a program cannot change safely for itself.
    let server = Server::start()?;
    let status = std::process::Command::new(std::env::current_exe()?)
        .args(&arguments)
        .env("DATABASE_URL", server.url("postgres"))
        .status()?;
    if status.success() { Ok(()) } else { Err("the measuring program failed".into()) }
}

fn compare(suite: &Suite) -> Outcome<()> {
    println!("{} tests on {} threads, {} tables", suite.tests, suite.threads, suite.tables);
    println!("\n| | body, ms | wait, ms: median (p90, max) | whole suite, s |\n|---|---|---|---|");
    // For as long as the program runs, as a constant would be.
    let all: &'static Sources = Box::leak(Box::new(Sources::new(suite.tables)));
    for body in &suite.bodies {
        let body = Duration::from_millis(*body);
        run("bare copy of a template", suite, body, move |at| all.bare(at, body))?;
        run("upshift_test", suite, body, move |_| all.upshift(Isolation::Database, body))?;
        run("upshift_test, rollback", suite, body, move |_| all.upshift(Isolation::Rollback, body))?;
        run("sqlx::test", suite, body, move |at| all.sqlx(at, body))?;
    }
    Ok(())
}

/// Runs a suite as `cargo test` does: threads take one test after the other, each with a runtime of its own.
fn run<F>(name: &str, suite: &Suite, body: Duration, test: impl Fn(usize) -> F + Sync) -> Outcome<()>
where
    F: Future<Output = Outcome<Duration>>,
{
    let next = AtomicUsize::new(0);
    let waits = Mutex::new(Vec::new());
    let failure = Mutex::new(None);
    let began = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..suite.threads {
            scope.spawn(|| {
                loop {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    if at >= suite.tests {
                        return;
                    }
                    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
                    match runtime.map_err(Into::into).and_then(|runtime| runtime.block_on(test(at))) {
                        Ok(wait) => waits.lock().unwrap().push(wait),
                        Err(error) => *failure.lock().unwrap() = Some(error),
                    }
                }
            });
        }
    });
    let took = began.elapsed();
    if let Some(failure) = failure.into_inner().unwrap() {
        return Err(failure);
    }
    let mut waits = waits.into_inner().unwrap();
    waits.sort();
    let ms = |share: f64| {
        let at = ((waits.len() - 1) as f64 * share) as usize;
        waits[at].as_secs_f64() * 1e3
    };
    println!(
        "| {name} | {} | {:.1} ({:.1}, {:.0}) | {:.2} |",
        body.as_millis(),
        ms(0.5),
        ms(0.9),
        ms(1.0),
        took.as_secs_f64()
    );
    Ok(())
}

/// The same migrations for all.
struct Sources {
    upshift: Source,
    sqlx: &'static Migrator,
    template: tokio::sync::Mutex<bool>,
    files: Vec<(i64, String)>,
}

impl Sources {
    fn new(tables: usize) -> Sources {
        let sql = |n: usize| {
            format!(
                "create table t{n:03} (id bigint generated always as identity primary key, name text not null, \
                 made_at timestamptz not null default now()); create index t{n:03}_name on t{n:03} (name);"
            )
        };
        let files: Vec<(i64, String)> = (1..=tables).map(|n| (n as i64, sql(n))).collect();
        let upshift = Source::files(
            files.iter().map(|(n, sql)| SourceFile::new(format!("{n}_t{n:03}.sql"), sql.clone())),
        );
        let migration = |(n, sql): &(i64, String)| {
            let sql = AssertSqlSafe(sql.clone()).into_sql_str();
            Migration::new(*n, format!("t{n:03}").into(), MigrationType::Simple, sql, false)
        };
        let sqlx = Box::leak(Box::new(Migrator::with_migrations(files.iter().map(migration).collect())));
        Sources { upshift, sqlx, template: tokio::sync::Mutex::new(false), files }
    }

    async fn upshift(&'static self, isolation: Isolation, body: Duration) -> Outcome<Duration> {
        let began = Instant::now();
        let db = TestDatabase::builder(&self.upshift).isolation(isolation).create().await?;
        let client = db.client().await?;
        client.batch_execute("select 1").await?;
        let wait = began.elapsed();
        work(&client, body).await?;
        Ok(wait)
    }

    async fn sqlx(&'static self, at: usize, body: Duration) -> Outcome<Duration> {
        let path: &'static str = Box::leak(format!("bench::test_{at}_{}", body.as_millis()).into_boxed_str());
        let began = Instant::now();
        // What the attribute does (sqlx-core, testing::run_test), a pool's connection apart.
        let args = TestArgs { test_path: path, migrator: Some(self.sqlx), fixtures: &[] };
        let context = Postgres::test_context(&args).await?;
        let mut connection = PgConnection::connect_with(&context.connect_opts).await?;
        self.sqlx.run_direct(None, &mut connection, false).await?;
        connection.close().await?;
        let url = on(&std::env::var("DATABASE_URL")?, &context.db_name);
        let client = connect(&url).await?;
        client.batch_execute("select 1").await?;
        let wait = began.elapsed();
        work(&client, body).await?;
        close(client).await;
        Postgres::cleanup_test(&context.db_name).await?;
        Ok(wait)
    }

    async fn bare(&'static self, at: usize, body: Duration) -> Outcome<Duration> {
        let url = std::env::var("DATABASE_URL")?;
        {
            let mut made = self.template.lock().await;
            if !*made {
                connect(&url).await?.batch_execute("create database bare_template").await?;
                let client = connect(&on(&url, "bare_template")).await?;
                for (_, sql) in &self.files {
                    client.batch_execute(sql).await?;
                }
                close(client).await;
                *made = true;
            }
        }
        let name = format!("bare_{at}_{}", body.as_millis());
        let began = Instant::now();
        let admin = connect(&url).await?;
        admin.batch_execute(&format!("create database {name} template bare_template")).await?;
        let client = connect(&on(&url, &name)).await?;
        client.batch_execute("select 1").await?;
        let wait = began.elapsed();
        work(&client, body).await?;
        close(client).await;
        admin.batch_execute(&format!("drop database {name} with (force)")).await?;
        Ok(wait)
    }
}

async fn work(client: &Client, body: Duration) -> Outcome<()> {
    let began = Instant::now();
    while began.elapsed() < body {
        client.batch_execute("insert into t001 (name) values ('x')").await?;
    }
    Ok(())
}

/// The same server's other database.
fn on(url: &str, database: &str) -> String {
    let (server, _) = url.rsplit_once('/').unwrap_or((url, ""));
    format!("{server}/{database}")
}

async fn connect(url: &str) -> Outcome<Client> {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
    tokio::spawn(connection);
    Ok(client)
}

/// Its session has ended when the runtime has sent the end; the server needs a moment more.
async fn close(client: Client) {
    drop(client);
    tokio::task::yield_now().await;
}
