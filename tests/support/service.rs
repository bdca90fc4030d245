//! Services that boot in processes of their own, as started and killed by a test.

use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::process::{Child, ChildStdout, Command};

/// A process of the program `boot` (support/boot.rs). Dropping it kills it.
#[derive(Debug)]
pub struct Service {
    process: Child,
    said: BufReader<ChildStdout>,
}

/// How a service's boot ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Booted {
    /// It applied so many steps, in this time.
    Ok {
        /// The steps.
        steps: usize,
        /// The time.
        took: Duration,
    },
    /// It was killed.
    Killed,
    /// It said this.
    Failed(String),
}

impl Service {
    /// Starts one, up to the moment before it boots. `program` is `env!("CARGO_BIN_EXE_boot")`, which cargo tells to
    /// tests alone.
    pub async fn start(program: &str, url: &str, wait: Duration) -> Service {
        let mut command = Command::new(program);
        command.arg(url).arg(wait.as_secs().to_string()).kill_on_drop(true);
        let mut process = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut said = BufReader::new(process.stdout.take().unwrap());
        let mut ready = String::new();
        said.read_line(&mut ready).await.unwrap();
        assert_eq!(ready, "ready\n");
        Service { process, said }
    }

    /// Lets it boot.
    pub fn go(&mut self) {
        drop(self.process.stdin.take());
    }

    /// Lets it boot, and waits for its end.
    pub async fn booted(mut self) -> Booted {
        self.go();
        let mut said = String::new();
        // The end of what it prints is its end, however it came.
        self.said.read_to_string(&mut said).await.unwrap();
        let status = self.process.wait().await.unwrap();
        let mut words = said.split_whitespace();
        match (status.code(), words.next(), words.next(), words.next()) {
            (None, ..) => Booted::Killed,
            (Some(0), Some("ok"), Some(steps), Some(took)) => Booted::Ok {
                steps: steps.parse().unwrap(),
                took: Duration::from_millis(took.parse().unwrap()),
            },
            _ => Booted::Failed(said),
        }
    }

    /// Lets it boot, and kills it with SIGKILL at this moment, unless it has ended by then.
    pub async fn killed_at(mut self, moment: impl Future<Output = ()>) -> Booted {
        self.go();
        tokio::select! {
            _ = self.process.wait() => {}
            () = moment => self.process.start_kill().unwrap(),
        }
        self.booted().await
    }
}
