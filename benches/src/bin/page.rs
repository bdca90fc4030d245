//! What the answers of upshift-http cost with 1,000 migrations: first, when the database is looked at, and while the last
//! look counts.
//!
//! ```text
//! cargo run --release --bin page              1,000 migrations, 20 rounds
//! cargo run --release --bin page -- 100 5     100 migrations, 5 rounds
//! ```
//! The router is asked without a network, so the times are those of upshift and of PostgreSQL on this machine. Beside it
//! the floor: `select 1` on the same pool.

use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::Request;
use tower::ServiceExt as _;
use upshift::deadpool_postgres::{Config, Pool, Runtime};
use upshift::tokio_postgres::NoTls;
use upshift::{Migrator, Source, SourceFile};
use upshift_test::Server;

type Outcome<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

const PATHS: [&str; 5] = ["/livez", "/readyz", "/metrics", "/status.json", "/audit.json"];

#[tokio::main]
async fn main() -> Outcome<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |at: usize, usual| arguments.get(at).map_or(Ok(usual), |it| it.parse::<usize>());
    let (migrations, rounds) = (number(0, 1000)?, number(1, 20)?);
    let server = Server::start()?;
    let mut config = Config::new();
    config.url = Some(server.url("postgres"));
    let pool = config.create_pool(Some(Runtime::Tokio1), NoTls)?;
    let file =
        |n: usize| SourceFile::new(format!("{n}_t{n:04}.sql"), format!("create table t{n:04} (id bigint);"));
    let source = Source::files((1..=migrations).map(file));
    let migrator = Migrator::new(pool.clone(), source).service("orders", "1.4.2");
    migrator.run().await?;

    println!("{migrations} migrations; {rounds} rounds; ms, median (min–max)\n");
    println!("| all applied | looked | again within a second | bytes |\n|---|---|---|---|");
    answers(&migrator, rounds).await?;
    // A service that waits to drop something: what there is to do is to be found out.
    let drop = "-- upshift: phase contract\ndrop table t0001;\n";
    let contract = SourceFile::new(format!("{}_drop.sql", migrations + 1), drop);
    let source = Source::files((1..=migrations).map(file)).with_files([contract]);
    let waiting = Migrator::new(pool.clone(), source).service("orders", "1.5.0");
    waiting.run().await?;
    println!("\n| a contract waits | looked | again within a second | bytes |\n|---|---|---|---|");
    answers(&waiting, rounds).await?;
    println!("\n`select 1`: {}", shown(&mut floor(&pool, rounds).await?));
    Ok(())
}

async fn answers(migrator: &Migrator, rounds: usize) -> Outcome<()> {
    for path in PATHS {
        let (mut looked, mut again, mut bytes) = (Vec::new(), Vec::new(), 0);
        for _ in 0..rounds {
            // A router of its own has looked at nothing yet.
            let router = upshift_http::router(migrator.clone());
            let (took, size) = asked(&router, path).await?;
            looked.push(took);
            again.push(asked(&router, path).await?.0);
            bytes = size;
        }
        println!("| `{path}` | {} | {} | {bytes} |", shown(&mut looked), shown(&mut again));
    }
    Ok(())
}

async fn asked(router: &Router, path: &str) -> Outcome<(Duration, usize)> {
    let began = Instant::now();
    let answer = router.clone().oneshot(Request::get(path).body(Body::empty())?).await?;
    if !answer.status().is_success() {
        return Err(format!("{path}: {}", answer.status()).into());
    }
    let size = to_bytes(answer.into_body(), usize::MAX).await?.len();
    Ok((began.elapsed(), size))
}

async fn floor(pool: &Pool, rounds: usize) -> Outcome<Vec<Duration>> {
    let mut times = Vec::new();
    for _ in 0..rounds {
        let began = Instant::now();
        pool.get().await?.query_typed("select 1", &[]).await?;
        times.push(began.elapsed());
    }
    Ok(times)
}

fn shown(times: &mut [Duration]) -> String {
    times.sort_unstable();
    let ms = |at: usize| times.get(at).map_or(0.0, |it| it.as_secs_f64() * 1000.0);
    format!("{:.2} ({:.2}–{:.2})", ms(times.len() / 2), ms(0), ms(times.len().saturating_sub(1)))
}
