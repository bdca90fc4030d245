//! Counts round trips: how often the client had to wait before it could go on.
//!
//! Counting changes of direction is wrong for a client that sends much without waiting, because answers to the first
//! messages arrive while the last ones leave. So each request gets a depth, as in a logical clock: one more than the
//! deepest answer the client had been given when it sent it. Ten requests one after the other have depths 1 to 10; ten
//! sent at once all have depth 1; ten sent with two on their way at any time end at 5. The deepest is the number of round
//! trips. It can only err upwards: a request may have been given a depth for an answer that it did not wait for.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What passed through so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Trips {
    /// The longest chain of requests that each came after the answer to the one before.
    pub round_trips: u64,
    /// Messages that the server answers: simple queries and Syncs.
    pub requests: u64,
}

impl Trips {
    pub fn since(self, before: Trips) -> Trips {
        Trips {
            round_trips: self.round_trips - before.round_trips,
            requests: self.requests - before.requests,
        }
    }
}

/// One counter for all connections of a proxy: a request on one may wait for an answer on another.
#[derive(Default)]
pub struct Counter(Mutex<State>);

#[derive(Default)]
struct State {
    trips: Trips,
    deepest_answer: u64,
}

/// One connection: answers come in the order of the requests.
pub struct Exchange {
    counter: Arc<Counter>,
    waiting: Mutex<VecDeque<u64>>,
}

impl Counter {
    pub fn trips(&self) -> Trips {
        held(&self.0).trips
    }

    pub fn exchange(self: &Arc<Counter>) -> Exchange {
        Exchange { counter: Arc::clone(self), waiting: Mutex::default() }
    }
}

impl Exchange {
    pub fn request(&self) {
        let mut state = held(&self.counter.0);
        let depth = state.deepest_answer + 1;
        state.trips.round_trips = state.trips.round_trips.max(depth);
        state.trips.requests += 1;
        held(&self.waiting).push_back(depth);
    }

    pub fn answer(&self) {
        let mut state = held(&self.counter.0);
        if let Some(depth) = held(&self.waiting).pop_front() {
            state.deepest_answer = state.deepest_answer.max(depth);
        }
    }
}

/// A counter is whole after every line that changes it, so a panic of another thread leaves nothing half done.
fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `q` is a request, `a` an answer.
    fn round_trips(what: &str) -> u64 {
        let counter = Arc::new(Counter::default());
        let exchange = counter.exchange();
        what.chars().for_each(|c| if c == 'q' { exchange.request() } else { exchange.answer() });
        counter.trips().round_trips
    }

    #[test]
    fn a_round_trip_is_a_wait() {
        for (what, expected) in
            [("", 0), ("q", 1), ("qaqaqa", 3), ("qqqaaa", 1), ("qqaqaqaqaa", 3), ("qqqaaqqaaa", 2)]
        {
            assert_eq!(round_trips(what), expected, "{what}");
        }
    }
}
