//! An instance of the service, as the story sees it: a process that is started, listened to, and ended.

use std::path::PathBuf;
use std::process::Stdio;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, ChildStdout, Command};
use tokio::sync::watch;

use super::measure::Record;
use super::service::Release;
use super::wire::Line;
use crate::error::Error;

/// What all instances told.
pub(super) type Ledger = Arc<Mutex<Record>>;

/// How far an instance is.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Stage {
    Boots,
    Serves,
    Refused(String),
    Ended,
}

/// A process of the service.
pub(super) struct Instance {
    pub(super) release: Release,
    pub(super) host: &'static str,
    process: Child,
    stage: watch::Receiver<Stage>,
}

/// The program beside this one.
fn program() -> Result<PathBuf, Error> {
    let own = std::env::current_exe();
    let own = own.map_err(|source| Error::Network { doing: "find order-service".to_owned(), source })?;
    // A test's program lies one folder deeper.
    let folders = own.ancestors().skip(1).take(2).map(|folder| folder.join("order-service"));
    let found = folders.into_iter().find(|path| path.is_file());
    found.ok_or_else(|| {
        Error::Story("order-service is not built: cargo build -p migrations-example".to_owned())
    })
}

pub(super) fn of(ledger: &Ledger) -> MutexGuard<'_, Record> {
    ledger.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Instance {
    /// Starts one; it boots.
    pub(super) fn start(
        url: &str,
        release: Release,
        host: &'static str,
        workers: usize,
        ledger: &Ledger,
    ) -> Result<Instance, Error> {
        let mut command = Command::new(program()?);
        command.args([release.number(), host, &workers.to_string()]).env("DATABASE_URL", url);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true);
        let starting = |source| Error::Network { doing: format!("start {host}"), source };
        let mut process = command.spawn().map_err(starting)?;
        let (tell, stage) = watch::channel(Stage::Boots);
        if let Some(told) = process.stdout.take() {
            tokio::spawn(listen(told, tell, host, Arc::clone(ledger)));
        }
        Ok(Instance { release, host, process, stage })
    }

    /// Waits until it serves; the words it was refused with otherwise.
    pub(super) async fn booted(&mut self) -> Result<Result<(), String>, Error> {
        let stage = self.stage.wait_for(|stage| *stage != Stage::Boots).await;
        match stage.map(|it| it.clone()) {
            Ok(Stage::Serves) => Ok(Ok(())),
            Ok(Stage::Refused(why)) => Ok(Err(why)),
            _ => Err(Error::Story(format!("{} ended while it booted", self.host))),
        }
    }

    /// Waits until it serves.
    pub(super) async fn serving(&mut self) -> Result<(), Error> {
        self.booted().await?.map_err(|why| Error::Story(format!("{} was refused: {why}", self.host)))
    }

    /// Ends it as an orchestrator does: what has begun is answered, then it leaves the fleet.
    pub(super) async fn stop(mut self) -> Result<(), Error> {
        drop(self.process.stdin.take());
        let ending = |source| Error::Network { doing: format!("end {}", self.host), source };
        self.process.wait().await.map_err(ending)?;
        Ok(())
    }
}

/// Writes down what an instance tells, until it ends.
async fn listen(told: ChildStdout, tell: watch::Sender<Stage>, host: &'static str, ledger: Ledger) {
    let mut lines = BufReader::new(told).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        match serde_json::from_str(&line) {
            Ok(Line::Listening(address)) => of(&ledger).listens(host, address),
            Ok(Line::Serving) => {
                tell.send_replace(Stage::Serves);
            }
            Ok(Line::Refused(why)) => {
                tell.send_replace(Stage::Refused(why));
            }
            Ok(Line::Load { micros, failed }) => of(&ledger).requests(Instant::now(), &micros, failed),
            Ok(Line::Applied(label, millis)) => of(&ledger).applied(host, label, millis),
            Ok(Line::Said(text)) => of(&ledger).said(host, text),
            Err(_) => of(&ledger).said(host, line),
        }
    }
    tell.send_if_modified(|stage| match stage {
        Stage::Boots | Stage::Serves => {
            *stage = Stage::Ended;
            true
        }
        Stage::Refused(_) | Stage::Ended => false,
    });
}
