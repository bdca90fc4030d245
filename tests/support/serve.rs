//! A service of the first release, in a process of its own: for tests that stop it and let it go on. Arguments: the address
//! of its database, and its lease in milliseconds. Joins, serves, and prints a line whenever what its queries come to, or
//! whether it may serve, is another thing than before. Ends when its input does.

use std::process::ExitCode;
use std::time::Duration;

use tokio::io::AsyncReadExt;
use upshift::{GatePolicy, Migrator};
use upshift_promises::{database, releases};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, url, lease] = arguments.as_slice() else {
        eprintln!("usage: serve URL LEASE_MS");
        return ExitCode::FAILURE;
    };
    let lease = Duration::from_millis(lease.parse().expect("a number of milliseconds"));
    let pool = database::pool(url, 2);
    let policy = GatePolicy { lease, heartbeat: lease / 10, ..releases::quick() };
    let migrator = Migrator::new(pool.clone(), releases::first())
        .service("orders", "1.0.0")
        .host("stopped")
        .gate(policy);
    let fleet = match migrator.join().await {
        Ok(fleet) => fleet,
        Err(error) => {
            println!("{error}");
            return ExitCode::FAILURE;
        }
    };
    let serving = async {
        let mut said = String::new();
        loop {
            let answer = match pool.get().await {
                Ok(client) => client.query_typed("select status from orders", &[]).await,
                Err(_) => continue,
            };
            let answer = answer.map_or_else(
                |error| error.as_db_error().map_or("lost".to_owned(), |it| it.message().to_owned()),
                |_| "serves".to_owned(),
            );
            let now = format!("{answer}; {}", fleet.fitness());
            if now != said {
                println!("{now}");
                said = now;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let mut input = tokio::io::stdin();
    let mut rest = Vec::new();
    tokio::select! {
        () = serving => {}
        _ = input.read_to_end(&mut rest) => {}
    }
    fleet.leave().await;
    ExitCode::SUCCESS
}
