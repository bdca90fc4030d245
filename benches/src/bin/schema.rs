//! A schema snapshot beside `pg_dump --schema-only` of the same database, in turns.
//!
//! ```text
//! cargo run --release --bin schema                 2,000 tables with 10 columns and 3 indexes, 7 rounds
//! cargo run --release --bin schema -- 200 3        200 tables, 3 rounds
//! ```
//! A snapshot is read, sorted and ready to be compared; its text and fingerprint, and the diff of two, are told apart.

use std::time::{Duration, Instant};

use tokio_postgres::{Client, NoTls};
use upshift_schema::{Filter, Snapshot, SnapshotReader};
use upshift_test::Server;

type Outcome<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

#[tokio::main]
async fn main() -> Outcome<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |at: usize, usual| arguments.get(at).map_or(Ok(usual), |it| it.parse::<usize>());
    let (tables, rounds) = (number(0, 2000)?, number(1, 7)?);
    let server = Server::start()?;
    let pg_dump = server.program("pg_dump").ok_or("pg_dump is not beside the server's programs")?;
    let url = server.url("postgres");
    fill(&connect(&url).await?, tables).await?;

    let client = connect(&url).await?;
    let reader = SnapshotReader::new(connect(&url).await?, Filter::new()).await?;
    let mut times: [Vec<Duration>; 6] = Default::default();
    let mut facts = 0;
    for _ in 0..rounds {
        let began = Instant::now();
        let fresh = connect(&url).await?;
        Snapshot::read(&fresh, &Filter::new()).await?;
        times[0].push(began.elapsed());

        let began = Instant::now();
        let one = Snapshot::read(&client, &Filter::new()).await?;
        times[1].push(began.elapsed());

        let began = Instant::now();
        let other = reader.read().await?;
        times[2].push(began.elapsed());

        let began = Instant::now();
        let fingerprint = one.fingerprint();
        times[3].push(began.elapsed());

        let began = Instant::now();
        let diff = one.diff(&other);
        times[4].push(began.elapsed());

        let began = Instant::now();
        let dumped = std::process::Command::new(&pg_dump).arg("--schema-only").arg(&url).output()?;
        times[5].push(began.elapsed());
        if !dumped.status.success() || !diff.is_empty() || fingerprint != other.fingerprint() {
            return Err("the snapshots differ, or pg_dump failed".into());
        }
        facts = one.facts().len();
    }
    println!(
        "{tables} tables, {facts} facts, {rounds} rounds\n\n| | ms, median (min–max) | × pg_dump |\n|---|---|---|"
    );
    let dump = median(&mut times[5]);
    let names =
        ["snapshot, new connection", "snapshot, warm", "snapshot, reader", "fingerprint", "diff", "pg_dump"];
    for (name, times) in names.iter().zip(&mut times) {
        let (middle, ms) = (median(times), |at: Duration| at.as_secs_f64() * 1000.0);
        let (least, most) = (ms(times[0]), ms(times[times.len() - 1]));
        println!("| {name} | {:.0} ({least:.0}–{most:.0}) | {:.2} |", ms(middle), ms(middle) / ms(dump));
    }
    Ok(())
}

/// Ten columns with defaults, an identity, a check and three indexes beside the primary key, one of them partial and over an
/// expression.
async fn fill(client: &Client, tables: usize) -> Outcome<()> {
    for first in (0..tables).step_by(100) {
        let sql = (first..tables.min(first + 100)).map(|n| {
            format!(
                "create table t{n} (id bigint generated always as identity primary key, name text not null default 'x', \
                size integer, price numeric(10, 2), at timestamptz default now(), done boolean, code varchar(50), \
                more jsonb, day date, note text check (length(note) < 100));\n\
                create index on t{n} (name);\ncreate index on t{n} (size, at);\n\
                create unique index on t{n} (lower(code)) where done;\n"
            )
        });
        client.batch_execute(&sql.collect::<String>()).await?;
    }
    Ok(())
}

async fn connect(url: &str) -> Outcome<Client> {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
    tokio::spawn(connection);
    Ok(client)
}

/// Leaves the times sorted.
fn median(times: &mut [Duration]) -> Duration {
    times.sort();
    times[times.len() / 2]
}
