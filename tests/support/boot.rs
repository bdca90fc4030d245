//! A service that boots, in a process of its own: for tests that kill it. Arguments: the address of the database, and how
//! many seconds it waits for another migrator. Prints `ready` and boots when its input ends, so that many can at once.
//! Then prints `ok`, the steps it applied and how many milliseconds it took, or the error; ends with 0 or 1.

use std::io::Read;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use upshift::{LockPolicy, Migrator};
use upshift_promises::{database, mixed};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, url, wait] = arguments.as_slice() else {
        eprintln!("usage: boot URL SECONDS");
        return ExitCode::FAILURE;
    };
    let wait = Duration::from_secs(wait.parse().expect("a number of seconds"));
    let migrator = Migrator::new(database::pool(url, 2), mixed::mixed()).lock(LockPolicy { wait });
    println!("ready");
    std::io::stdin().read_to_end(&mut Vec::new()).expect("an input that ends");
    let began = Instant::now();
    match migrator.run().await {
        Ok(report) => {
            println!("ok {} {}", report.steps.len(), began.elapsed().as_millis());
            ExitCode::SUCCESS
        }
        Err(error) => {
            println!("{}", error.render());
            ExitCode::FAILURE
        }
    }
}
