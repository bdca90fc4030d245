//! Waiting for something outside this program, never longer than a limit.

use std::thread;
use std::time::{Duration, Instant};

/// Short against what is waited for (tens of milliseconds), long against the cost of one look.
const PAUSE: Duration = Duration::from_millis(1);

/// Looks until `look` finds something, fails, or `limit` is used up (`None`).
pub(crate) fn until<T, E>(
    limit: Duration,
    mut look: impl FnMut() -> Result<Option<T>, E>,
) -> Result<Option<T>, E> {
    let started = Instant::now();
    loop {
        if let Some(found) = look()? {
            return Ok(Some(found));
        }
        if started.elapsed() >= limit {
            return Ok(None);
        }
        thread::sleep(PAUSE);
    }
}
