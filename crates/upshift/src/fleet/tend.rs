//! The task of a fleet handle: heartbeats and duties side by side, until the handle is dropped.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{join, select};
use tokio::sync::oneshot;
use tokio::time::{MissedTickBehavior, interval, sleep};

use super::Inner;
use super::duty::Did;
use crate::event::Event;

/// The longest rest after what was to be done has failed.
const LONGEST_REST: Duration = Duration::from_secs(300);

pub(super) async fn tend(inner: Arc<Inner>, stopped: oneshot::Receiver<()>) {
    let work = join(inner.beats(), inner.duties());
    // Dropping the work in the middle is as good as losing the connection: whatever it was, somebody goes on with it.
    select(stopped, std::pin::pin!(work)).await;
    inner.say_goodbye().await;
}

impl Inner {
    async fn beats(&self) {
        let mut beats = interval(self.policy().heartbeat.max(Duration::from_millis(1)));
        beats.set_missed_tick_behavior(MissedTickBehavior::Delay);
        // The first is at once, and the registration was one.
        beats.tick().await;
        loop {
            beats.tick().await;
            if let Err(cause) = self.beat().await {
                tracing::warn!(id = self.id, %cause, "no heartbeat");
            }
        }
    }

    async fn duties(&self) {
        let heartbeat = self.policy().heartbeat;
        let mut rest = heartbeat;
        loop {
            match self.duty().await {
                // There may be more.
                Ok(Did::Contracted { .. } | Did::Backfilled { .. }) => rest = Duration::ZERO,
                Ok(Did::Nothing | Did::Held { .. } | Did::Waited(_)) => rest = heartbeat,
                Err(error) => {
                    rest = rest.saturating_mul(2).clamp(heartbeat, LONGEST_REST.max(heartbeat));
                    let why = error.in_one_line();
                    tracing::error!(
                        id = self.id,
                        why,
                        "a backfill or a contract failed; tried again in {rest:?}"
                    );
                    self.migrator.context.tell(&Event::DutyFailed { why: &why, pause: rest });
                }
            }
            sleep(rest).await;
        }
    }
}
