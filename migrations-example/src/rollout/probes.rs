//! What an orchestrator hears of each instance: `/livez` and `/readyz`, asked all the time.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::task::JoinHandle;

use super::instance::{Ledger, of};
use crate::caller::Caller;
use crate::error::Error;

/// Between two rounds.
const EVERY: Duration = Duration::from_millis(100);

/// Somebody who asks all the time; ends with this value.
pub(super) struct Probes {
    heard: Arc<Mutex<Vec<Heard>>>,
    asking: JoinHandle<()>,
}

/// What an instance answered from then on, until its next row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Heard {
    /// Since the first round.
    pub(super) at: Duration,
    pub(super) host: &'static str,
    pub(super) said: Said,
}

/// An answer to both probes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Said {
    /// It is there: the two status codes, and what readiness says in a word.
    Here { live: u16, ready: u16, word: String },
    /// Nobody answers: it has ended.
    Gone,
}

impl Said {
    fn is_ready(&self) -> bool {
        matches!(self, Said::Here { ready: 200, .. })
    }

    /// It has ended, or has said goodbye to its fleet and is about to.
    fn is_an_end(&self) -> bool {
        matches!(self, Said::Gone) || matches!(self, Said::Here { word, .. } if word == "not-joined")
    }
}

impl Probes {
    /// Begins to ask every instance that this ledger knows.
    pub(super) fn begin(ledger: &Ledger) -> Probes {
        let heard: Arc<Mutex<Vec<Heard>>> = Arc::default();
        let (told, ledger) = (Arc::clone(&heard), Arc::clone(ledger));
        let asking = tokio::spawn(async move {
            let began = Instant::now();
            loop {
                let known = of(&ledger).listening();
                for (host, address) in known {
                    let at = began.elapsed();
                    let said = ask(Caller { address, shop: "" }).await;
                    let mut heard = told.lock().unwrap_or_else(PoisonError::into_inner);
                    let last = heard.iter().rev().find(|it| it.host == host).map(|it| &it.said);
                    if last != Some(&said) && !(last.is_none() && said == Said::Gone) {
                        heard.push(Heard { at, host, said });
                    }
                }
                tokio::time::sleep(EVERY).await;
            }
        });
        Probes { heard, asking }
    }

    /// All that was heard, in order.
    pub(super) fn heard(&self) -> Vec<Heard> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for Probes {
    fn drop(&mut self) {
        self.asking.abort();
    }
}

/// One round with one instance; what lies between its end and ours is an end.
async fn ask(caller: Caller) -> Said {
    let asked = async { Ok::<_, Error>((caller.status("/livez").await?, caller.get("/readyz").await?)) };
    let Ok((live, ready)) = asked.await else { return Said::Gone };
    let word = |part: &str| ready.body[part]["is"].as_str().map(str::to_owned);
    let unfit = |part: &&str| ready.body[*part]["fit"] == false;
    let why = ["health", "fleet"].into_iter().find(unfit).and_then(word).or_else(|| word("health"));
    Said::Here { live, ready: ready.status, word: why.unwrap_or_default() }
}

/// What must be so of it: whoever is there is alive; whoever is ready once stays so until it leaves.
pub(super) fn wrong(heard: &[Heard]) -> Option<String> {
    for it in heard {
        if let Said::Here { live, .. } = it.said
            && live != 200
        {
            return Some(format!("/livez of {} answered {live}", it.host));
        }
        let earlier = heard.iter().filter(|other| other.host == it.host && other.at < it.at);
        if !it.said.is_ready() && !it.said.is_an_end() && earlier.clone().any(|it| it.said.is_ready()) {
            return Some(format!("{} was ready, and then {:?}", it.host, it.said));
        }
    }
    None
}
