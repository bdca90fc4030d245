//! Pauses between attempts: growing, never in step with the others.

use std::hash::{BuildHasher, RandomState};
use std::time::{Duration, Instant};

/// A limit on trying again: pauses that grow from the first to the longest, until the budget is used up.
#[derive(Debug)]
pub(crate) struct Backoff {
    began: Instant,
    budget: Duration,
    next: Duration,
    longest: Duration,
}

impl Backoff {
    pub(crate) fn new(budget: Duration, first: Duration, longest: Duration) -> Backoff {
        Backoff { began: Instant::now(), budget, next: first, longest }
    }

    /// The pause before the next attempt, with jitter; `None` when the budget is used up.
    pub(crate) fn pause(&mut self) -> Option<Duration> {
        let left = self.budget.checked_sub(self.began.elapsed()).filter(|left| !left.is_zero())?;
        let pause = self.next.mul_f64(0.5 + random() / 2.0);
        self.next = (self.next * 2).min(self.longest);
        Some(pause.min(left))
    }

    pub(crate) fn elapsed(&self) -> Duration {
        self.began.elapsed()
    }
}

/// A number from 0 to 1. The standard library seeds its hash maps from the system's randomness, and that is enough to
/// keep replicas from waking up together.
fn random() -> f64 {
    (random_bits() >> 11) as f64 / (1_u64 << 53) as f64
}

/// 64 random bits, from the same source.
pub(crate) fn random_bits() -> u64 {
    RandomState::new().hash_one(0_u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_the_longest_and_end_with_the_budget() {
        let ms = Duration::from_millis;
        let mut backoff = Backoff::new(Duration::from_secs(60), ms(10), ms(100));
        for longest in [10, 20, 40, 80, 100, 100] {
            let pause = backoff.pause().unwrap();
            assert!(pause >= ms(longest) / 2 && pause <= ms(longest), "{pause:?} of {longest}");
        }
        assert_eq!(Backoff::new(Duration::ZERO, ms(10), ms(100)).pause(), None);
    }
}
