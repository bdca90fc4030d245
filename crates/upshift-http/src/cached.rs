//! One look at a time, however many ask, and none while the last one is young.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::Mutex;

/// What came of a look: the value, or why there is none, in words.
pub(crate) type Looked<T> = Result<Arc<T>, Arc<str>>;

/// The last look, and whose turn it is.
#[derive(Debug)]
pub(crate) struct Cached<T> {
    last: Mutex<Option<Last<T>>>,
    /// How long a look counts.
    age: Duration,
}

#[derive(Debug)]
struct Last<T> {
    at: Instant,
    runs: u64,
    looked: Looked<T>,
}

impl<T> Cached<T> {
    pub(crate) fn new(age: Duration) -> Cached<T> {
        Cached { last: Mutex::new(None), age }
    }

    /// The last look while it counts, or else a new one. Who comes while somebody looks waits for what comes of it.
    ///
    /// It counts no longer where this process has migrated since: `runs` is how many of its runs have ended.
    ///
    /// A failure counts as long as a success: a database that refuses is not asked by everybody at once.
    ///
    /// # Cancel safety
    /// The next one who waits looks instead.
    pub(crate) async fn get(&self, runs: u64, look: impl Future<Output = Result<T, String>>) -> Looked<T> {
        let mut last = self.last.lock().await;
        if let Some(last) = last.as_ref()
            && last.runs >= runs
            && last.at.elapsed() < self.age
        {
            return last.looked.clone();
        }
        let looked = match look.await {
            Ok(value) => Ok(Arc::new(value)),
            Err(why) => Err(Arc::from(why)),
        };
        *last = Some(Last { at: Instant::now(), runs, looked: looked.clone() });
        looked
    }

    /// Lets the next one who asks look anew: something was changed.
    pub(crate) async fn forget(&self) {
        *self.last.lock().await = None;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    async fn count(looks: &AtomicUsize) -> Result<usize, String> {
        tokio::task::yield_now().await;
        Ok(looks.fetch_add(1, Ordering::SeqCst) + 1)
    }

    #[tokio::test]
    async fn many_who_ask_at_once_share_one_look() {
        let (cached, looks) = (Cached::new(Duration::from_secs(60)), AtomicUsize::new(0));
        let asked = (0..100).map(|_| cached.get(0, count(&looks)));
        let answers = futures_util::future::join_all(asked).await;
        assert!(answers.iter().all(|answer| answer.as_deref() == Ok(&1)));
        assert_eq!(looks.load(Ordering::SeqCst), 1);
    }

    #[tokio::test]
    async fn a_look_that_is_old_or_forgotten_is_made_anew() {
        let (old, looks) = (Cached::new(Duration::ZERO), AtomicUsize::new(0));
        assert_eq!(old.get(0, count(&looks)).await.as_deref(), Ok(&1));
        assert_eq!(old.get(0, count(&looks)).await.as_deref(), Ok(&2));
        let young = Cached::new(Duration::from_secs(60));
        assert_eq!(young.get(0, count(&looks)).await.as_deref(), Ok(&3));
        young.forget().await;
        assert_eq!(young.get(0, count(&looks)).await.as_deref(), Ok(&4));
    }

    #[tokio::test]
    async fn a_look_from_before_a_run_of_this_process_is_made_anew() {
        let (cached, looks) = (Cached::new(Duration::from_secs(60)), AtomicUsize::new(0));
        assert_eq!(cached.get(0, count(&looks)).await.as_deref(), Ok(&1));
        assert_eq!(cached.get(1, count(&looks)).await.as_deref(), Ok(&2));
        assert_eq!(cached.get(1, count(&looks)).await.as_deref(), Ok(&2));
        // Who asked before the run had ended, and waited, has a newer answer than was asked for.
        assert_eq!(cached.get(0, count(&looks)).await.as_deref(), Ok(&2));
    }

    #[tokio::test]
    async fn a_look_that_was_given_up_leaves_the_turn_to_the_next() {
        let cached: Cached<u8> = Cached::new(Duration::from_secs(60));
        let hanging = cached.get(0, std::future::pending());
        assert!(tokio::time::timeout(Duration::from_millis(1), hanging).await.is_err());
        assert_eq!(cached.get(0, async { Ok(7) }).await.as_deref(), Ok(&7));
    }

    #[tokio::test]
    async fn a_failure_counts_as_long_as_a_success() {
        let cached: Cached<u8> = Cached::new(Duration::from_secs(60));
        assert!(cached.get(0, async { Err("down".to_owned()) }).await.is_err());
        assert_eq!(cached.get(0, async { Ok(7) }).await.as_deref().map_err(AsRef::as_ref), Err("down"));
    }
}
